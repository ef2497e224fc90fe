"""Dialects: what the documents of each language of configuration mean."""
