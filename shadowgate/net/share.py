"""What shadows may take of the process's descriptors: so few that no client goes without one for them.

A mirror that does not answer holds a connection for each shadow until the shadow's time is over, and what its mirrors
may have under way together can be more than the process may open.  Counts connections and knows no mirrors: a shadow
that gets none is dropped as if the system had none left, before the system has none left for a client.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from shadowgate.net.admission import Capacity
from shadowgate.net.dial import Caller, Dialer
from shadowgate.runtime import outcomes
from shadowgate.runtime.streams import Dial


class Spent:
    """Fails in the next turn: there is no descriptor to be had."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def dial(self, caller: Caller, timeout: float) -> Dial:
        return self._clock.callLater(0, caller.failed, outcomes.NO_SOCKET)


class Share:
    """How many connections the shadows of one process have, those that are being made and idle ones among them.

    They may have a quarter of what the process may open, and less where its clients, each with one towards its
    upstream, leave less.  Where a process has no bound, neither have they.
    """

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._spent = Spent(capacity.clock)
        self.used = 0

    @property
    def most(self) -> int:
        """How many there may be now; only where the process has a bound."""
        capacity = self._capacity
        return max(0, min(capacity.most // 2, 2 * (capacity.most - capacity.open)))

    @property
    def crowded(self) -> bool:
        """Whether so much of the quarter is taken that idle connections should make room for other mirrors'."""
        return 4 * self.used > self._capacity.most > 0

    def take(self, dialer: Dialer) -> Dialer:
        """Count one connection more; return who makes it: ``dialer``, or one that fails where there is no room."""
        self.used += 1
        return self._spent if self._capacity.most and self.used > self.most else dialer

    def give_back(self) -> None:
        """A connection that was taken has ended, or was not made."""
        self.used -= 1

    def __repr__(self) -> str:
        return f"<Share, {self.used} used>"
