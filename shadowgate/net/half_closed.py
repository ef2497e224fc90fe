"""A client that has closed its side: it may still be reading, or be gone, and TCP does not tell the two apart.

Only what is sent there does, because whoever is gone answers it with a reset.  Before an answer has begun there are
bytes that change nothing: an interim one.  Otherwise the system's keep-alive probes find out, when the client's own
system has forgotten the connection; that takes about a minute.  Nothing is decided about exchanges here.
"""

from __future__ import annotations

import socket as sockets
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from shadowgate.http.head import ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.http.writer import informational_block
from shadowgate.net.outbox import Outbox

HALF_CLOSED_GRACE: Final = 0.8
"""Seconds of silence after which such a client is asked, and between two looks at what has come of it."""

ASK: Final = informational_block(ResponseHead(100, Headers()))
"""RFC 9110 section 15.2.1: a client that has not waited for it discards it."""

REPLY_SECONDS: Final = 0.1
"""How long a reset may be under way, about."""

_PROBING: Final = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""When probes begin, how often they go out, and how many remain unanswered at a machine that is gone."""


def ask(transport: Any, outbox: Outbox | None, clock: IReactorTime, gone: Callable[[], object]) -> None:
    """Send what only a client that is gone refuses, and soon call ``gone`` if it did; without ``outbox`` only probe."""

    def look() -> None:
        if has_refused(transport):
            gone()

    _probe(transport)
    if outbox is None:
        return
    outbox.write(ASK)
    clock.callLater(REPLY_SECONDS, look)


def _probe(transport: Any) -> None:
    """Have the system find out whether the client is still there, as far as it can."""
    socket = _socket(transport)
    if socket is None or socket.family == sockets.AF_UNIX:
        return
    for name, value in _PROBING:
        if hasattr(sockets, name):  # some systems call them otherwise, and have values of their own
            socket.setsockopt(sockets.IPPROTO_TCP, getattr(sockets, name), value)
    socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_KEEPALIVE, 1)


def has_refused(transport: Any) -> bool:
    """Return whether a reset has come: nobody else hears of it, as the connection is not read any more."""
    socket = _socket(transport)
    return socket is not None and bool(socket.getsockopt(sockets.SOL_SOCKET, sockets.SO_ERROR))


def _socket(transport: Any) -> Any:
    socket = getattr(transport, "socket", None)
    return socket if socket is not None and socket.fileno() >= 0 else None
