"""Generators: documents made out of documents."""
