"""Retry policies: whether a request is tried again, and when."""
