"""Many timeouts of a few lengths, for the price of a dictionary entry each.

Everything that waits for the same number of seconds stands in one lane, in order of arrival, which is the order of
expiry; a lane keeps one call of the clock for all of them.  A timeout fires up to ``GRAIN`` late, never early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

GRAIN = 0.1


class Expiring(Protocol):
    """Whatever can stand in a lane; hashed by identity."""

    def expired(self, lane: Lane) -> None:
        """The time is up; the entry has left the lane already."""


class Lane:
    """Timeouts of one length.  ``seconds`` of 0 never fires."""

    __slots__ = ("_call", "_clock", "_entries", "_now", "seconds")

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._now = clock.seconds
        self._entries: dict[Expiring, float] = {}
        self._call: IDelayedCall | None = None

    def start(self, entry: Expiring) -> None:
        """Begin (or begin again) the entry's time."""
        if not self.seconds:
            return
        entries = self._entries
        if entry in entries:
            del entries[entry]
        entries[entry] = self._now() + self.seconds
        if self._call is None:
            self._call = self._clock.callLater(self.seconds, self._wake)

    def stop(self, entry: Expiring) -> None:
        """End the entry's time; harmless when it is not running."""
        self._entries.pop(entry, None)

    def _wake(self) -> None:
        now = self._now()
        due = []
        for entry, deadline in self._entries.items():
            if deadline > now:
                break
            due.append(entry)
        try:
            for entry in due:
                # An earlier entry's expiry may have stopped this one.
                if self._entries.pop(entry, None) is not None:
                    entry.expired(self)
        finally:
            # Only now: what an expiry starts must not put off those that are due before it.
            self._call = None
            if self._entries:
                first = next(iter(self._entries.values()))
                self._call = self._clock.callLater(max(first - now, GRAIN), self._wake)

    def close(self) -> None:
        self._entries.clear()
        if self._call is not None and self._call.active():
            self._call.cancel()
            self._call = None

    def __iter__(self) -> Iterator[Expiring]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Lane {self.seconds:g}s, {len(self._entries)} waiting>"


class Alarm:
    """An entry of its own, for somebody who may stand in the same lane already."""

    __slots__ = ("_act", "_lane")

    def __init__(self, lane: Lane, act: Callable[[], object]) -> None:
        self._lane = lane
        self._act = act
        lane.start(self)

    def stop(self) -> None:
        self._lane.stop(self)

    def expired(self, lane: Lane) -> None:
        self._act()


class Timers:
    """The lanes of one gateway, one per length."""

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self._lanes: dict[float, Lane] = {}

    def lane(self, seconds: float) -> Lane:
        lane = self._lanes.get(seconds)
        if lane is None:
            lane = self._lanes[seconds] = Lane(self.clock, seconds)
        return lane

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()

    def __iter__(self) -> Iterator[Expiring]:
        """Give everybody whose time is running."""
        return chain.from_iterable(tuple(self._lanes.values()))

    def __len__(self) -> int:
        """Return how many timeouts are running."""
        return sum(map(len, self._lanes.values()))

    def __repr__(self) -> str:
        return f"<Timers {', '.join(f'{lane.seconds:g}s: {len(lane)}' for lane in self._lanes.values())}>"
