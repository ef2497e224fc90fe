"""Fields of Istio's API that are known here and have no effect yet.

A schema class declares such a field as a ``Node`` with one of the marks below for its metadata;
:func:`report_unserved` tells the writer of each one used.  To serve a field, give it its type and take the mark away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from shadowgate.bundled.dialects.scope import Scope

_MARK: Final = "shadowgate_unserved"

UNSERVED: Mapping[str, Any] = {_MARK: "warning"}
"""Requests go where they should, but something that was asked for is not done."""

UNSUPPORTED: Mapping[str, Any] = {_MARK: "error"}
"""To pass it over would send requests somewhere that nobody asked for."""

WITHOUT_EFFECT: Mapping[str, Any] = {_MARK: "info"}
"""It means something to a mesh and nothing to a gateway's requests."""


def report_unserved(value: attrs.AttrsInstance, scope: Scope) -> None:
    """Report every marked field that ``value`` was given."""
    for attribute in attrs.fields(type(value)):
        severity = attribute.metadata.get(_MARK)
        node = getattr(value, attribute.name) if severity else None
        if node is None:
            continue
        first, *rest = attribute.name.split("_")
        key = first + "".join(word.capitalize() for word in rest)
        what = "is not supported yet" if severity == "error" else "is not served yet and has no effect"
        scope.inside(key).add(severity, f"{key} {what}", node.position)
