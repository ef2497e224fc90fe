"""What one mirror's shadows share.  It outlives configurations, so that a reload does not close an open breaker."""

from __future__ import annotations

from shadowgate.model import MirrorLimits
from shadowgate.runtime.stats import MirrorStats


class MirrorState:
    """What one mirror's shadows share: their counts, the bytes that wait for them, and the breaker."""

    __slots__ = ("failures", "open_until", "stats", "waiting_bytes")

    def __init__(self, stats: MirrorStats) -> None:
        self.stats = stats
        self.waiting_bytes = 0
        self.failures = 0
        self.open_until = 0.0

    def admits(self, limits: MirrorLimits, now: float) -> bool:
        """Whether the breaker lets a shadow through; while it is open, one trial each time the pause is over."""
        if self.failures < limits.breaker_failures or not limits.breaker_failures:
            return True
        if now < self.open_until:
            return False
        self.open_until = now + limits.breaker_pause
        return True

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self, limits: MirrorLimits, now: float) -> None:
        self.failures += 1
        if self.failures >= limits.breaker_failures:
            self.open_until = now + limits.breaker_pause

    def __repr__(self) -> str:
        return f"<MirrorState {self.stats.name}, {self.stats.in_flight} in flight, {self.failures} failures in a row>"
