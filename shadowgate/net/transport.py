"""Twisted's transport over a socket that is connected already."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import tcp
from twisted.internet.address import IPv4Address, IPv6Address


class Connected(tcp.Connection):
    """A TCP connection that the gateway made by itself; ``reactor`` is asked for readiness."""

    def __init__(self, made: socket.socket, protocol: Any, reactor: Any) -> None:
        super().__init__(made, protocol, reactor)
        self.connected = 1

    def getHost(self) -> IPv4Address | IPv6Address:
        return _shown(self.socket.family, self.socket.getsockname())

    def getPeer(self) -> IPv4Address | IPv6Address:
        return _shown(self.socket.family, self.socket.getpeername())

    def __repr__(self) -> str:
        return f"<Connected {getattr(self, 'socket', 'no more')}>"


def _shown(family: int, address: Any) -> IPv4Address | IPv6Address:
    return (IPv6Address if family == socket.AF_INET6 else IPv4Address)("TCP", *address)
