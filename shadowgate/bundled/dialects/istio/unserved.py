"""Fields of Istio's API that are known here and have no effect yet.

A schema class declares such a field as a ``Node`` with one of the marks below for its metadata;
:func:`report_unserved` tells the writer of each one used.  To serve a field, give it its type and take the mark away.
Where a field has both, whoever reads it tells of it, and the mark is for the reference alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Scalar, Sequence
from shadowgate.plugin.checks import istio_routing

_MARK: Final = "shadowgate_unserved"

UNSERVED: Mapping[str, Any] = {_MARK: "warning"}
"""Requests go where they should, but something that was asked for is not done."""

UNSUPPORTED: Mapping[str, Any] = {_MARK: "error"}
"""To pass it over would send requests somewhere that nobody asked for."""

WITHOUT_EFFECT: Mapping[str, Any] = {_MARK: "info"}
"""It means something to a mesh and nothing to a gateway's requests."""

_SENTENCES: Mapping[str, str] = {
    "error": "is not supported yet",
    "warning": "is not served yet and has no effect",
    "info": "means nothing to a gateway",
}


def report_unserved(value: attrs.AttrsInstance, scope: Scope) -> None:
    """Report every marked field that ``value`` was given and keeps as it was written."""
    for attribute in attrs.fields(type(value)):
        severity = attribute.metadata.get(_MARK)
        node = getattr(value, attribute.name)
        if severity not in _SENTENCES or not isinstance(node, Scalar | Sequence | MappingNode):
            continue
        first, *rest = attribute.name.split("_")
        key = first + "".join(word.capitalize() for word in rest)
        what = _SENTENCES[severity]
        check = istio_routing.NO_EFFECT if severity == "info" else istio_routing.NOT_SERVED
        scope.inside(key).add(severity, f"{key} {what}", node.position, check=check)
