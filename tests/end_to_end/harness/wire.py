"""HTTP/1.1 as bytes, for clients and servers that show what was on the wire and can misbehave on purpose.

Reads strictly what a message says about its own length, and hides nothing: no folding of names, no joining of fields.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from attrs import define, field, frozen

from harness.waiting import DEADLINE

Field = tuple[bytes, bytes]


class Cut(Exception):
    """The connection ended before the message did."""


@frozen
class Message:
    """A request or an answer: ``start`` is its first line, ``fields`` stand in their order and case."""

    start: bytes
    fields: tuple[Field, ...]
    body: bytes = b""
    trailers: tuple[Field, ...] = ()
    informational: tuple[int, ...] = ()

    @property
    def status(self) -> int:
        return int(self.start.split(b" ")[1])

    def values(self, name: bytes) -> list[bytes]:
        return [value for other, value in self.fields if other.lower() == name.lower()]

    def get(self, name: bytes) -> bytes | None:
        """Return the one value of a field, or None."""
        values = self.values(name)
        assert len(values) < 2, f"{name!r} stands twice: {values}"
        return values[0] if values else None


@define(eq=False)
class Wire:
    """One end of a TCP or UNIX connection."""

    socket: socket.socket
    buffer: bytes = field(default=b"", init=False)

    def __attrs_post_init__(self) -> None:
        self.socket.settimeout(DEADLINE)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def more(self) -> bool:
        """Read some bytes into the buffer; False at the end."""
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def ended(self) -> bool:
        """Wait for the other side's next act; whether it was to end the connection, in order or not."""
        try:
            return not self.buffer and not self.more()
        except ConnectionError:
            return True

    def exactly(self, size: int) -> bytes:
        pieces = [self.buffer[:size]]
        self.buffer = self.buffer[size:]
        missing = size - len(pieces[0])
        while missing:
            data = self.socket.recv(min(missing, 1 << 20))
            if not data:
                raise Cut(b"".join(pieces))
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self.more():
                raise Cut(self.buffer)
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def lines(self) -> list[bytes]:
        """Read up to an empty line."""
        lines = []
        while line := self.line():
            lines.append(line)
        return lines

    def head(self) -> Message:
        start, *lines = self.lines()
        return Message(start, fields_of(lines))

    def body(self, head: Message, until_close: bool = False) -> tuple[bytes, tuple[Field, ...]]:
        """Read the body that follows a head, and its trailers."""
        length = head.get(b"content-length")
        if head.get(b"transfer-encoding") == b"chunked":
            assert length is None, head
            return self.chunks()
        if length is not None:
            return self.exactly(int(length)), ()
        if not until_close:
            return b"", ()
        while self.more():
            pass
        body, self.buffer = self.buffer, b""
        return body, ()

    def chunks(self) -> tuple[bytes, tuple[Field, ...]]:
        pieces = []
        while size := int(self.line(), 16):
            pieces.append(self.exactly(size))
            assert self.exactly(2) == b"\r\n"
        return b"".join(pieces), fields_of(self.lines())

    def request(self) -> Message | None:
        """Read a whole request; None when the client has no more."""
        while not self.buffer:
            if not self.more():
                return None
        head = self.head()
        body, trailers = self.body(head)
        return Message(head.start, head.fields, body, trailers)

    def answer(self, method: bytes = b"GET") -> Message:
        """Read a whole answer and the 1xx before it."""
        informational: list[int] = []
        while (head := self.head()).status < 200:
            informational.append(head.status)
        bodiless = method == b"HEAD" or head.status in (204, 304)
        body, trailers = (b"", ()) if bodiless else self.body(head, until_close=True)
        return Message(head.start, head.fields, body, trailers, tuple(informational))

    def end(self) -> None:
        """Say that nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def fields_of(lines: Iterable[bytes]) -> tuple[Field, ...]:
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        assert colon, line
        pairs.append((name, value.strip(b" \t")))
    return tuple(pairs)


def connect(address: tuple[str, int] | str) -> Wire:
    """Connect to a host and port, or to a path."""
    if isinstance(address, tuple):
        return Wire(socket.create_connection(address, DEADLINE))
    unix = socket.socket(socket.AF_UNIX)
    try:
        unix.connect(address)
    except OSError:
        unix.close()
        raise
    return Wire(unix)


def get(target: str = "/", host: str = "httpbin:8000", *fields: str, method: str = "GET", body: bytes | None = None):
    """Return the bytes of an ordinary request."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    """Return a body in the chunked coding."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
