"""Iter8's ConfigMaps: which variants of an application are there decides its routes."""
