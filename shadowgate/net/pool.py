"""The connections to one endpoint: the idle ones at hand, and new ones on demand.

An idle connection is given out at once, the one used last first, so that the rest grow old and go.  Making one is the
only thing that waits.  How many there may be of a cluster is for ``bounded_pool``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from attrs import frozen

from shadowgate.http.framing import WireLimits
from shadowgate.model import ConnectionPool, TcpKeepalive
from shadowgate.net.client import ClientConnection
from shadowgate.net.dial import Dialer
from shadowgate.net.keepalive import keep_alive
from shadowgate.net.readiness import Readiness
from shadowgate.net.share import Share
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.streams import Dial, Receiver, Waiter
from shadowgate.runtime.timers import Alarm, Lane, Timers


@frozen(eq=False)
class Upkeep:
    """What a cluster says of each of its connections (Istio ``connectionPool``); None is nothing said.

    connect_timeout
        Seconds; goes before what the one who dials says.
    requests
        How many a connection serves.
    age
        The lane of connections that may not grow older; one that is in use then is closed when it is done.
    """

    connect_timeout: float | None = None
    requests: int | None = None
    age: Lane | None = None
    keepalive: TcpKeepalive | None = None


def upkeep_of(policy: ConnectionPool | None, timers: Timers) -> Upkeep | None:
    """Return what a cluster's policy says of each connection, None where that is nothing."""
    if policy is None:
        return None
    age = policy.max_connection_duration
    upkeep = (
        policy.connect_timeout,
        policy.max_requests_per_connection,
        None if age is None else timers.lane(age),
        policy.keepalive,
    )
    return None if upkeep == (None,) * 4 else Upkeep(*upkeep)


def idle_time(policy: ConnectionPool | None, otherwise: float) -> float:
    """Return how long a connection may be idle: what is said for HTTP goes before what is said for TCP, as in Istio."""
    if policy is None:
        return otherwise
    said = (policy.idle_timeout, policy.tcp_idle_timeout)
    return next((seconds for seconds in said if seconds is not None), otherwise)


class Pool:
    """Implements ``streams.Pool`` over HTTP/1.1 connections.

    ``idle_lane`` bounds how long one stays idle.  A pool for shadows has a ``share``: it takes no more than that, and
    what is written to its connections goes out behind everything else.
    """

    def __init__(
        self,
        name: str,
        dialer: Dialer,
        limits: WireLimits,
        idle_lane: Lane,
        most_idle: int,
        upkeep: Upkeep | None = None,
        readiness: Readiness | None = None,
        share: Share | None = None,
    ) -> None:
        self.name = name
        self._dialer = dialer
        self._limits = limits
        self._lane = idle_lane
        self._most_idle = most_idle
        self._upkeep = upkeep
        self._readiness = readiness
        self._share = share
        # Insertion order is the order of use; a connection can leave from the middle.
        self._idle: dict[ClientConnection, None] = {}
        self._busy: set[ClientConnection] = set()
        self._ages: dict[ClientConnection, Alarm] = {}
        self._closed = False

    def checkout(self, receiver: Receiver, lenient: bool = False) -> ClientConnection | None:
        idle = self._idle
        while idle:
            connection, _ = idle.popitem()
            self._lane.stop(connection)
            # Bytes that came before the request must not become its answer, and a POST must not meet a close.
            if connection.stale(lenient):
                connection.abort()
                continue
            self._busy.add(connection)
            connection.assign(receiver)
            return connection
        return None

    def dial(self, waiter: Waiter, timeout: float) -> Dial:
        return self.connect(waiter, timeout)

    def connect(self, waiter: Waiter, timeout: float) -> Dialing:
        """Make a connection, whatever there are already."""
        upkeep = self._upkeep
        if upkeep is not None and upkeep.connect_timeout is not None:
            timeout = upkeep.connect_timeout
        dialer = self._dialer if self._share is None else self._share.take(self._dialer)
        return Dialing(self, waiter, dialer, timeout)

    def close(self) -> None:
        self._closed = True
        for connection in list(self._idle):
            self._lane.stop(connection)
            connection.close()
        self._idle.clear()

    # For a connection that is being made

    def made(self) -> ClientConnection:
        """Return a new connection, not connected yet."""
        return ClientConnection(self._limits, self._released, self._readiness, self._share is not None)

    def take(self, connection: ClientConnection) -> None:
        """A connection that was just made is in use."""
        self._busy.add(connection)
        upkeep = self._upkeep
        if upkeep is None:
            return
        if upkeep.keepalive is not None:
            keep_alive(connection.transport, upkeep.keepalive)
        if upkeep.age is not None:
            self._ages[connection] = Alarm(upkeep.age, partial(self._grown_old, connection))

    def unmade(self) -> None:
        """No connection came of a :meth:`connect`."""
        if self._share is not None:
            self._share.give_back()

    # Within

    def _released(self, connection: ClientConnection, usable: bool) -> None:
        self._busy.discard(connection)
        if not usable:
            if self._share is not None:
                self._share.give_back()
            if self._idle.pop(connection, False) is None:
                self._lane.stop(connection)
            if self._ages:
                age = self._ages.pop(connection, None)
                if age is not None:
                    age.stop()
        elif (
            self._closed
            or len(self._idle) >= self._most_idle
            or (self._share is not None and self._share.crowded)
            or (self._upkeep is not None and self._spent(connection, self._upkeep))
        ):
            connection.close()
        else:
            self._idle[connection] = None
            self._lane.start(connection)

    def _spent(self, connection: ClientConnection, upkeep: Upkeep) -> bool:
        """Whether a connection has served as many requests, or as long, as it may."""
        if upkeep.requests is not None and connection.requests >= upkeep.requests:
            return True
        return upkeep.age is not None and connection not in self._ages

    def _grown_old(self, connection: ClientConnection) -> None:
        del self._ages[connection]
        if connection in self._idle:
            del self._idle[connection]
            self._lane.stop(connection)
            connection.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}, {len(self._busy)} busy, {len(self._idle)} idle>"


class Dialing:
    """One connection being made for one waiter; the ``dial.Caller`` of whoever makes it."""

    def __init__(self, pool: Pool, waiter: Waiter, dialer: Dialer, timeout: float) -> None:
        self._pool = pool
        self._waiter = waiter
        self._under_way = True
        self._dial: Dial = dialer.dial(self, timeout)

    def cancel(self) -> None:
        if self._under_way:
            self._under_way = False
            self._dial.cancel()
            self._pool.unmade()

    # For whoever makes it

    def build(self) -> ClientConnection:
        return self._pool.made()

    def connected(self, protocol: Any) -> None:
        self._under_way = False
        connection: ClientConnection = protocol
        waiter = self._waiter
        self._pool.take(connection)
        connection.assign(waiter)
        waiter.connected(connection)

    def failed(self, outcome: Outcome) -> None:
        self._under_way = False
        self._pool.unmade()
        self._waiter.connect_failed(outcome)
