"""The header fields of one message: order and case kept, looked up without regard to case.

Names and values are bytes exactly as they stand on the wire.  Look-up names are lower-case; the callers are our own
compiled code and plugins that decided their names at load time, so nothing is folded per request that need not be.

Peers say the same fields again and again.  A ``Section`` holds what many messages have alike; the ``Headers`` of each
show it until something is changed, and have fields of their own from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

Pair = tuple[bytes, bytes]
Index = dict[bytes, bytes | list[bytes]]

MOST_DERIVED: Final = 16
"""Of one section: a configuration has a few mirrors, and what was made for earlier ones is not kept for ever."""


class Section:
    """A header section (RFC 9110 section 6.3) that messages share, with no field in it twice; nobody ever changes it.

    ``text`` is what the writer makes of it.  In ``derived`` stands what else was made of it once for all, by keys of
    those who made it: whatever depends on these fields, and on nothing else that differs between the messages.
    """

    __slots__ = ("derived", "index", "pairs", "text")

    def __init__(self, pairs: list[Pair], index: Index) -> None:
        self.pairs = pairs
        self.index = index
        self.text: bytes | None = None
        self.derived: dict[Any, Any] = {}

    def keep(self, key: Any, made: Any) -> None:
        """Put into ``derived``."""
        if len(self.derived) >= MOST_DERIVED:
            self.derived.clear()
        self.derived[key] = made


class Headers:
    """An ordered multi-map of header fields (RFC 9110 section 5).

    ``pairs`` is the list of ``(name, value)`` in wire order.  Whoever changes it directly calls :meth:`changed`.
    ``late_text`` is what the writer made of the ``late`` field.
    """

    __slots__ = ("_index", "_late", "_pairs", "_section", "late_text")

    def __init__(
        self,
        pairs: Iterable[Pair] = (),
        index: Index | None = None,
        section: Section | None = None,
    ) -> None:
        """``index``, if given, belongs to exactly these pairs: the parser has made it on its way.

        A ``section``, whose pairs these are, is shown.
        """
        self._section = section
        self._late: Pair | None = None
        self.late_text = b""
        self._pairs: list[Pair] = pairs if type(pairs) is list else list(pairs)
        self._index = index

    # What is shared

    @property
    def section(self) -> Section | None:
        """The section that is shown, without the ``late`` field; None once something of it was changed."""
        return self._section

    @property
    def late(self) -> Pair | None:
        """The field that stands behind a section, and differs from message to message."""
        return self._late

    def share(self) -> Section | None:
        """Make a section of these fields, and show it; None where a field stands more than once."""
        index = self.index
        if len(index) != len(self._pairs):
            return None
        section = self._section = Section(self._pairs, index)
        self._late = None
        self.late_text = b""
        return section

    def show(self, section: Section) -> None:
        """Show another section instead of the one that is shown."""
        self._section = section
        self._pairs = section.pairs

    def _own(self) -> None:
        """Have fields of their own."""
        section = self._section
        assert section is not None
        self._pairs = section.pairs.copy()
        index = self._index = section.index.copy()
        self._section = None
        late = self._late
        if late is not None:
            self._pairs.append(late)
            index[late[0]] = late[1]
            self._late = None
            self.late_text = b""

    @property
    def pairs(self) -> list[Pair]:
        if self._section is not None:
            self._own()
        return self._pairs

    @pairs.setter
    def pairs(self, pairs: list[Pair]) -> None:
        self._section = None
        self._pairs = pairs
        self._index = None

    @property
    def index(self) -> Index:
        """Lower-case name to its value, or to the list of its values where a field stands more than once."""
        if self._section is not None:
            self._own()
        index = self._index
        if index is None:
            pairs = self._pairs
            plain = {name.lower(): value for name, value in pairs}
            index = self._index = plain if len(plain) == len(pairs) else _index_repeated(pairs)  # type: ignore[assignment]
        return index  # type: ignore[return-value]

    def changed(self) -> None:
        """Forget the index after ``pairs`` was edited in place."""
        self._index = None

    def _find(self, name: bytes) -> bytes | list[bytes] | None:
        section = self._section
        if section is None:
            index = self._index
            return (self.index if index is None else index).get(name)
        value = section.index.get(name)
        if value is None:
            late = self._late
            if late is not None and late[0] == name:
                return late[1]
        return value

    def get(self, name: bytes) -> bytes | None:
        """Return the first value of the field with this lower-case ``name``, or None."""
        value = self._find(name)
        return value[0] if isinstance(value, list) else value

    def get_all(self, name: bytes) -> list[bytes]:
        """Return every value of the field, in wire order."""
        value = self._find(name)
        if value is None:
            return []
        return list(value) if isinstance(value, list) else [value]

    def joined(self, name: bytes) -> bytes | None:
        """Return the field's values as one comma-separated value (RFC 9110 section 5.3), or None when absent."""
        value = self._find(name)
        return b",".join(value) if isinstance(value, list) else value

    def set(self, name: bytes, value: bytes) -> None:
        """Give the field this one value: in place of its first occurrence, or at the end."""
        lower = name.lower()
        index = self.index
        pairs = self._pairs
        if lower not in index:
            pairs.append((name, value))
            index[lower] = value
        elif len(index) == len(pairs):  # no field stands twice: index and pairs are in one order
            place = list(index).index(lower)
            pairs[place] = (pairs[place][0], value)
            index[lower] = value
        else:
            place = next(place for place, pair in enumerate(pairs) if pair[0].lower() == lower)
            first = (pairs[place][0], value)
            after = [pair for pair in pairs[place + 1 :] if pair[0].lower() != lower]
            self._pairs = [*pairs[:place], first, *after]
            self._index = None

    def add(self, name: bytes, value: bytes) -> None:
        """Append one more field line."""
        lower = name.lower()
        index = self.index
        self._pairs.append((name, value))
        seen = index.get(lower)
        if seen is None:
            index[lower] = value
        elif isinstance(seen, list):
            seen.append(value)
        else:
            index[lower] = [seen, value]

    def add_absent(self, pairs: list[Pair]) -> None:
        """Append fields of lower-case names, no two of them alike, that are known not to be there."""
        index = self.index
        self._pairs += pairs
        index.update(pairs)

    def add_late(self, pair: Pair) -> None:
        """Append a field of a lower-case name that is known not to be there, and differs from message to message."""
        if self._section is not None and self._late is None:
            self._late = pair
        else:
            self.add_absent([pair])

    def remove(self, name: bytes) -> None:
        """Drop every line of the field with this lower-case ``name``."""
        if name not in self:
            return
        index = self.index
        if len(index) == len(self._pairs):
            del self._pairs[list(index).index(name)]
            del index[name]
        else:
            self._pairs = [pair for pair in self._pairs if pair[0].lower() != name]
            self._index = None

    def copy(self) -> Headers:
        """Return an independent copy; the pairs themselves are shared, they never change."""
        section = self._section
        if section is not None:
            copy = Headers(section.pairs, None, section)
            copy._late = self._late
            copy.late_text = self.late_text
            return copy
        index = self._index
        whole = index is not None and len(index) == len(self._pairs)  # no list of values that both would hold
        return Headers(self._pairs.copy(), index.copy() if whole else None)  # type: ignore[union-attr]

    def __contains__(self, name: bytes) -> bool:
        return self._find(name) is not None

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __eq__(self, other: object) -> bool:
        return self.pairs == other.pairs if isinstance(other, Headers) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({self.pairs!r})"


def _index_repeated(pairs: list[Pair]) -> Index:
    index: Index = {}
    for name, value in pairs:
        lower = name.lower()
        seen = index.get(lower)
        if seen is None:
            index[lower] = value
        elif isinstance(seen, list):
            seen.append(value)
        else:
            index[lower] = [seen, value]
    return index
