"""Sockets that are bound in one process and served in others.

The supervisor binds by Twisted's own endpoints and never accepts; a worker serves the same socket.  Nobody closes the
socket for all: a worker's end, in any way, leaves it to the others.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.python.failure import Failure

from shadowgate.net.listeners import Bind, Key


def bind_only(reactor: Any) -> Bind:
    """Return what binds an endpoint and leaves its clients waiting for a worker to accept them."""

    def bind(key: Key, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        listening: Deferred[IListeningPort] = serverFromString(reactor, key[1]).listen(factory)
        return listening.addCallback(_hold)

    return bind


def adopt(reactor: Any, endpoint: str, descriptor: int, factory: IProtocolFactory) -> Deferred[IListeningPort]:
    """Serve the socket that the supervisor has bound for ``endpoint``; what wraps the socket is made here."""
    if endpoint.startswith("systemd:"):
        # The numbers that this names are the supervisor's.
        return succeed(_port(reactor, descriptor, factory))
    listening: Deferred[IListeningPort] = serverFromString(_Adopting(reactor, descriptor), endpoint).listen(factory)
    return listening


def _hold(port: Any) -> Any:
    # In the turn of the reactor in which it was opened: no client can have been accepted yet.
    if not isinstance(port, tcp.Port):
        port.stopListening()
        raise ValueError("only TCP and UNIX sockets can be shared between processes")
    port.stopReading()
    return port


class _OneByOne:
    """Accepts one client a turn: taking all that wait, the quickest process would leave the others without work."""

    @property
    def numberAccepts(self) -> int:
        return 1

    @numberAccepts.setter
    def numberAccepts(self, wanted: int) -> None:
        """Twisted's port would raise this with the traffic."""


class _TCPPort(_OneByOne, tcp.Port):
    """A TCP port of the supervisor's."""


class _UNIXPort(_OneByOne, unix.Port):
    """A UNIX port of the supervisor's: the path, its mode and its end are left alone."""

    _shouldShutdown = False

    def startListening(self) -> None:
        port: Any = self
        port.factory.doStart()
        port.connected = True
        port.socket = port._preexistingSocket
        port.fileno = port.socket.fileno
        port.startReading()

    def connectionLost(self, reason: Failure) -> None:
        tcp.Port.connectionLost(self, reason)


def _port(reactor: Any, descriptor: int, factory: IProtocolFactory) -> Any:
    """Return an open port on a socket, whose descriptor is taken."""
    with socket.socket(fileno=os.dup(descriptor)) as bound:
        family = bound.family
    tcp_port: Any = _TCPPort
    unix_port: Any = _UNIXPort
    if family == socket.AF_UNIX:
        port = unix_port._fromListeningDescriptor(reactor, descriptor, factory)
    else:
        port = tcp_port._fromListeningDescriptor(reactor, descriptor, family, factory)
    os.close(descriptor)
    port.backlog = 0  # not ours to say
    port.startListening()
    return port


class _Adopting:
    """A reactor to endpoints, which opens one socket whatever it is told to bind."""

    def __init__(self, reactor: Any, descriptor: int) -> None:
        self._reactor = reactor
        self._descriptor = descriptor

    def listenTCP(self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = "") -> Any:
        return _port(self._reactor, self._descriptor, factory)

    def listenUNIX(
        self, path: str, factory: IProtocolFactory, backlog: int = 50, mode: int = 0o666, wantPID: int = 0
    ) -> Any:
        return _port(self._reactor, self._descriptor, factory)

    def listenSSL(
        self, port: int, factory: IProtocolFactory, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        from twisted.protocols.tls import TLSMemoryBIOFactory

        wrapped = TLSMemoryBIOFactory(contextFactory, False, factory)
        return _port(self._reactor, self._descriptor, wrapped)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
