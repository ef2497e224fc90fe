"""How long a body is and where it ends: the only place that decides either (RFC 9112 sections 6 and 7).

Lengths are decided from the framing fields of a head; readers take the bytes after it and give back the payload.
What was received is never forwarded as framing: the writer frames anew from the same length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from attrs import define, field, frozen

from shadowgate.errors import BadBody
from shadowgate.http.fields import may_be_trailer
from shadowgate.http.grammar import FIELD_LINE, TEXT, TOKEN, Malformed
from shadowgate.http.headers import Pair

CHUNKED = -1
"""Ends with its last chunk and trailers."""
UNTIL_CLOSE = -2
"""Ends with the connection; answers only."""
NO_BODY = -3
"""Neither body nor framing field: a plain GET, or an answer to HEAD, 1xx, 204, 304."""


@frozen
class WireLimits:
    """What one message may cost before it is refused, in bytes unless said otherwise."""

    request_line: int = 16 * 1024
    """The request or status line without its CRLF; 414."""
    header_bytes: int = 64 * 1024
    """All field lines with their CRLFs; 431."""
    header_count: int = 100
    """Field lines of a head; 431."""
    trailer_bytes: int = 8 * 1024
    """All trailer lines with their CRLFs; 431."""
    trailer_count: int = 100
    """Trailer lines; 431."""
    chunk_extension: int = 1024
    """What all extensions of a body, which are dropped, may be more than its payload."""
    body_bytes: int = 0
    """The payload, no more of which is taken; 413.  0 is no bound."""


TOO_LARGE = "the body is too large"

_content_length = re.compile(rb"[0-9]{1,18}").fullmatch


def request_length(version: int, lengths: Sequence[bytes], codings: Sequence[bytes], most: int = 0) -> int:
    """Decide a request's length from the values of Content-Length and Transfer-Encoding (RFC 9112 section 6.3)."""
    length = _announced(version, lengths, codings) if lengths or codings else NO_BODY
    if 0 < most < length:
        raise Malformed(TOO_LARGE, 413)
    return length


def response_length(
    request_method: bytes, status: int, version: int, lengths: Sequence[bytes], codings: Sequence[bytes]
) -> int:
    """Decide an answer's length.  Framing fields are checked even where they say nothing about this message."""
    length = _announced(version, lengths, codings) if lengths or codings else UNTIL_CLOSE
    if request_method == b"HEAD" or status == 304 or status == 204 or status < 200:
        return NO_BODY
    return length


def _announced(version: int, lengths: Sequence[bytes], codings: Sequence[bytes]) -> int:
    if codings:
        # RFC 9112 section 6.1 lets Transfer-Encoding win; every smuggled request begins where one hop does not.
        if lengths:
            raise Malformed("both Content-Length and Transfer-Encoding")
        if version < 11:
            raise Malformed("Transfer-Encoding in an HTTP/1.0 message")
        _check_codings(b",".join(codings))
        return CHUNKED
    # Section 6.3 lets identical repeats pass; no good peer sends them.
    if len(lengths) > 1:
        raise Malformed("more than one Content-Length")
    if _content_length(lengths[0]) is None:
        raise Malformed("Content-Length is not a decimal number of at most 18 digits")
    return int(lengths[0])


def _check_codings(value: bytes) -> None:
    codings = [coding.strip(b" \t").lower() for coding in value.split(b",")]
    if codings == [b"chunked"]:
        return
    if codings[-1] == b"chunked" and codings.count(b"chunked") == 1 and b"" not in codings:
        raise Malformed("a transfer coding other than chunked", 501)  # section 6.1
    raise Malformed("Transfer-Encoding is not chunked, once and last")


class BodyReader(Protocol):
    """Finds the payload of one body in the bytes that follow its head."""

    done: bool
    """The body is complete."""
    rest: bytes
    """What came after its end, once done."""
    trailers: list[Pair]
    """Validated trailer fields that may travel on, once done."""

    def feed(self, data: bytes) -> bytes:
        """Return the payload found in ``data``, the same object where all of it is payload."""

    def eof(self) -> None:
        """The peer has closed: done where that ends the body, else :class:`BadBody`."""


def reader_for(length: int, limits: WireLimits) -> BodyReader:
    """Return the reader of a body of this length, a count or one of the constants above."""
    if length >= 0:
        return FixedBody(length)
    if length == CHUNKED:
        return ChunkedBody(limits)
    return CloseDelimitedBody() if length == UNTIL_CLOSE else FixedBody(0)


@define(eq=False)
class FixedBody:
    """A body of a known number of bytes, of which it only keeps count."""

    _left: int
    done: bool = field(init=False)
    rest: bytes = field(default=b"", init=False)
    trailers: list[Pair] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.done = not self._left

    def feed(self, data: bytes) -> bytes:
        left = self._left - len(data)
        if left > 0:
            self._left = left
            return data
        self.done = True
        if left == 0:
            self._left = 0
            return data
        end = self._left
        self._left = 0
        self.rest += data[end:]
        return data[:end]

    def eof(self) -> None:
        if not self.done:
            raise BadBody(f"the connection closed {self._left} bytes before the end of the body")


@define(eq=False)
class CloseDelimitedBody:
    """A body that the end of the connection ends."""

    done: bool = False
    rest: bytes = b""
    trailers: list[Pair] = field(factory=list)

    def feed(self, data: bytes) -> bytes:
        return data

    def eof(self) -> None:
        self.done = True


_EXTENSIONS = (
    rb"((?:;[ \t]*+" + TOKEN + rb"++[ \t]*+"
    rb"(?:=[ \t]*+(?:" + TOKEN + rb'++|"(?:[\t !#-\[\]-~\x80-\xff]|\\' + TEXT + rb')*+")[ \t]*+)?+)*+)(?<![ \t])'
)
_EXTENSIONS_TOO_LONG = "chunk extensions are too long"
_SIZE_DIGITS = 15
_SIZE_LINE = rb"([0-9A-Fa-f]{1,15}+)" + _EXTENSIONS + rb"\r\n"
_SIZE_BEGUN = rb"(?:[0-9A-Fa-f]{1,15}+(?:;" + TEXT + rb"*+)?+\r?+)?+"

_first_size_line = re.compile(_SIZE_LINE).match
_first_size_line_begun = re.compile(_SIZE_BEGUN).fullmatch
_next_size_line = re.compile(rb"\r\n" + _SIZE_LINE).match
_next_size_line_begun = re.compile(rb"\r(?:\n" + _SIZE_BEGUN + rb")?+|").fullmatch
_digits = re.compile(rb"[0-9A-Fa-f]*+").match
_field_line = FIELD_LINE.match
_trailer_begun = re.compile(rb"(?:" + TOKEN + rb"++(?::" + TEXT + rb"*+)?+)?+\r?+").fullmatch


@define(eq=False)
class ChunkedBody:
    """The chunked coding, strictly (RFC 9112 section 7.1).

    CRLF alone ends a line, a size is hexadecimal digits and nothing else, extensions are checked and dropped.
    Between feeds it keeps at most one unfinished size or trailer line, so a byte's cost is bounded however they come.
    """

    _limits: WireLimits
    _most: int = field(init=False)
    done: bool = field(default=False, init=False)
    rest: bytes = field(default=b"", init=False)
    trailers: list[Pair] = field(factory=list, init=False)
    _left: int = field(default=0, init=False)
    """Payload bytes still to come of the current chunk."""
    _held: bytes = field(default=b"", init=False)
    """An unfinished line."""
    _begun: bool = field(default=False, init=False)
    """A chunk went before, whose CRLF is still to come."""
    _last: bool = field(default=False, init=False)
    """The last chunk's size line has come; what follows are trailers."""
    _payload: int = field(default=0, init=False)
    """The sizes of all chunks so far."""
    _extension_bytes: int = field(default=0, init=False)
    _trailer_count: int = field(default=0, init=False)
    _trailer_bytes: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._most = self._limits.body_bytes

    def feed(self, data: bytes) -> bytes:
        left = self._left
        if left > len(data):
            self._left = left - len(data)
            return data
        if self.done:
            self.rest += data
            return b""
        if self._held:
            data, self._held = self._held + data, b""
        if self._last:
            self._read_trailers(data, 0)
            return b""
        return self._read_chunks(data, left)

    def _read_chunks(self, data: bytes, left: int) -> bytes:
        payload: list[bytes] = []
        size_line = _next_size_line if self._begun else _first_size_line
        position, total = 0, len(data)
        while True:
            if left:
                end = position + left
                if end > total:
                    payload.append(data[position:])
                    left = end - total
                    break
                payload.append(data[position:end])
                position, left = end, 0
            match = size_line(data, position)
            if match is None:
                self._hold_size_line(data[position:])
                break
            size, extensions = match.groups()
            position = match.end()
            left = int(size, 16)
            self._payload += left
            if extensions:
                self._check_extensions(len(extensions))
            if 0 < self._most < self._payload:
                # Before a byte of the chunk is taken.
                raise BadBody(TOO_LARGE, 413)
            if not left:
                self._last = True
                self._read_trailers(data, position)
                break
            self._begun = True
            size_line = _next_size_line
        self._left = left
        return payload[0] if len(payload) == 1 else b"".join(payload)

    def _check_extensions(self, size: int) -> None:
        """Bound what a peer can make the gateway read for nothing: a byte of payload pays for one of extensions."""
        self._extension_bytes += size
        most = self._limits.chunk_extension
        if size > most or self._extension_bytes > most + self._payload:
            raise BadBody(_EXTENSIONS_TOO_LONG)

    def _hold_size_line(self, line: bytes) -> None:
        """Keep the beginning of a size line for the next feed, or say what is wrong with it."""
        begun = _next_size_line_begun if self._begun else _first_size_line_begun
        if begun(line) is not None:
            # At most a CRLF before the digits, and a CR behind.
            if len(line) > self._limits.chunk_extension + _SIZE_DIGITS + 3:
                raise BadBody(_EXTENSIONS_TOO_LONG)
            self._held = line
            return
        if self._begun:
            if line[:2] not in (b"\r", b"\r\n"):
                raise BadBody("no CRLF after the bytes of a chunk")
            line = line[2:]
        digits = _digits(line).end()  # type: ignore[union-attr]  # it matches nothing, too
        if not digits:
            raise BadBody("a chunk size that is not hexadecimal digits")
        if digits > _SIZE_DIGITS:
            raise BadBody("a chunk size of too many digits")
        if line[digits : digits + 1] == b";":
            raise BadBody("a malformed chunk extension")
        raise BadBody("no CRLF after a chunk size")

    def _read_trailers(self, data: bytes, position: int) -> None:
        while not data.startswith(b"\r\n", position):
            match = _field_line(data, position)
            if match is None:
                line = data[position:]
                if _trailer_begun(line) is None:
                    raise BadBody("a malformed trailer field")
                self._check_trailer_limits(len(line.removesuffix(b"\r")))
                self._held = line
                return
            position = match.end()
            self._trailer_bytes += position - match.start()
            self._trailer_count += 1
            self._check_trailer_limits(0)
            name, value = match.groups()
            if may_be_trailer(name.lower()):
                self.trailers.append((name, value.rstrip(b" \t")))
        self.done = True
        self.rest = data[position + 2 :]

    def _check_trailer_limits(self, unfinished: int) -> None:
        if self._trailer_bytes + unfinished > self._limits.trailer_bytes:
            raise BadBody("the trailer fields are too large", 431)
        if self._trailer_count > self._limits.trailer_count:
            raise BadBody("too many trailer fields", 431)

    def eof(self) -> None:
        if not self.done:
            raise BadBody("the connection closed before the last chunk")
