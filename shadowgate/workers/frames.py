"""Messages on a stream of bytes: four bytes of length, then so many bytes.  What they mean is not known here."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final

LENGTH: Final = Struct(">I")


class TooLong(ValueError):
    """A message above the bound: the other side does not speak this protocol any more."""


def frame(message: bytes) -> bytes:
    """Return a message as it is sent."""
    return LENGTH.pack(len(message)) + message


class Frames:
    """Collects bytes until messages are whole; none may be longer than ``longest`` bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that ``data`` completes; raise :class:`TooLong` for one that is not to be waited for."""
        waiting = self._waiting
        waiting += data
        while len(waiting) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(waiting)
            if length > self._longest:
                raise TooLong(f"a message of {length} bytes; {self._longest} are allowed")
            end = LENGTH.size + length
            if len(waiting) < end:
                return
            message = bytes(waiting[LENGTH.size : end])
            del waiting[:end]
            yield message
