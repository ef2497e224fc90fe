"""What somebody wants to apply: texts with their names, read into objects that can be kept.

Whether the objects make sense to the gateway is not decided here, only whether they are objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve, frozen

from shadowgate.config.clashes import CLUSTER_SCOPED, key_of
from shadowgate.errors import Position
from shadowgate.model.gateways import ObjectKey
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.writing import plain
from shadowgate.plugin import Document, Report
from shadowgate.plugin.checks import objects as checks
from shadowgate.plugin.documents import Mapping, Node, Scalar
from shadowgate.plugin.yaml import read_text

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_API_VERSION: Final = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[a-z0-9]{1,63}")


@frozen
class File:
    """A text and what problems call it."""

    name: str
    text: str


@frozen
class Wanted:
    """One object as somebody wrote it."""

    key: ObjectKey
    document: Document


def read_files(files: Sequence[File], namespace: str = "") -> list[Wanted]:
    """Return the objects in the files; raises :class:`Refused` with all that is wrong with them.

    ``namespace`` is that of objects that name none; an object may not name another.
    """
    report = Report()
    if namespace and _NAMESPACE.fullmatch(namespace) is None:
        raise Refused(Reason.BAD_REQUEST, f'"{namespace}" cannot be a namespace')
    found = [each for file in files for each in _read(file, namespace, report)]
    first: dict[ObjectKey, Position] = {}
    for each in found:
        there = first.setdefault(each.key, each.document.position)
        if there is not each.document.position:
            message = f"{each.key} is given a second time; the first is at {there}"
            report.error(message, each.document.position, check=checks.TWICE)
    if report.failed:
        raise Refused(Reason.INVALID, "nothing is changed", report.problems)
    if not found:
        raise Refused(Reason.BAD_REQUEST, "no objects are given")
    return found


def _read(file: File, namespace: str, report: Report) -> Iterator[Wanted]:
    for document in read_text(file.text, file.name, report):
        own = Report()
        placed = _in_namespace(document, namespace, own)
        key = key_of(placed)
        if key is None:
            _report_missing(placed, own)
        else:
            _check_names(placed, key, own)
        report.problems.extend(own.problems)
        if key is not None and not own.failed:
            yield Wanted(key, placed)


def _report_missing(document: Document, report: Report) -> None:
    has = {"apiVersion": document.api_version, "kind": document.kind, "metadata.name": document.name}
    lacks = [field for field, text in has.items() if not text]
    message = f"this is no object: it has no {' and no '.join(lacks)}"
    if len(lacks) == len(has):
        message += "; what is in the native form belongs into a file that the gateway is given with --config"
    report.error(message, document.position, path=document.title, check=checks.NO_OBJECT)


def _check_names(document: Document, key: ObjectKey, report: Report) -> None:
    namespace = document.root.text("metadata", "namespace")
    for path, text, allowed, expected in (
        ("apiVersion", document.api_version, _API_VERSION, "GROUP/VERSION such as apps/v1, or v1"),
        ("kind", key.kind, _KIND, "letters and digits, as in HTTPRoute"),
        ("metadata.name", key.name, _NAME, "lower-case letters, digits, - and ., at most 253 characters"),
        ("metadata.namespace", namespace or "default", _NAMESPACE, "lower-case letters, digits and -, at most 63"),
    ):
        node = _node(document.root, path)
        place = (node or document.root).position
        title = f"{document.title}: {path}"
        if allowed.fullmatch(text) is None:
            report.error("this cannot be a name", place, path=title, found=text, expected=expected, check=checks.NAME)
        elif node is not None and not isinstance(plain(node), str):
            message = "to YAML this is no text, and a name is one: put it in quotes"
            report.error(message, place, path=title, found=text, expected=f'"{text}"', check=checks.NAME)


def _node(root: Mapping, path: str) -> Node | None:
    node: Node | None = root
    for key in path.split("."):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _in_namespace(document: Document, namespace: str, report: Report) -> Document:
    """Return the document in the namespace that the command line names."""
    said = document.root.text("metadata", "namespace")
    if not namespace or said == namespace or (document.group, document.kind) in CLUSTER_SCOPED:
        return document
    if said:
        message = f"the object is in the namespace {said}, and {namespace} is asked for"
        report.error(message, document.position, path=document.title, check=checks.OTHER_NAMESPACE)
        return document
    metadata = document.root.get("metadata")
    if not isinstance(metadata, Mapping):
        return document  # it has no name either
    said_now = with_entry(metadata, "namespace", namespace, quoted=True)
    return evolve(document, root=with_node(document.root, "metadata", said_now))


def with_entry(mapping: Mapping, key: str, text: str, *, quoted: bool = False) -> Mapping:
    """Return the mapping with a text under a key."""
    return with_node(mapping, key, Scalar(text, mapping.position, quoted))


def with_node(mapping: Mapping, key: str, node: Scalar | Mapping) -> Mapping:
    """Return the mapping with a node under a key, in the place of the one there."""
    if mapping.get(key) is None:
        return Mapping((*mapping.entries, (Scalar(key, mapping.position), node)), mapping.position)
    entries = tuple((name, node if name.text == key else value) for name, value in mapping.entries)
    return Mapping(entries, mapping.position)
