"""Mirror policies: which requests are shadowed."""
