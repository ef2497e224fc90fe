"""The components that come with ShadowGate, one file each.

They are declared and loaded as a third party's are, and import what a third party may: plugin, http, model, errors.
"""
