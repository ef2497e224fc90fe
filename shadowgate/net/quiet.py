"""UDP ports that do not log that they open and close: one opens for every question to a name server.

What they do besides is what Twisted's own do.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import base, udp
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorFDSet, IReactorUDP
from twisted.python.failure import Failure


class QuietReactor:
    """A reactor to whoever asks name servers: its UDP ports are quiet."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> Any:
        if not (IReactorUDP.providedBy(self._reactor) and IReactorFDSet.providedBy(self._reactor)):
            return self._reactor.listenUDP(port, protocol, interface, maxPacketSize)  # its ports are of another make
        made: Any = QuietPort
        opened = made(port, protocol, interface, maxPacketSize, self._reactor)
        opened.startListening()
        return opened

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


class QuietPort(udp.Port):
    """``twisted.internet.udp.Port`` without its two lines in the log, for which it has no switch."""

    def _bindSocket(self) -> None:
        port: Any = self
        bound = None
        try:
            bound = port.createInternetSocket()
            bound.bind((port.interface, port.port))
        except OSError as wrong:
            if bound is not None:
                bound.close()
            raise CannotListenError(port.interface, port.port, wrong) from wrong
        port._realPortNumber = bound.getsockname()[1]
        port.connected = 1
        port.socket = bound
        port.fileno = bound.fileno

    def connectionLost(self, reason: Failure | None = None) -> None:
        port: Any = self
        port._realPortNumber = None
        port.maxThroughput = -1
        base.BasePort.connectionLost(port, reason)
        port.protocol.doStop()
        port.socket.close()
        del port.socket
        del port.fileno
        if hasattr(port, "d"):
            port.d.callback(None)
            del port.d
