"""``HTTPRoute.spec.parentRefs[]``: what a route wants to be attached to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.forms import (
    group_name,
    kind_name,
    namespace_name,
    object_name,
    port_number,
    section_name,
)
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import GATEWAY_GROUP, ObjectKey
from shadowgate.plugin.checks import gateway_api

_SERVICE: Final = "Service"


@frozen
class ParentRef:
    """A Gateway, one listener of it by name or port, or a Service whose clients the route is for."""

    group: str | None = field(default=None, validator=group_name)
    kind: str = field(default="Gateway", validator=kind_name)
    namespace: str | None = field(default=None, validator=namespace_name)
    name: str = field(kw_only=True, validator=object_name)
    section_name: str | None = field(default=None, validator=section_name)
    port: int | None = field(default=None, validator=port_number)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, namespace: str) -> model.ParentReference:
        # No Service is in the API's own group, and who leaves the group out means the one there is.
        own = "" if self.kind == _SERVICE else GATEWAY_GROUP
        key = ObjectKey(own if self.group is None else self.group, self.kind, self.namespace or namespace, self.name)
        return model.ParentReference(key, self.section_name or "", self.port, self.position)


def translate_parents(parents: Sequence[ParentRef], scope: Scope) -> Iterator[model.ParentReference]:
    """Yield the references; those to one parent are told apart by section and port, in the same way for all."""
    seen: dict[ObjectKey, list[model.ParentReference]] = {}
    for index, each in enumerate(parents):
        parent = each.translate(scope.namespace)
        inner = scope.inside(f"[{index}]")
        others = seen.setdefault(parent.key, [])
        if any((parent.section, parent.port) == (other.section, other.port) for other in others):
            message = f"{parent.key} is a parent already, with the same sectionName and port"
            inner.error(message, each.position, check=gateway_api.REPEATED)
        elif any(_said(parent) != _said(other) for other in others):
            message = f"{parent.key} is a parent already; all references to it have a sectionName or port, or none has"
            inner.error(message, each.position, check=gateway_api.REPEATED)
        others.append(parent)
        yield parent


def _said(parent: model.ParentReference) -> tuple[bool, bool]:
    return bool(parent.section), parent.port is not None
