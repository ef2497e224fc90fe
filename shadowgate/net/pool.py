"""The connections to one endpoint: the idle ones at hand, and new ones on demand.

An idle connection is given out at once, the one used last first, so that the rest grow old and go.  Making one is the
only thing that waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError, DNSLookupError, TimeoutError, UserError
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from shadowgate.http.framing import WireLimits
from shadowgate.net.client import ClientConnection
from shadowgate.runtime import outcomes
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.streams import Receiver, Waiter
from shadowgate.runtime.timers import Lane

MakeEndpoint = Callable[[float], IStreamClientEndpoint]
"""``connect timeout in seconds -> endpoint to connect``."""


class Pool:
    """Implements ``streams.Pool`` over HTTP/1.1 connections.  ``idle_lane`` bounds how long one stays idle."""

    def __init__(self, name: str, make_endpoint: MakeEndpoint, limits: WireLimits, idle_lane: Lane, most_idle: int):
        self.name = name
        self._make_endpoint = make_endpoint
        self._limits = limits
        self._lane = idle_lane
        self._most_idle = most_idle
        # Insertion order is the order of use; a connection can leave from the middle.
        self._idle: dict[ClientConnection, None] = {}
        self._busy: set[ClientConnection] = set()
        self._closed = False

    def checkout(self, receiver: Receiver) -> ClientConnection | None:
        idle = self._idle
        while idle:
            connection, _ = idle.popitem()
            self._lane.stop(connection)
            # Bytes that came before the request must not become its answer, and a POST must not meet a close.
            if connection.stale():
                connection.abort()
                continue
            self._busy.add(connection)
            connection.assign(receiver)
            return connection
        return None

    def dial(self, waiter: Waiter, timeout: float) -> Dialing:
        return Dialing(self, waiter, self._make_endpoint(timeout))

    def close(self) -> None:
        self._closed = True
        for connection in list(self._idle):
            self._lane.stop(connection)
            connection.close()
        self._idle.clear()

    def made(self) -> ClientConnection:
        """Return a new connection, not connected yet."""
        return ClientConnection(self._limits, self._released)

    def take(self, connection: ClientConnection) -> None:
        """A connection that was just made is in use."""
        self._busy.add(connection)

    def _released(self, connection: ClientConnection, usable: bool) -> None:
        self._busy.discard(connection)
        if not usable:
            if self._idle.pop(connection, False) is None:
                self._lane.stop(connection)
        elif self._closed or len(self._idle) >= self._most_idle:
            connection.close()
        else:
            self._idle[connection] = None
            self._lane.start(connection)

    def __repr__(self) -> str:
        return f"<Pool {self.name}, {len(self._busy)} busy, {len(self._idle)} idle>"


class Dialing:
    """One connection being made for one waiter."""

    def __init__(self, pool: Pool, waiter: Waiter, endpoint: IStreamClientEndpoint) -> None:
        self._pool = pool
        self._waiter: Waiter | None = waiter
        self._attempt: Deferred[Any] = endpoint.connect(_factory(pool))
        self._attempt.addCallbacks(self._made, self._failed)

    def cancel(self) -> None:
        self._waiter = None
        self._attempt.cancel()

    def _made(self, connection: ClientConnection) -> None:
        waiter = self._waiter
        if waiter is None:
            connection.abort()
            return
        self._pool.take(connection)
        connection.assign(waiter)
        waiter.connected(connection)

    def _failed(self, failure: Failure) -> None:
        if self._waiter is not None:
            self._waiter.connect_failed(_outcome(failure))


def _factory(pool: Pool) -> Factory:
    factory = Factory()
    factory.noisy = False

    def build(address: object) -> IProtocol | None:
        return pool.made()

    factory.buildProtocol = build  # type: ignore[assignment]
    return factory


def _outcome(failure: Failure) -> Outcome:
    if failure.check(ConnectionRefusedError):
        return outcomes.CONNECT_REFUSED
    if failure.check(TimeoutError, UserError, CancelledError):
        return outcomes.CONNECT_TIMEOUT
    if failure.check(DNSLookupError):
        return outcomes.UNRESOLVED
    return outcomes.CONNECT_FAILED
