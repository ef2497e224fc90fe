"""Where something runs, by the labels that Kubernetes and Istio have for it: ``region/zone/subzone``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ISTIO: Final = "istio-locality"
"""Istio's own label: with dots, because a label cannot have slashes."""
_PLACES: Final = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone")


def locality_of(labels: Mapping[str, str], zone: str = "") -> str:
    """Return the locality, empty where nothing says it; of a zone alone the region stays empty."""
    if labels.get(_ISTIO):
        return labels[_ISTIO].replace(".", "/", 2)
    region, labelled, subzone = (labels.get(key, "") for key in _PLACES)
    return "/".join((region, zone or labelled, subzone)).rstrip("/")
