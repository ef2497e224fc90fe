"""TCP ports that can be moved: bound at another address of the same port number while the old one still serves.

Sockets of one user may bind addresses that overlap when all of them say ``SO_REUSEPORT`` (Linux, BSD).  Ours say so
only where one takes another's place, so that a second gateway on the same port is refused as ever.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from twisted.internet import tcp

_SHARE: Final[int | None] = getattr(socket, "SO_REUSEPORT", None)


class MovableReactor:
    """A reactor to whoever opens ports: while :meth:`making_room`, they are opened beside those that are in the way."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._room = False

    @contextmanager
    def making_room(self, ports: Iterable[Any]) -> Iterator[None]:
        """Let others be bound where these are meanwhile: they are about to be closed."""
        sockets = [port.socket for port in ports if isinstance(port, tcp.Port) and _of_the_internet(port.socket)]
        self._room = bool(sockets) and _SHARE is not None
        for each in sockets:
            _share(each, True)
        try:
            yield
        finally:
            self._room = False
            for each in sockets:
                _share(each, False)

    def listenTCP(self, *given: Any, **named: Any) -> Any:
        if not self._room:
            return self._reactor.listenTCP(*given, **named)
        made: Any = _Port
        opened = made(*given, **named, reactor=self._reactor)
        opened.startListening()
        return opened

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


class _Port(tcp.Port):
    def createInternetSocket(self) -> socket.socket:
        bound: socket.socket = super().createInternetSocket()  # type: ignore[no-untyped-call]
        _share(bound, True)
        return bound

    def startListening(self) -> None:
        super().startListening()
        port: Any = self
        _share(port.socket, False)


def _of_the_internet(bound: socket.socket) -> bool:
    return bound.family in (socket.AF_INET, socket.AF_INET6)


def _share(bound: socket.socket, shared: bool) -> None:
    if _SHARE is not None:
        bound.setsockopt(socket.SOL_SOCKET, _SHARE, int(shared))
