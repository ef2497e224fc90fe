"""A pool whose cluster bounds its connections and requests: who gets none at once stands in a queue or is refused.

What is decided stands in ``runtime.bounds``; here it is done and counted.
"""

from __future__ import annotations

from shadowgate.http.framing import WireLimits
from shadowgate.net.client import ClientConnection
from shadowgate.net.dial import Dialer
from shadowgate.net.pool import Dialing, Pool, Upkeep
from shadowgate.net.readiness import Readiness
from shadowgate.net.share import Share
from shadowgate.runtime import outcomes
from shadowgate.runtime.bounds import Line, requests_full
from shadowgate.runtime.streams import Dial, Receiver, Waiter
from shadowgate.runtime.timers import Lane, Timers


class BoundedPool(Pool):
    """One of the pools of a cluster, all of which stand in one ``line``."""

    def __init__(
        self,
        name: str,
        dialer: Dialer,
        limits: WireLimits,
        idle_lane: Lane,
        most_idle: int,
        upkeep: Upkeep | None,
        line: Line,
        timers: Timers,
        readiness: Readiness | None = None,
        share: Share | None = None,
    ) -> None:
        super().__init__(name, dialer, limits, idle_lane, most_idle, upkeep, readiness, share)
        self._line = line
        self._bounds = line.bounds
        self._timers = timers
        self._making = 0
        self._queue: dict[Queued, None] = {}
        line.pools[self] = None

    def checkout(self, receiver: Receiver, lenient: bool = False) -> ClientConnection | None:
        # Whoever came before goes first, at whichever endpoint.
        if self._line.waiting or requests_full(self._bounds):
            return None
        return self._check_out(receiver, lenient)

    def dial(self, waiter: Waiter, timeout: float) -> Dial:
        verdict = self._line.verdict()
        if verdict == "connect":
            self._line.make_room()
            return self.connect(waiter, timeout)
        if verdict == "queue":
            return self._queue_up(Queued(self, waiter, timeout, self._timers.lane(timeout)))
        return self._timers.clock.callLater(0, waiter.connect_failed, outcomes.OVERFLOW)

    def connect(self, waiter: Waiter, timeout: float) -> Dialing:
        self._making += 1
        self._bounds.connections += 1
        self._bounds.requests += 1
        self._bounds.waiting += 1
        return super().connect(waiter, timeout)

    def close(self) -> None:
        super().close()
        self._line.pools.pop(self, None)

    def take(self, connection: ClientConnection) -> None:
        self._making -= 1
        self._bounds.waiting -= 1
        super().take(connection)

    def unmade(self) -> None:
        super().unmade()
        self._making -= 1
        self._bounds.connections -= 1
        self._bounds.requests -= 1
        self._bounds.waiting -= 1
        self._line.wake()

    # For the line

    @property
    def open(self) -> int:
        return self._making + len(self._busy) + len(self._idle)

    @property
    def idle(self) -> int:
        return len(self._idle)

    def give_up_idle(self) -> None:
        connection = next(iter(self._idle))  # the one that was used longest ago
        self._lane.stop(connection)
        del self._idle[connection]
        connection.abort()

    def serve_idle(self) -> bool:
        queued = next(iter(self._queue))
        connection = self._check_out(queued.waiter)
        if connection is None:
            return False
        self.leave(queued)
        queued.waiter.connected(connection)
        return True

    def serve_new(self) -> None:
        queued = next(iter(self._queue))
        self.leave(queued)
        queued.dialing = self.connect(queued.waiter, queued.timeout)

    # Within

    def leave(self, queued: Queued) -> None:
        """Take somebody out of the queue."""
        del self._queue[queued]
        queued.lane.stop(queued)
        self._bounds.waiting -= 1
        # It was this pool's turn: the others' first, if there is one more.
        self._line.waiting.pop(self, None)
        if self._queue:
            self._line.waiting[self] = None

    def _queue_up(self, queued: Queued) -> Queued:
        self._queue[queued] = None
        queued.lane.start(queued)
        self._bounds.waiting += 1
        self._line.waiting[self] = None
        # An idle connection may be there, held back for those before.
        self._line.wake()
        return queued

    def _check_out(self, receiver: Receiver, lenient: bool = False) -> ClientConnection | None:
        connection = super().checkout(receiver, lenient)
        if connection is not None:
            self._bounds.requests += 1
        return connection

    def _released(self, connection: ClientConnection, usable: bool) -> None:
        if connection in self._busy:
            self._bounds.requests -= 1
        super()._released(connection, usable)
        if not usable:
            self._bounds.connections -= 1
        self._line.wake()

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, {len(self._queue)} in the queue>"


class Queued:
    """Somebody who waits for a connection; ``timeout`` bounds that, and later its making."""

    def __init__(self, pool: BoundedPool, waiter: Waiter, timeout: float, lane: Lane) -> None:
        self.waiter = waiter
        self.timeout = timeout
        self.lane = lane
        self.dialing: Dialing | None = None
        self._pool = pool

    def cancel(self) -> None:
        if self.dialing is not None:
            self.dialing.cancel()
        else:
            self._pool.leave(self)

    def expired(self, lane: Lane) -> None:
        self._pool.leave(self)
        self.waiter.connect_failed(outcomes.QUEUE_TIMEOUT)
