"""Where in a document a path leads: the paths of problems, ``spec.http[0].retries.retryOn``, back to the nodes.

What a dialect finds wrong it knows by its path, and by the place of the block that it stands in; the writer is told
the place of the part itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import define, evolve, field

from shadowgate.errors import Problem
from shadowgate.plugin.documents import Document, Mapping, Node, Sequence

_INDEX: Final = re.compile(r"\[(\d+)\]")
_END_OF_KEY: Final = re.compile(r"[.\[]|$")
_UNDERSCORE: Final = re.compile(r"_([a-z0-9])")


@define
class Places:
    """Where the parts of one document are; the keys of a block are looked through once, however many are asked for."""

    _document: Document
    _keys: dict[int, dict[str, Node]] = field(factory=dict, init=False)

    def put(self, problem: Problem) -> Problem:
        """Return the problem at the part that its path leads to, as far as that goes beyond the place it has."""
        place = self.find(problem.path).position
        before = problem.position
        if place.source != before.source or place <= before:
            return problem  # an alias stands where its anchor does, and some know the very word
        return evolve(problem, position=place)

    def find(self, path: str) -> Node:
        """Return the part that a path leads to, or the last one on the way that is there."""
        node: Node = self._document.root
        rest = path
        while rest:
            step = self._step(node, rest)
            if step is None:
                return node
            node, rest = step
        return node

    def _step(self, node: Node, rest: str) -> tuple[Node, str] | None:
        if isinstance(node, Sequence):
            index = _INDEX.match(rest)
            if index is None or int(index[1]) >= len(node.items):
                return None
            return node.items[int(index[1])], rest[index.end() :].removeprefix(".")
        if not isinstance(node, Mapping):
            return None
        keys = self._keys.get(id(node))
        if keys is None:
            keys = self._keys[id(node)] = dict(_spelled(node))
        # A key may have dots itself, as labels do: the longest one that fits is meant.
        for end in reversed([found.start() for found in _END_OF_KEY.finditer(rest)]):
            part = keys.get(rest[:end])
            if part is not None:
                return part, rest[end:].removeprefix(".")
        return None


def _spelled(node: Mapping) -> Iterator[tuple[str, Node]]:
    """Yield the parts by their keys, and by those as paths spell them where they were written with underscores."""
    for key, part in node.entries:
        yield _UNDERSCORE.sub(lambda found: found[1].upper(), key.text), part
        yield key.text, part
