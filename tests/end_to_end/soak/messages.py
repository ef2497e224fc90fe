"""What the soak's clients ask for and what its servers answer: both sides compute it, so every byte can be compared.

A target is ``/KIND/NUMBER?WORDS``.  Numbers are never used twice: an answer that belongs to another request shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zlib import crc32

FAULTS: Final = ("close", "reset", "half", "short", "garbage")
"""How a server fails when a target asks for it: see ``server.Server.fault``."""

ODDITIES: Final = ("late", "trickle", "flood")
"""What a server may do and still be right."""


def pattern(number: int, size: int) -> bytes:
    """Return a body that is like no other request's."""
    unit = b"%d." % number
    return (unit * (size // len(unit) + 1))[:size]


def echo(method: bytes, target: bytes, body: bytes) -> bytes:
    """Return what a server says of a request it has read whole."""
    return b"%b %b %d %08x" % (method, target, len(body), crc32(body))


def words(target: bytes) -> Mapping[str, str]:
    """Return the query of a target."""
    query = target.partition(b"?")[2].decode()
    return dict(word.split("=", 1) for word in query.split("&") if word)


def kind(target: bytes) -> str:
    return target.split(b"/")[1].decode()


def number(target: bytes) -> int:
    return int(target.partition(b"?")[0].split(b"/")[2])
