"""Documents and problems as plain values and back, with every position: all workers read what the source found.

Tuples travel many times faster than the objects, and texts could not travel at all: not every source has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import asdict

from shadowgate.errors import Position, Problem
from shadowgate.plugin import Document
from shadowgate.plugin.documents import Mapping, Node, Scalar, Sequence

Flat = tuple[Any, ...]


def flatten(document: Document) -> tuple[str, Flat]:
    """Return a document's source and tree.  All its nodes stand in one source."""
    return document.position.source, _flat(document.root)


def restore(flat: tuple[str, Flat]) -> Document:
    """Return the document that :func:`flatten` was given."""
    return Document(_node(*flat))


def plain_problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as JSON has them."""
    return [asdict(problem) for problem in problems]


def problems_from(plain: Iterable[dict[str, Any]]) -> tuple[Problem, ...]:
    """Return the problems that :func:`plain_problems` was given."""
    return tuple(Problem(**{**each, "position": Position(**each["position"])}) for each in plain)


def _flat(node: Node) -> Flat:
    at = node.position
    if isinstance(node, Scalar):
        return (at.line, at.column, node.text, node.quoted)
    if isinstance(node, Sequence):
        return (at.line, at.column, [_flat(item) for item in node.items])
    return (at.line, at.column, {key.text: (_flat(key), _flat(value)) for key, value in node.entries})


def _node(source: str, flat: Flat) -> Any:
    line, column, content, *quoted = flat
    at = Position(source, line, column)
    if quoted:
        return Scalar(content, at, quoted[0])
    if isinstance(content, list):
        return Sequence(tuple(_node(source, item) for item in content), at)
    entries = tuple((_node(source, key), _node(source, value)) for key, value in content.values())
    return Mapping(entries, at)
