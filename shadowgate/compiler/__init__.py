"""Turns a configuration into a snapshot: everything that can be decided before a request comes is decided here."""
