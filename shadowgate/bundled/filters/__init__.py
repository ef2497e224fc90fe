"""Filters: what is done to requests and responses."""
