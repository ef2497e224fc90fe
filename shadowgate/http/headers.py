"""The header fields of one message: order and case kept, looked up without regard to case.

Names and values are bytes exactly as they stand on the wire.  Look-up names are lower-case; the callers are our own
compiled code and plugins that decided their names at load time, so nothing is folded per request that need not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Pair = tuple[bytes, bytes]
Index = dict[bytes, bytes | list[bytes]]


class Headers:
    """An ordered multi-map of header fields (RFC 9110 section 5).

    ``pairs`` is the list of ``(name, value)`` in wire order.  Whoever changes it directly calls :meth:`changed`.
    """

    __slots__ = ("_index", "pairs")

    def __init__(self, pairs: Iterable[Pair] = (), index: Index | None = None) -> None:
        """``index``, if given, belongs to exactly these pairs: the parser has made it on its way."""
        self.pairs: list[Pair] = pairs if type(pairs) is list else list(pairs)
        self._index = index

    @property
    def index(self) -> Index:
        """Lower-case name to its value, or to the list of its values where a field stands more than once."""
        index = self._index
        if index is None:
            pairs = self.pairs
            plain = {name.lower(): value for name, value in pairs}
            index = self._index = plain if len(plain) == len(pairs) else _index_repeated(pairs)  # type: ignore[assignment]
        return index  # type: ignore[return-value]

    def changed(self) -> None:
        """Forget the index after ``pairs`` was edited in place."""
        self._index = None

    def get(self, name: bytes) -> bytes | None:
        """Return the first value of the field with this lower-case ``name``, or None."""
        index = self._index
        value = (self.index if index is None else index).get(name)
        return value[0] if type(value) is list else value  # type: ignore[return-value]

    def get_all(self, name: bytes) -> list[bytes]:
        """Return every value of the field, in wire order."""
        value = self.index.get(name)
        if value is None:
            return []
        return list(value) if type(value) is list else [value]  # type: ignore[list-item]

    def joined(self, name: bytes) -> bytes | None:
        """Return the field's values as one comma-separated value (RFC 9110 section 5.3), or None when absent."""
        index = self._index
        value = (self.index if index is None else index).get(name)
        return b",".join(value) if type(value) is list else value  # type: ignore[return-value]

    def set(self, name: bytes, value: bytes) -> None:
        """Give the field this one value: in place of its first occurrence, or at the end."""
        lower = name.lower()
        index = self._index
        if index is None:
            index = self.index
        pairs = self.pairs
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
            self.pairs = [*pairs[:place], first, *after]
            self._index = None

    def add(self, name: bytes, value: bytes) -> None:
        """Append one more field line."""
        lower = name.lower()
        index = self.index
        self.pairs.append((name, value))
        seen = index.get(lower)
        if seen is None:
            index[lower] = value
        elif type(seen) is list:
            seen.append(value)
        else:
            index[lower] = [seen, value]  # type: ignore[list-item]

    def add_absent(self, pairs: list[Pair]) -> None:
        """Append fields of lower-case names, no two of them alike, that are known not to be there."""
        index = self.index
        self.pairs += pairs
        index.update(pairs)

    def remove(self, name: bytes) -> None:
        """Drop every line of the field with this lower-case ``name``."""
        index = self._index
        if index is None:
            index = self.index
        if name not in index:
            return
        if len(index) == len(self.pairs):
            del self.pairs[list(index).index(name)]
            del index[name]
        else:
            self.pairs = [pair for pair in self.pairs if pair[0].lower() != name]
            self._index = None

    def copy(self) -> Headers:
        """Return an independent copy; the pairs themselves are shared, they never change."""
        index = self._index
        whole = index is not None and len(index) == len(self.pairs)  # no list of values that both would hold
        return Headers(self.pairs.copy(), index.copy() if whole else None)  # type: ignore[union-attr]

    def __contains__(self, name: bytes) -> bool:
        index = self._index
        return name in (self.index if index is None else index)

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
        elif type(seen) is list:
            seen.append(value)
        else:
            index[lower] = [seen, value]  # type: ignore[list-item]
    return index
