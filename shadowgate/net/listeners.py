"""The ports that are open: new ones are bound beside the old, and the old are closed once the new serve."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from socket import SOMAXCONN
from typing import Any

from twisted.internet import tcp
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from shadowgate.model import Listener
from shadowgate.net.moving import MovableReactor
from shadowgate.plugin import Report
from shadowgate.plugin.checks import listeners

log = Logger(namespace="shadowgate")

TWISTED_BACKLOG = 50
"""What Twisted's endpoints ask for when nobody says: a burst of clients would wait for their kernels to try again."""

Key = tuple[str, str]
"""A listener's name and its endpoint."""

Bind = Callable[[Key, IProtocolFactory], "Deferred[IListeningPort]"]
"""Opens one port for a factory."""


class Listeners:
    """Opens and closes listening ports; ``factory`` makes the Twisted factory for a listener.

    ``bind`` opens one, by ``reactor``; without it, the endpoint is bound as it says.  ``opened`` hears of each that is
    open.
    """

    def __init__(
        self,
        reactor: Any,
        factory: Callable[[Listener], IProtocolFactory],
        bind: Bind | None = None,
        opened: Callable[[IProtocolFactory, IListeningPort], object] = lambda factory, port: None,
    ) -> None:
        self._factory = factory
        self._opened = opened
        self._reactor = reactor if isinstance(reactor, MovableReactor) else MovableReactor(reactor)
        self._bind_port = bind or (lambda key, factory: serverFromString(self._reactor, key[1]).listen(factory))
        self._open: dict[Key, IListeningPort | None] = {}
        self._handed_over: set[str] = set()
        self._closed = False

    def open(self, wanted: Iterable[Listener], report: Report) -> None:
        """Bind what is not bound yet; when one fails, those that were bound by this call are closed again.

        A listener may have moved to another address of the same port: the ports that are not wanted make room.
        After :meth:`close` nothing is opened any more: a configuration may still be on its way when the end begins.
        """
        if self._closed:
            return
        wanted = tuple(wanted)
        bound: list[tuple[str, str]] = []
        for listener in wanted:
            key = (listener.name, listener.endpoint)
            if key in self._open:
                continue
            with self._reactor.making_room(port for other, port in self.ports().items() if other not in _keys(wanted)):
                failure = self._bind(key, listener)
            if failure is None:
                bound.append(key)
                continue
            report.error(
                f"cannot listen on {listener.endpoint}: {_reason(failure)}",
                listener.position,
                path=f"listener {listener.name}",
                check=listeners.CANNOT_LISTEN,
            )
            for fresh in bound:
                self._close(fresh)
            return

    def close_others(self, wanted: Iterable[Listener]) -> None:
        """Close the ports that are not wanted any more; their clients keep their connections."""
        keys = _keys(wanted)
        for key in [key for key in self._open if key not in keys]:
            self._close(key)

    def close(self) -> Deferred[Any]:
        """Close every port, for good; fires when all are closed."""
        self._closed = True
        return DeferredList([self._close(key) for key in list(self._open)], consumeErrors=True)

    @property
    def addresses(self) -> tuple[tuple[str, str, str], ...]:
        """``(listener, endpoint, address bound)`` of each open port."""
        return tuple((*key, "" if port is None else _shown(port.getHost())) for key, port in self._open.items())

    def ports(self) -> dict[Key, IListeningPort]:
        """The open ports by listener."""
        return {key: port for key, port in self._open.items() if port is not None}

    def _bind(self, key: Key, listener: Listener) -> Failure | None:
        endpoint = listener.endpoint
        failures: list[Failure] = []
        late = False
        if endpoint in self._handed_over:
            return Failure(ValueError("the service manager hands a socket over once, and this one has been closed"))
        self._open[key] = None
        try:
            factory = self._factory(listener)
            listening = self._bind_port(key, factory)
        except Exception:
            del self._open[key]
            return Failure()

        def ready(port: IListeningPort) -> None:
            if key in self._open:
                self._open[key] = port
                if _of_the_manager(endpoint):
                    self._handed_over.add(endpoint)  # its descriptor is gone, and soon somebody else's
                _deepen(endpoint, port)
                self._opened(factory, port)
            else:
                port.stopListening()

        def failed(failure: Failure) -> None:
            self._open.pop(key, None)
            failures.append(failure)
            if late:
                log.error("cannot listen on {endpoint}: {reason}", endpoint=endpoint, reason=_reason(failure))

        # Every endpoint of Twisted's own has its answer at once; one that takes longer is told about in the log.
        listening.addCallbacks(ready, failed)
        late = True
        return failures[0] if failures else None

    def _close(self, key: tuple[str, str]) -> Deferred[Any]:
        port = self._open.pop(key, None)
        done: Deferred[Any] = Deferred()
        stopped = None if port is None else port.stopListening()
        if stopped is None:
            done.callback(None)
        else:
            stopped.chainDeferred(done)
        return done

    def __repr__(self) -> str:
        return f"<Listeners {', '.join(endpoint for _, endpoint in self._open) or 'none'}>"


def _keys(wanted: Iterable[Listener]) -> set[Key]:
    return {(listener.name, listener.endpoint) for listener in wanted}


def _of_the_manager(endpoint: str) -> bool:
    return endpoint.startswith("systemd:")


def _deepen(endpoint: str, port: Any) -> None:
    """Let as many clients wait to be accepted as the system allows, unless the endpoint says how many."""
    # A service manager's sockets have a depth of their own, as those of a supervisor have.
    if isinstance(port, tcp.Port) and port.backlog == TWISTED_BACKLOG and not _of_the_manager(endpoint):
        port.backlog = SOMAXCONN
        port.socket.listen(SOMAXCONN)


def _shown(address: Any) -> str:
    """Return a socket's address as endpoints of a configuration are written."""
    if isinstance(address, UNIXAddress):
        return f"unix:{os.fsdecode(address.name or b'')}"
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    return f"{address.host}:{address.port}" if isinstance(address, IPv4Address) else str(address)


def _reason(failure: Failure) -> str:
    error = failure.value
    if isinstance(error, CannotListenError):
        return str(getattr(error.socketError, "strerror", None) or error.socketError)
    return str(error) or type(error).__name__
