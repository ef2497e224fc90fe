"""Whether a client sends fast enough: bytes per second, averaged over one message after a grace.

Only what the client itself holds up counts: its owner begins anew whenever it was the gateway that did not read.
"""

from __future__ import annotations

from collections.abc import Callable

from shadowgate.runtime.timers import Lane


class Pace:
    """One client's.  ``lane`` lasts as long as the grace; ``late`` is called when a message comes too slowly."""

    __slots__ = ("_lane", "_late", "_now", "_rate", "_received", "_since")

    def __init__(self, lane: Lane, now: Callable[[], float], late: Callable[[], None]) -> None:
        self._lane = lane
        self._now = now
        self._late = late
        self._rate = 0
        self._received = 0
        self._since = 0.0

    def begin(self, rate: int) -> None:
        """Measure from now on, against so many bytes per second; 0 measures nothing."""
        self._rate = rate
        self._received = 0
        if rate:
            self._since = self._now()
            self._lane.start(self)

    def count(self, size: int) -> None:
        self._received += size

    def begin_again(self) -> None:
        """Forget what came so far, if anything is measured."""
        self.begin(self._rate)

    def end(self) -> None:
        self._rate = 0
        self._lane.stop(self)

    def expired(self, lane: Lane) -> None:
        if self._received < self._rate * (self._now() - self._since):
            self._rate = 0
            self._late()
        else:
            lane.start(self)
