"""Letting clients in: all that wait, a turn's worth at a time, straight to the gateway's own epoll.

A port of Twisted's accepts as many in a turn as came in the one before, so that after a quiet moment a crowd comes in
one by one while those inside are served again and again; and it watches each client with the reactor first.
"""

from __future__ import annotations

import socket
from errno import ECONNABORTED, EPERM
from typing import Any, Final

from twisted.internet import tcp
from twisted.logger import Logger

from shadowgate.net.readiness import TURN, Readiness
from shadowgate.net.transport import Connected

GONE_AGAIN: Final = frozenset((ECONNABORTED, EPERM))
"""Behind a client that went away while it waited, or that a firewall has refused, another one may wait."""

log = Logger(namespace="shadowgate")


def let_in(port: Any, readiness: Readiness) -> None:
    """Have clients of a port come in so, where it is a TCP port and ``readiness`` can watch them."""
    if isinstance(port, tcp.Port) and port.addressFamily in (socket.AF_INET, socket.AF_INET6) and readiness.of_sockets:
        made: Any = port
        made.doRead = Entrance(port, readiness).accept


class Entrance:
    """Stands at one port."""

    def __init__(self, port: Any, readiness: Readiness) -> None:
        self._port = port
        self._readiness = readiness

    def accept(self) -> None:
        port = self._port
        for _ in range(TURN):
            try:
                client, address = port.socket.accept()
            except BlockingIOError:
                return
            except OSError as wrong:
                if wrong.errno in GONE_AGAIN:
                    continue
                log.error("cannot accept a client: {reason}", reason=wrong.strerror)
                return
            try:
                self._introduce(client, address)
            except Exception:
                log.failure("a client could not be let in")
                self._readiness.forget(client.fileno())
                client.close()

    def _introduce(self, client: socket.socket, address: Any) -> None:
        port = self._port
        if len(address) == 4 and address[3]:
            # An address of one link names the interface (RFC 4007).
            host, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
            address = (host, *address[1:])
        peer = port._buildAddr(address)
        protocol = port.factory.buildProtocol(peer)
        if protocol is None:
            client.close()
            return
        transport: Any = Connected(client, protocol, port.reactor, peer)
        protocol.makeConnection(transport)
        if transport.reactor is port.reactor and not transport.disconnecting:
            transport.startReading()  # under TLS the reactor goes on watching it

    def __repr__(self) -> str:
        return f"<Entrance at {self._port}>"
