"""Matchers: conditions on a request."""
