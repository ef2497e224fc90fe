"""A head that comes in pieces, or that the one-pattern fast path did not accept: put together line by line.

Refuses what can never become valid as soon as it is seen, with the reason, and hands over a canonical head: complete
lines, no white space at the end of values, no twins of gateway fields.  Looks at every byte once, however TCP cut them.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field, frozen

from shadowgate.http.fields import is_twin
from shadowgate.http.framing import WireLimits
from shadowgate.http.grammar import (
    Malformed,
    check_field_line,
    check_request_line,
    check_status_line,
    check_unfinished_field_line,
    check_unfinished_request_line,
    check_unfinished_status_line,
)


@frozen
class StartLine:
    """How the first line of a head is judged."""

    check: Callable[[bytes], None]
    check_unfinished: Callable[[bytearray, int], None]
    empty_lines: int
    """How many empty lines are passed over before it (RFC 9112 section 2.2)."""
    noun: str


REQUEST_START = StartLine(check_request_line, check_unfinished_request_line, 1, "request line")
STATUS_START = StartLine(check_status_line, check_unfinished_status_line, 0, "status line")


@define(eq=False)
class HeadAssembly:
    """One head on its way.  ``rest`` holds the bytes after it once :meth:`add` has returned it."""

    _start: StartLine
    _limits: WireLimits
    rest: bytes = b""
    _unfinished: bytearray = field(factory=bytearray)
    _lines: list[bytes] = field(factory=list)
    """Complete lines, each with its CRLF."""
    _fields: int = 0
    _field_bytes: int = 0
    _empty_lines: int = 0

    @property
    def idle(self) -> bool:
        """True while nothing but a permitted empty line has come."""
        return not self._lines and not self._unfinished

    def add(self, data: bytes) -> bytes | None:
        """Take more bytes; return the whole head as soon as its last one is there."""
        begin = 0
        while (end := data.find(b"\n", begin) + 1) > 0:
            line = data[begin:end]
            begin = end
            if self._unfinished:
                line = bytes(self._unfinished + line)
                self._unfinished.clear()
            if not line.endswith(b"\r\n"):
                self._take_unfinished(line[:-1])  # what is wrong before the LF is the first thing wrong
                raise Malformed("a bare LF in the head")
            if not self._lines:
                self._take_start(line)
            elif line == b"\r\n":
                self.rest = data[begin:]
                return b"".join([*self._lines, line])
            else:
                self._take_field(line)
        self._take_unfinished(data[begin:])
        return None

    def _take_start(self, line: bytes) -> None:
        text = line[:-2]
        if not text:
            self._empty_lines += 1
            if self._empty_lines > self._start.empty_lines:
                raise Malformed(f"an empty line in place of the {self._start.noun}")
            return
        self._check_start_limit(len(text))
        self._start.check(text)
        self._lines.append(line)

    def _take_field(self, line: bytes) -> None:
        self._fields += 1
        self._field_bytes += len(line)
        self._check_field_limits(0)
        text = line[:-2]
        check_field_line(text)
        if b"_" in text and is_twin(text.partition(b":")[0].lower()):
            return
        self._lines.append(text.rstrip(b" \t") + b"\r\n" if text.endswith((b" ", b"\t")) else line)

    def _take_unfinished(self, data: bytes) -> None:
        unfinished = self._unfinished
        # One byte back: whether a CR is bare shows with the byte after it.
        look_from = max(0, len(unfinished) - 1)
        unfinished += data
        length = len(unfinished)
        if unfinished.endswith(b"\r"):
            length -= 1  # it may end the line, and then is no part of it
        if self._lines:
            check_unfinished_field_line(unfinished, look_from)
            self._check_field_limits(length)
        else:
            self._start.check_unfinished(unfinished, look_from)
            self._check_start_limit(length)

    def _check_start_limit(self, length: int) -> None:
        if length > self._limits.request_line:
            raise Malformed(f"the {self._start.noun} is too long", 414)

    def _check_field_limits(self, unfinished: int) -> None:
        if self._field_bytes + unfinished > self._limits.header_bytes:
            raise Malformed("the header fields are too large", 431)
        if self._fields > self._limits.header_count:
            raise Malformed("too many header fields", 431)
