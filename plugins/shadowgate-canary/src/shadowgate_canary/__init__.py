"""Plugins for ShadowGate that help to bring a new version out; see README.md."""
