"""What a request changes in the store: decided from the objects there and elsewhere, with nothing done yet.

An object gets what an API server adds: ``creationTimestamp``, and a ``generation`` that counts the changes of ``spec``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from attrs import frozen

from shadowgate.config.clashes import STORE, key_of
from shadowgate.errors import Problem
from shadowgate.model.gateways import GATEWAY_GROUP, ObjectKey
from shadowgate.objects.kinds import quoted
from shadowgate.objects.places import Places
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.request import Wanted, with_entry, with_node
from shadowgate.objects.writing import in_order, plain
from shadowgate.plugin import Document, Report
from shadowgate.plugin.checks import objects as checks
from shadowgate.plugin.documents import Mapping as Tree

Outcome = Literal["created", "configured", "unchanged", "deleted"]

CREATED: Final = "creationTimestamp"
GENERATION: Final = "generation"
SERVERS_OWN: Final = frozenset({CREATED, GENERATION, "resourceVersion", "uid", "selfLink", "managedFields"})
"""What is not the writer's to say, as in the output of another server."""
STATUS: Final = "status"
_DATA: Final = ("data", "binaryData", "stringData", "immutable")


@frozen
class Change:
    """What becomes of one object.  ``written`` has the content of ``after`` with its writer's places."""

    key: ObjectKey
    outcome: Outcome
    before: Document | None = None
    after: Document | None = None
    written: Tree | None = None


@frozen
class Plan:
    """What becomes of all objects of a request; ``missing`` are those that are not there to be deleted."""

    changes: Sequence[Change]
    missing: Sequence[ObjectKey] = ()

    @property
    def to_keep(self) -> dict[ObjectKey, Document | None]:
        """What the store is to keep, and what it is to forget."""
        return {change.key: change.after for change in self.changes if change.outcome != "unchanged"}

    @property
    def places(self) -> Places:
        return Places(
            (change.after.root, change.written)
            for change in self.changes
            if change.after is not None and change.written is not None
        )


@frozen
class Present:
    """What is there: ``kept`` by the store, and ``elsewhere`` in service."""

    kept: Mapping[ObjectKey, Document]
    elsewhere: Mapping[ObjectKey, Document]
    generated: frozenset[ObjectKey]

    @classmethod
    def of(
        cls, kept: Mapping[ObjectKey, Document], served: Iterable[Document], generated: Sequence[Document]
    ) -> Present:
        written = (document for document in served if document.origin != STORE)
        elsewhere = {key: document for document in (*written, *generated) if (key := key_of(document))}
        return cls(kept, elsewhere, frozenset(key for document in generated if (key := key_of(document))))

    def whose(self, key: ObjectKey) -> str:
        """Return where an object is that is not in the store."""
        place = self.elsewhere[key].position
        return f"generated from what is at {place}" if key in self.generated else f"at {place}"


def plan_apply(
    wanted: Sequence[Wanted],
    present: Present,
    as_kept: Callable[[ObjectKey, Tree], Document],
    now: float,
    create: bool = False,
) -> Plan:
    """Return what applying these objects changes; raises :class:`Refused`.  ``create`` refuses those that are there."""
    if create:
        _refuse_existing([each.key for each in wanted], present)
    report = Report()
    changes = [_change(each, present.kept.get(each.key), as_kept, now, report) for each in wanted]
    for each in wanted:
        if each.key in present.generated:
            message = f"{each.key} is {present.whose(each.key)}; change that instead"
            report.error(message, each.document.position, check=checks.TWO_PLACES)
    if report.failed:
        raise Refused(Reason.INVALID, "nothing is changed", report.problems)
    return Plan(changes)


def plan_delete(keys: Sequence[ObjectKey], present: Present) -> Plan:
    """Return what deleting these objects changes; raises :class:`Refused` for those that the store has no say in."""
    others = [key for key in keys if key not in present.kept and key in present.elsewhere]
    if others:
        said = "; ".join(f"{quoted(key, several=True)} is {present.whose(key)}: remove it there" for key in others)
        raise Refused(Reason.FORBIDDEN, said)
    there = [key for key in dict.fromkeys(keys) if key in present.kept]
    missing = [key for key in dict.fromkeys(keys) if key not in present.kept]
    return Plan([Change(key, "deleted", before=present.kept[key]) for key in there], missing)


def _refuse_existing(keys: Iterable[ObjectKey], present: Present) -> None:
    said = [
        f"{quoted(key, several=True)} already exists{'' if key in present.kept else f', {present.whose(key)}'}"
        for key in keys
        if key in present.kept or key in present.elsewhere
    ]
    if said:
        raise Refused(Reason.ALREADY_EXISTS, "; ".join(said))


def _change(
    wanted: Wanted,
    before: Document | None,
    as_kept: Callable[[ObjectKey, Tree], Document],
    now: float,
    report: Report,
) -> Change:
    root = in_order(_without_servers_own(wanted))
    if before is not None and _said(before.root) == plain(root):
        return Change(wanted.key, "unchanged", before, before)
    if before is not None and _breaks_immutability(wanted.key, before.root, root):
        message = "the data cannot be changed: the object is immutable; delete it and create it again"
        report.error(message, wanted.document.position, path=wanted.document.title, check=checks.IMMUTABLE)
    written = _with_servers_own(root, None if before is None else before.root, now)
    after = as_kept(wanted.key, written)
    return Change(wanted.key, "created" if before is None else "configured", before, after, written)


def _without_servers_own(wanted: Wanted) -> Tree:
    """Return what the writer has said, the namespace included that went without saying."""
    root = wanted.document.root
    metadata = root.get("metadata")
    if not isinstance(metadata, Tree):
        raise TypeError("an object has metadata")
    said = Tree(tuple(each for each in metadata.entries if each[0].text not in SERVERS_OWN), metadata.position)
    if wanted.key.namespace and not said.text("namespace"):
        said = with_entry(said, "namespace", wanted.key.namespace, quoted=True)
    if wanted.key.group == GATEWAY_GROUP:
        # What became of it is what ``get`` says of each moment; of other kinds, as Deployments, it is the writer's.
        root = Tree(tuple(each for each in root.entries if each[0].text != STATUS), root.position)
    return with_node(root, "metadata", said)


def _with_servers_own(root: Tree, before: Tree | None, now: float) -> Tree:
    metadata = root.get("metadata")
    if not isinstance(metadata, Tree):
        raise TypeError("an object has metadata")
    created = before.text("metadata", CREATED) if before is not None else ""
    metadata = with_entry(metadata, CREATED, created or _timestamp(now), quoted=True)
    if root.get("spec") is not None:
        metadata = with_entry(metadata, GENERATION, str(_generation(root, before)))
    return with_node(root, "metadata", metadata)


def _generation(root: Tree, before: Tree | None) -> int:
    if before is None:
        return 1
    said = before.text("metadata", GENERATION)
    generation = int(said) if said.isascii() and said.isdecimal() else 0
    return generation + int(_part(before, "spec") != _part(root, "spec"))


def _breaks_immutability(key: ObjectKey, before: Tree, after: Tree) -> bool:
    # Kubernetes: ConfigMap.immutable and Secret.immutable.
    if key.group or key.kind not in ("ConfigMap", "Secret") or _part(before, "immutable") is not True:
        return False
    return any(_part(before, field) != _part(after, field) for field in _DATA)


def _said(root: Tree) -> Any:
    value = plain(root)
    value["metadata"] = {key: said for key, said in value["metadata"].items() if key not in SERVERS_OWN}
    return value


def _part(root: Tree, key: str) -> Any:
    node = root.get(key)
    return None if node is None else plain(node)


def _timestamp(now: float) -> str:
    return datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")


def retold(problems: Iterable[Problem], plan: Plan) -> list[Problem]:
    """Return problems, in reading order, at the places where the writer of the request wrote them."""
    places = plan.places
    return [places.retold(problem) for problem in problems]
