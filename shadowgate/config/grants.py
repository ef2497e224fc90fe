"""Who may refer to objects of another namespace (ReferenceGrant).

A grant stands in the namespace that is referred to.  One grant has to name both sides: from whom and to what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from shadowgate.model import Grantee, GrantTarget, ObjectKey, ReferenceGrant


@frozen
class Grants:
    """All grants, by the namespace that they open."""

    by_namespace: Mapping[str, Sequence[ReferenceGrant]]

    @classmethod
    def of(cls, grants: Iterable[ReferenceGrant]) -> Grants:
        found: dict[str, list[ReferenceGrant]] = {}
        for grant in grants:
            found.setdefault(grant.namespace, []).append(grant)
        return cls(found)

    def allow(self, source: Grantee, target: ObjectKey) -> bool:
        """Return whether objects like ``source`` may refer to ``target``; within a namespace everything may."""
        return source.namespace == target.namespace or any(
            source in grant.sources and any(_means(each, target) for each in grant.targets)
            for grant in self.by_namespace.get(target.namespace, ())
        )


def _means(said: GrantTarget, target: ObjectKey) -> bool:
    return (said.group, said.kind) == (target.group, target.kind) and said.name in ("", target.name)
