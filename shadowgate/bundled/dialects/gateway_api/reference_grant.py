"""ReferenceGrant: who may refer to objects of its namespace from another one."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.forms import group_name, kind_name, namespace_name, object_name, some
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.plugin import Document


@frozen
class ReferenceGrantFrom:
    """``from[]``."""

    group: str = field(validator=group_name)
    kind: str = field(validator=kind_name)
    namespace: str = field(validator=namespace_name)


@frozen
class ReferenceGrantTo:
    """``to[]``; without a name it is every object of the kind."""

    group: str = field(validator=group_name)
    kind: str = field(validator=kind_name)
    name: str | None = field(default=None, validator=object_name)


@frozen
class ReferenceGrant:
    """What stands below ``spec``."""

    from_: tuple[ReferenceGrantFrom, ...] = field(validator=some(16, "items in from"))
    to: tuple[ReferenceGrantTo, ...] = field(validator=some(16, "items in to"))

    def translate(self, document: Document, scope: Scope) -> Iterator[model.ReferenceGrant]:
        yield model.ReferenceGrant(
            document.name,
            scope.namespace,
            tuple(model.Grantee(each.group, each.kind, each.namespace) for each in self.from_),
            tuple(model.GrantTarget(each.group, each.kind, each.name or "") for each in self.to),
            scope.document,
        )
