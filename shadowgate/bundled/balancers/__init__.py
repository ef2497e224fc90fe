"""Balancers: choices among endpoints, and among a rule's destinations."""
