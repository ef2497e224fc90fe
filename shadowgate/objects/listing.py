"""The objects in service, whoever keeps them, found by what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import field, frozen

from shadowgate.config.catalog import Catalog
from shadowgate.config.clashes import CLUSTER_SCOPED, STORE, key_of
from shadowgate.config.statuses import status_of
from shadowgate.model import PluginUse
from shadowgate.model.gateways import ObjectKey, Status
from shadowgate.objects.kinds import Kind, Kinds, UnknownKind, plural, quoted, resource
from shadowgate.objects.planning import Present
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.selectors import Selects
from shadowgate.objects.writing import in_order, plain
from shadowgate.plugin import Document, IDialect, Report
from shadowgate.plugin.documents import Mapping

Plain = dict[str, Any]


@frozen
class Asked:
    """Which objects somebody asks for: kinds with names, or all of some kinds.

    An empty namespace means all of them.  ``all`` has to be said where all of a kind are to be deleted.
    """

    kinds: Sequence[str]
    names: Sequence[str] = ()
    namespace: str = ""
    selects: Selects = field(default=lambda labels: True)
    all: bool = False

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield kinds, each with a name or ``""`` for all: ``svc/web`` has a name of its own."""
        for words in self.kinds:
            kind, slash, name = words.partition("/")
            if slash and not name:
                raise Refused(Reason.BAD_REQUEST, f'"{words}" has no name behind the slash')
            yield from [(kind, name)] if slash else [(kind, each) for each in self.names or ("",)]


@frozen
class Found:
    """One object.  ``keeper`` is ``store``, ``memory``, ``file`` or ``generated``."""

    key: ObjectKey
    document: Document
    keeper: str
    status: Status | None = None

    def plain(self) -> Plain:
        """Return it as JSON has it, with the status that it has by now."""
        root = self.document.root
        shown: Plain = plain(in_order(root))
        if self.key.namespace:
            shown["metadata"].setdefault("namespace", self.key.namespace)
        if self.status is not None:
            shown["status"] = status_of(self.status)
        return {
            "resource": resource(self.key),
            "resources": quoted(self.key, several=True).partition(" ")[0],
            "source": {"keeper": self.keeper, "position": str(self.document.position)},
            "object": shown,
        }


@frozen
class Objects:
    """All objects that are in service, at one moment."""

    found: Sequence[Found]
    kinds: Kinds

    @classmethod
    def among(
        cls,
        documents: Iterable[Document],
        generated: Sequence[Document],
        statuses: Iterable[Status],
        catalog: Catalog,
        durable: bool,
    ) -> Objects:
        told = {status.key: status for status in statuses}
        made = {id(document) for document in generated}
        found = []
        for document in documents:
            key = key_of(document)
            if key is not None:
                kept = "store" if durable else "memory"
                keeper = "generated" if id(document) in made else kept if document.origin == STORE else "file"
                found.append(Found(key, document, keeper, told.get(key)))
        kinds = Kinds.of([*dialect_kinds(catalog), *((each.key.group, each.key.kind) for each in found)])
        return cls(sorted(found, key=lambda each: (each.key.namespace, each.key.kind, each.key.name)), kinds)

    def select(self, asked: Asked) -> list[Found]:
        """Return those that are asked for; raises :class:`Refused` where one that is named is not there."""
        chosen: dict[int, Found] = {}
        missing: list[ObjectKey] = []
        for words, name in asked.pairs():
            kinds = find_kinds(self.kinds, words)
            there = [each for each in self.found if _is_asked_for(each, kinds, name, asked)]
            if name and not there:
                missing.append(key_named(kinds[0], name, asked.namespace))
            chosen.update((id(each), each) for each in there)
        if missing:
            raise Refused(Reason.NOT_FOUND, "; ".join(f"{quoted(key, several=True)} not found" for key in missing))
        return list(chosen.values())


def _is_asked_for(each: Found, kinds: Sequence[Kind], name: str, asked: Asked) -> bool:
    key = each.key
    if (key.group, key.kind) not in kinds or (name and key.name != name):
        return False
    # What is in no namespace is shown in all of them.
    if asked.namespace and key.namespace not in ("", asked.namespace):
        return False
    return asked.selects(labels_of(each.document.root))


def keys_to_delete(asked: Asked, present: Present, catalog: Catalog) -> list[ObjectKey]:
    """Return the objects that are asked for, those that are not there as well; raises :class:`Refused`.

    An object of one name in two groups has to be named with its group.
    """
    keys = [*present.kept, *present.elsewhere]
    kinds = Kinds.of([*dialect_kinds(catalog), *((key.group, key.kind) for key in keys)])
    named: list[ObjectKey] = []
    for words, name in asked.pairs():
        if not name and not asked.all:
            raise Refused(Reason.BAD_REQUEST, f'say which {words} to delete: "{words}/NAME", or all of them')
        if not name:
            named += _kept_of(find_kinds(kinds, words), asked, present)
            continue
        wanted = [key_named(kind, name, asked.namespace) for kind in find_kinds(kinds, words)]
        there = [key for key in wanted if key in present.kept or key in present.elsewhere]
        if len(there) > 1:
            meant = " or ".join(f"{plural(key.kind)}.{key.group}/{name}" for key in there)
            raise Refused(Reason.BAD_REQUEST, f'"{words}/{name}" could be several objects; say {meant}')
        named.append((there or wanted)[0])
    return named


def _kept_of(kinds: Sequence[Kind], asked: Asked, present: Present) -> list[ObjectKey]:
    """Return the objects of these kinds that were applied; what files declare is not the store's to delete."""
    namespaces = ("", asked.namespace or "default")
    return [
        key
        for key, each in present.kept.items()
        if (key.group, key.kind) in kinds and key.namespace in namespaces and asked.selects(labels_of(each.root))
    ]


def find_kinds(kinds: Kinds, words: str) -> tuple[Kind, ...]:
    try:
        return kinds.find(words)
    except UnknownKind as wrong:
        raise Refused(Reason.BAD_REQUEST, str(wrong)) from None


def key_named(kind: Kind, name: str, namespace: str) -> ObjectKey:
    return ObjectKey(*kind, "" if kind in CLUSTER_SCOPED else namespace or "default", name)


def labels_of(root: Mapping) -> dict[str, str]:
    metadata = root.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return {key.text: labels.text(key.text) for key, _ in labels.entries} if isinstance(labels, Mapping) else {}


def dialect_kinds(catalog: Catalog) -> Iterator[Kind]:
    """Yield the kinds that are read."""
    for name in catalog.names(IDialect):
        dialect = catalog.build(IDialect, PluginUse(name), Report())
        yield from dialect.kinds if dialect is not None else ()
