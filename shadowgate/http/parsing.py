"""Bytes to the heads of messages: llhttp reads the fields, one strict layer decides what may pass.

What the parsers of requests and of answers share; those two alone import ``httptools``.  The strict pattern runs first
and finds the end of the head; llhttp is then fed exactly that head and never a byte of a body, so that neither alone
decides what a message is (law 4 of the design).  A head that comes in pieces or that the pattern does not accept goes
through ``assembly``, which knows the reasons.

Most peers repeat themselves on a connection.  Of a request whose fields are byte for byte those of the one before only
the first line is read, and of an answer whose head is that of the one before, nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from shadowgate.http.assembly import HeadAssembly, StartLine
from shadowgate.http.framing import WireLimits
from shadowgate.http.grammar import FIELD_LINE, Malformed
from shadowgate.http.headers import Headers, Pair

MOST_REMEMBERED: Final = 4096
"""Bytes of fields that a connection remembers."""

Match = Callable[[bytes], re.Match[bytes] | None]
Special = tuple[bytes, Pair, int]
"""A field that the parser interprets: lower-case name, the pair, and its place among the end-to-end fields."""


class ReceivedFields:
    """What llhttp calls for every field: sorts it in one step into end-to-end and special.

    ``index`` maps lower-case names to the last value, ready to be the index of Headers if no name stands twice.
    """

    __slots__ = ("index", "names", "pairs", "special")

    def __init__(self, names: frozenset[bytes]) -> None:
        self.names = names
        self.clear()

    def clear(self) -> None:
        self.pairs: list[Pair] = []
        self.index: dict[bytes, bytes] = {}
        self.special: list[Special] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower in self.names:
            self.special.append((lower, (name, value), len(self.pairs)))
        else:
            self.index[lower] = value
            self.pairs.append((name, value))

    def read(self, head: bytes) -> None:
        """Take the fields of a head without llhttp's help, where it has given up before their end."""
        self.clear()
        for name, value in FIELD_LINE.findall(head, head.index(b"\n") + 1):
            self.on_header(name, value)

    def headers(self, restored: list[Special], gone: frozenset[bytes]) -> Headers:
        """Return the end-to-end fields: with these put back in their places, and without those of these names."""
        pairs, index = self.pairs, self.index
        if not restored and not gone:
            return Headers(pairs, index if len(index) == len(pairs) else None)  # type: ignore[arg-type]
        for _, pair, place in reversed(restored):
            pairs.insert(place, pair)
        return Headers([pair for pair in pairs if pair[0].lower() not in gone] if gone else pairs)


class HeadFinder:
    """Finds one head after another in the bytes of a connection; ``rest`` holds those after the last one found."""

    __slots__ = ("_any", "_assembly", "_fields", "_limits", "_plain", "_roomy", "_start", "rest")

    def __init__(self, limits: WireLimits, start: StartLine, plain: Match, any_name: Match, special: frozenset[bytes]):
        self.rest = b""
        self._limits = limits
        self._roomy = min(limits.request_line, limits.header_bytes)
        self._start = start
        self._plain = plain
        self._any = any_name
        self._assembly: HeadAssembly | None = None
        self._fields = ReceivedFields(special)

    @property
    def idle(self) -> bool:
        """True when nothing of a next message has been received."""
        return self._assembly is None or self._assembly.idle

    def _find(self, data: bytes) -> re.Match[bytes] | None:
        """Return the match of the head that these bytes complete, whose group 0 is the head, or None."""
        assembly = self._assembly
        if assembly is None:
            match = self._plain(data)
            # A head that is smaller than every limit needs no counting; any other is counted by line.
            if match is not None and (end := match.end()) <= self._roomy:
                self.rest = data[end:]
                return match
            assembly = self._assembly = HeadAssembly(self._start, self._limits)
        head = assembly.add(data)
        self.rest = assembly.rest
        if head is None:
            return None
        self._assembly = None
        match = self._any(head)
        if match is None:
            raise Malformed("a malformed head")
        return match
