"""How much of one cluster may be used at once, who is next, and what a request that wants a connection is told.

Istio ``connectionPool``, Envoy's circuit breakers.  Counts and decisions; connections are made and closed elsewhere.
The pools of a cluster's endpoints share one :class:`Line`; the pools of its shadows share another, so that a mirror
takes nothing from clients.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from shadowgate.model import ConnectionPool
from shadowgate.runtime.stats import Tally

Verdict = Literal["connect", "queue", "max_requests", "max_pending"]
"""What becomes of a request that needs a connection: the last two are the bounds that it has met."""


class Bounds:
    """What is in use of a cluster, and the most that may be; None is no bound.

    ``connections`` are idle, in use, being made or on their way out; ``requests`` have a connection or one that is
    being made; ``waiting`` are those for which one is being made or that stand in a queue.
    """

    __slots__ = ("connections", "max_connections", "max_pending", "max_requests", "requests", "waiting")

    def __init__(self, policy: ConnectionPool) -> None:
        self.max_connections = policy.max_connections
        self.max_requests = policy.max_requests
        self.max_pending = policy.max_pending
        self.connections = 0
        self.requests = 0
        self.waiting = 0

    def __repr__(self) -> str:
        return f"<Bounds {self.connections} connections, {self.requests} requests, {self.waiting} waiting>"


def bounded(policy: ConnectionPool) -> bool:
    """Whether a policy bounds anything that pools have to count for."""
    return (policy.max_connections, policy.max_requests, policy.max_pending) != (None, None, None)


def has_room(bounds: Bounds) -> bool:
    """Whether one more connection may be made."""
    return bounds.max_connections is None or bounds.connections < bounds.max_connections


def requests_full(bounds: Bounds) -> bool:
    """Whether as many requests are under way as may be (Envoy ``max_requests``)."""
    return bounds.max_requests is not None and bounds.requests >= bounds.max_requests


def decide(bounds: Bounds, queued: bool, room: bool) -> Verdict:
    """Decide about a request for which no idle connection is at hand.

    ``queued``: others stand in a queue already; ``room``: a connection can be made, if need be in the place of an idle
    one.  As in Envoy, a request whose connection is being made counts as waiting (``max_pending_requests``); but a
    bound of 0 is taken to mean that nobody stands in a queue, or no connection could ever be made.
    """
    if requests_full(bounds):
        return "max_requests"
    most = bounds.max_pending
    may_wait = most is None or bounds.waiting < most
    if room and not queued:
        return "connect" if may_wait or most == 0 else "max_pending"
    return "queue" if may_wait else "max_pending"


class Queueing(Protocol):
    """A pool with a queue."""

    @property
    def open(self) -> int:
        """How many connections it has, those being made included."""

    @property
    def idle(self) -> int: ...

    def give_up_idle(self) -> None:
        """Close an idle connection at once."""

    def serve_idle(self) -> bool:
        """Give an idle connection to the first in the queue; False when none of them was of any use."""

    def serve_new(self) -> None:
        """Make a connection for the first in the queue."""


class Line:
    """The ``pools`` of one cluster; ``waiting`` are those of them that have a queue, in turn.

    ``overflows`` counts the requests that were refused, by the bound that they met.  Queues are served in a turn of the
    reactor of its own: whoever gives a connection back is in the middle of something.
    """

    def __init__(self, policy: ConnectionPool, overflows: Tally, clock: IReactorTime) -> None:
        self.bounds = Bounds(policy)
        self.overflows = overflows
        self.pools: dict[Queueing, None] = {}
        self.waiting: dict[Queueing, None] = {}
        self._clock = clock
        self._call: IDelayedCall | None = None

    def verdict(self) -> Verdict:
        """Decide about a request; a refusal is counted."""
        room = has_room(self.bounds) or any(pool.idle for pool in self.pools)
        verdict = decide(self.bounds, bool(self.waiting), room)
        if verdict in ("max_requests", "max_pending"):
            self.overflows[verdict] += 1
        return verdict

    def make_room(self) -> bool:
        """Close an idle connection, at any endpoint, if that is needed for one more; whether there is room now."""
        if not has_room(self.bounds):
            giver = _with_idle(self.pools)
            if giver is not None:
                giver.give_up_idle()
        return has_room(self.bounds)

    def wake(self) -> None:
        """Something came free: see soon who can go on."""
        if self.waiting and self._call is None:
            self._call = self._clock.callLater(0, self._serve)

    def _serve(self) -> None:
        self._call = None
        waiting = self.waiting
        while waiting:
            pool = _starving(waiting)
            if pool is None:
                pool = _with_idle(waiting)
                if pool is not None and pool.serve_idle():
                    continue
                pool = next(iter(waiting))
            if not self.make_room():
                break
            pool.serve_new()

    def __repr__(self) -> str:
        return f"<Line of {len(self.waiting)} pools, {self.bounds!r}>"


Q = TypeVar("Q", bound=Queueing)


def _starving(line: Iterable[Q]) -> Q | None:
    """Return the first pool that has no connection at all: nothing of its own will ever come free."""
    return next((pool for pool in line if not pool.open), None)


def _with_idle(line: Iterable[Q]) -> Q | None:
    return next((pool for pool in line if pool.idle), None)
