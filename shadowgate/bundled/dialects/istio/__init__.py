"""Istio's networking API as a dialect: one module for each kind, and the values that they share."""

from shadowgate.bundled.dialects.istio.dialect import IstioDialect

__all__ = ["IstioDialect"]
