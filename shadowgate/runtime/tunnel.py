"""Two connections as one: what comes out of either goes into the other, and nobody here looks at it.

A tunnel is what an exchange becomes when its upstream answers 101.  Each end pauses the other, so that no more than one
read of bytes waits in either direction; an end that says that it has no more is passed on, and its peer may still talk.
Nothing of HTTP may live here.
"""

from __future__ import annotations

from collections.abc import Callable

from shadowgate.runtime import outcomes
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.streams import RawEnd
from shadowgate.runtime.timers import Lane, Timers

Over = Callable[[Outcome, int, int], None]
"""``(how it ended, bytes from the client, bytes to the client)``; called once."""


class Tunnel:
    """Stands in ``tunnels`` from :meth:`start` until ``over`` is called; whoever owns that set may :meth:`close` it.

    ``idle`` seconds are how long nothing may move (HAProxy ``timeout tunnel``).  From the end of one direction no more
    than ``half_closed`` (``timeout client-fin``), which also bounds how long a peer that does not read is waited for.
    """

    __slots__ = ("_client", "_half_closed_lane", "_lane", "_over", "_tunnels", "_upstream")

    def __init__(self, tunnels: set[Tunnel], timers: Timers, idle: float, half_closed: float, over: Over) -> None:
        self._tunnels = tunnels
        self._lane = timers.lane(idle)
        self._half_closed_lane = timers.lane(min((each for each in (idle, half_closed) if each), default=0.0))
        self._over: Over | None = over
        self._client: Flow
        self._upstream: Flow

    def start(self, client: RawEnd, upstream: RawEnd) -> None:
        """Let the bytes go."""
        self._tunnels.add(self)
        self._lane.start(self)
        up, down = self._client, self._upstream = Flow(self, client), Flow(self, upstream)
        up.other, down.other = down, up
        client.start(up)
        upstream.start(down)

    def close(self, outcome: Outcome) -> None:
        """Cut both connections."""
        if self._over is not None:
            self._client.source.abort()
            self._upstream.source.abort()
            self._finish(outcome)

    def expired(self, lane: Lane) -> None:
        self.close(outcomes.TUNNEL_IDLE)

    # From its flows

    def moved(self) -> None:
        """There was a sign of life."""
        if self._over is not None:
            self._lane.start(self)

    def ended(self) -> None:
        """A direction has ended; when both have, the connections go once everything is written."""
        if self._over is None:
            return
        self._lane.stop(self)
        self._lane = self._half_closed_lane
        self._lane.start(self)
        if self._client.ended and self._upstream.ended:
            self._client.close()
            self._upstream.close()

    def lost(self) -> None:
        """A connection is gone: the other one goes once everything is written."""
        if self._client.gone and self._upstream.gone:
            self._finish(outcomes.TUNNEL)
        else:
            self.ended()

    def _finish(self, outcome: Outcome) -> None:
        over, self._over = self._over, None
        if over is not None:
            self._lane.stop(self)
            self._tunnels.discard(self)
            over(outcome, self._client.count, self._upstream.count)

    def __repr__(self) -> str:
        return f"<Tunnel, {self._client.count} bytes up, {self._upstream.count} down, open={self._over is not None}>"


class Flow:
    """One direction: hears ``source`` and writes to the source of the ``other``.  ``count`` is in bytes.

    ``ended`` when no more will come, ``gone`` when the source's connection is.
    """

    __slots__ = ("_closed", "_tunnel", "count", "ended", "gone", "other", "source")

    other: Flow

    def __init__(self, tunnel: Tunnel, source: RawEnd) -> None:
        self._tunnel = tunnel
        self.source = source
        self.count = 0
        self.ended = False
        self.gone = False
        self._closed = False

    def data(self, data: bytes) -> None:
        if not self.ended:
            self.count += len(data)
            self._tunnel.moved()
            self.other.source.write(data)

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.other.source.end()
            self._tunnel.ended()

    def lost(self) -> None:
        self.gone = self._closed = True
        # What the other one still says has nowhere to go.
        self.ended = self.other.ended = True
        self._tunnel.lost()

    def full(self) -> None:
        self.other.source.pause()

    def drained(self) -> None:
        self._tunnel.moved()
        self.other.source.resume()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.source.close()
