"""What is left of a node without its wrong parts, so that everything else that is wrong is told at the same time.

:func:`read` refuses a node as a whole when a word of it is wrong.  Here the wrong parts are taken out of the node and
it is read again.  What a dialect then says of the remainder can be a mere consequence of what is missing: that is
:meth:`Remainder.tell`'s to leave out.  A remainder is never fit to be served.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

from attrs import define, evolve, field, frozen

from shadowgate.errors import Position, Problem
from shadowgate.plugin.checks import reading
from shadowgate.plugin.documents import Mapping, Node, Report, Sequence
from shadowgate.plugin.kinds import join
from shadowgate.plugin.schema import read

T = TypeVar("T")

_ROUNDS: Final = 16
"""A part without which another cannot be takes that one along, in a further round; few things are nested deeper."""

_OF_KEYS: Final = (reading.UNKNOWN_KEY.code, reading.REPEATED_KEY.code)
_INDEX: Final = re.compile(r"\[(\d+)\]")
_BESIDE: Final = re.compile(r"\.?[^.\[]+(\[\d+\])?")
"""A key of a mapping below that one's path, and an item of it."""


@frozen
class Lost:
    """One part that could not be read: its path as it was written, and that of the mapping whose key it was."""

    path: str
    around: str | None = None

    def explains(self, path: str) -> bool:
        """Return whether what is said at a path may come of this: it stands around it, or is a key beside it."""
        if self.path == path or (self.path.startswith(path) and self.path[len(path)] in ".["):
            return True
        return self.around is not None and _BESIDE.fullmatch(path.removeprefix(self.around)) is not None


@frozen
class Remainder(Generic[T]):
    """``value`` is what could be read, ``lost`` what could not, ``touched`` the places of all blocks around that."""

    value: T
    lost: tuple[Lost, ...]
    touched: frozenset[Position]
    _kept: dict[str, tuple[int, ...]]

    def tell(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """Yield the problems that are no consequence of what was lost, with the paths of the whole."""
        for problem in problems:
            path = self._as_written(problem.path)
            if not any(lost.explains(path) for lost in self.lost):
                yield evolve(problem, path=path)

    def lacks_key_of(self, path: str) -> bool:
        """Return whether a key of the mapping at this path is lost."""
        return any(lost.around == path for lost in self.lost)

    def _as_written(self, path: str) -> str:
        """Return the path with the indices that items had before others were taken out."""
        written = ""
        at = 0
        for found in _INDEX.finditer(path):
            written += path[at : found.start()]
            kept, index = self._kept.get(written), int(found[1])
            written += f"[{index if kept is None or index >= len(kept) else kept[index]}]"
            at = found.end()
        return written + path[at:]


def read_remainder(cls: type[T], node: Node, path: str) -> Remainder[T] | None:
    """Return what can be read of a node that :func:`read` has refused, or None where that is nothing."""
    knife = _Knife()
    for _ in range(_ROUNDS):
        report = Report()
        value = read(cls, node, report, path)
        if value is not None:
            return Remainder(value, tuple(knife.lost), frozenset(knife.touched), knife.kept)
        wrong = report.problems
        keys = frozenset(each.position for each in wrong if each.code in _OF_KEYS)
        values = frozenset(each.position for each in wrong if each.code not in _OF_KEYS)
        rest = None if node.position in values else knife.without(node, path, keys, values)
        if rest is None or rest is node:
            return None
        node = rest
    return None


@define
class _Knife:
    """Takes parts out of a tree; ``kept`` has the original indices of what is left in a list, by its path."""

    lost: list[Lost] = field(factory=list)
    touched: set[Position] = field(factory=set)
    kept: dict[str, tuple[int, ...]] = field(factory=dict)

    def without(self, node: Any, path: str, keys: frozenset[Position], values: frozenset[Position]) -> Any:
        """Return the node without the entries at ``keys`` and the parts at ``values``; itself if it has none."""
        if isinstance(node, Mapping):
            entries = []
            for key, part in node.entries:
                inner = join(path, key.text)
                if key.position in keys or part.position in values:
                    self.lost.append(Lost(inner, path))
                else:
                    entries.append((key, self.without(part, inner, keys, values)))
            same = len(entries) == len(node.entries) and all(
                new[1] is old[1] for new, old in zip(entries, node.entries, strict=True)
            )
            return node if same else self._changed(Mapping(tuple(entries), node.position))
        if isinstance(node, Sequence):
            indices = self.kept.get(path, tuple(range(len(node.items))))
            items = []
            left = []
            for index, part in zip(indices, node.items, strict=True):
                inner = f"{path}[{index}]"
                if part.position in values:
                    self.lost.append(Lost(inner))
                else:
                    items.append(self.without(part, inner, keys, values))
                    left.append(index)
            if len(left) < len(indices):
                self.kept[path] = tuple(left)
            elif all(new is old for new, old in zip(items, node.items, strict=True)):
                return node
            return self._changed(Sequence(tuple(items), node.position))
        return node

    def _changed(self, node: Node) -> Node:
        self.touched.add(node.position)
        return node
