"""A client that has closed its side: it may still be reading, or be gone, and TCP does not tell the two apart.

Only bytes that are sent there do, because whoever is gone answers them with a reset.  Before an answer has begun there
are bytes that change nothing: an interim one.  Nothing is decided about exchanges here.
"""

from __future__ import annotations

from collections.abc import Callable
from socket import SO_ERROR, SOL_SOCKET
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from shadowgate.http.head import ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.http.writer import informational_block
from shadowgate.net.outbox import Outbox

HALF_CLOSED_GRACE: Final = 0.8
"""Seconds of silence after which such a client is asked or, in the middle of an answer, taken to be gone."""

ASK: Final = informational_block(ResponseHead(100, Headers()))
"""RFC 9110 section 15.2.1: a client that has not waited for it discards it."""

REPLY_SECONDS: Final = 0.1
"""How long a reset may be under way, about."""


def ask(transport: Any, outbox: Outbox, clock: IReactorTime, gone: Callable[[], object]) -> None:
    """Send what only a client that is gone refuses, and soon call ``gone`` if it did."""

    def look() -> None:
        # Where there is no epoll, nobody else hears of a reset: the connection is not read any more.
        socket = getattr(transport, "socket", None)
        if socket is not None and socket.fileno() >= 0 and socket.getsockopt(SOL_SOCKET, SO_ERROR):
            gone()

    outbox.write(ASK)
    clock.callLater(REPLY_SECONDS, look)
