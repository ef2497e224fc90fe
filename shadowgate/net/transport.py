"""Twisted's transport over a socket that is connected already."""

from __future__ import annotations

import socket
from typing import Any, Final

from twisted.internet import tcp
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

DONE: Final = Failure(ConnectionDone())

Address = IPv4Address | IPv6Address


class Connected(tcp.Connection):
    """A TCP connection that the gateway made or accepted by itself; ``reactor`` is asked for readiness.

    It is not read before somebody begins to.
    """

    logstr = "shadowgate"

    def __init__(self, made: socket.socket, protocol: Any, reactor: Any, peer: Address) -> None:
        super().__init__(made, protocol, reactor)
        self._peer = peer
        self.connected = 1

    def loseConnection(self) -> None:
        """Close once everything is written; when that is now, without asking first whether there is room for more."""
        it: Any = self
        twisted: Any = super()
        if it.dataBuffer or it._tempDataBuffer or it.producer or it._writeDisconnected or it.disconnecting:
            twisted.loseConnection()
        elif it.connected:
            it.disconnecting = True
            it.stopReading()
            it.reactor.callLater(0, it.connectionLost, DONE)

    def getHost(self) -> Address:
        return shown(self.socket.getsockname())

    def getPeer(self) -> Address:
        """Return the other end's address, which is known even when that has gone."""
        return self._peer

    def __repr__(self) -> str:
        return f"<Connected {getattr(self, 'socket', 'no more')}>"


def shown(address: Any) -> Address:
    """Return a socket's address as Twisted writes it."""
    return (IPv4Address if len(address) == 2 else IPv6Address)("TCP", *address)
