"""Problems of objects as they are kept, told at the places where their writer wrote them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from attrs import evolve, frozen

from shadowgate.errors import Position, Problem
from shadowgate.plugin.documents import Block, Mapping, Node, Scalar, Sequence


@frozen
class _Pair:
    """One node in both texts; ``shift`` is by how much the lines inside it are indented further in the written one."""

    kept: Position
    written: Position
    shift: int


class Places:
    """``trees`` are pairs of the same tree, as it is kept and as it was written."""

    def __init__(self, trees: Iterable[tuple[Mapping, Mapping]]) -> None:
        self._pairs: dict[str, list[_Pair]] = {}
        for kept, written in trees:
            document, *parts = _pairs(kept, written)
            # The last one at a place is believed: a part rather than the whole, but not the first key of a document,
            # which may be another one than that which was written first.
            self._pairs[kept.position.source] = sorted([*parts, document], key=lambda pair: pair.kept)

    def written(self, position: Position) -> Position:
        """Return the place in the writer's text; a place elsewhere is what it is."""
        pairs = self._pairs.get(position.source)
        if not pairs:
            return position
        pair = pairs[max(0, bisect_right(pairs, position, key=lambda pair: pair.kept) - 1)]
        lines = position.line - pair.kept.line
        # Behind a node's beginning is inside it: in a text of several lines, say, that is read on its own.
        column = position.column + (pair.shift if lines else pair.written.column - pair.kept.column)
        return Position(pair.written.source, pair.written.line + lines, max(1, column))

    def retold(self, problem: Problem) -> Problem:
        """Return the problem with all its places in the writer's text."""
        message = problem.message
        for source in self._pairs:
            if source in message:
                message = re.sub(rf"({re.escape(source)}):(\d+):(\d+)", self._told, message)
        return evolve(problem, message=message, position=self.written(problem.position))

    def _told(self, found: re.Match[str]) -> str:
        source, line, column = found.groups()
        return str(self.written(Position(source, int(line), int(column))))


def _pairs(kept: Node, written: Node) -> Iterator[_Pair]:
    shift = written.indent - kept.indent if isinstance(kept, Block) and isinstance(written, Block) else 0
    yield _Pair(kept.position, written.position, shift)
    if isinstance(kept, Mapping) and isinstance(written, Mapping):
        for (key, value), (written_key, written_value) in zip(kept.entries, written.entries, strict=True):
            yield from _pairs(key, written_key)
            yield from _pairs(value, written_value)
    elif isinstance(kept, Sequence) and isinstance(written, Sequence):
        for item, written_item in zip(kept.items, written.items, strict=True):
            yield from _pairs(item, written_item)
    else:
        assert isinstance(kept, Scalar) and isinstance(written, Scalar)
