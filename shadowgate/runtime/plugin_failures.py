"""What becomes of plugins' mistakes: each is counted, and told with its traceback now and then.

A plugin that raises at every request would have a traceback written for every request, and all clients would wait for
that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger
from twisted.python.failure import Failure

from shadowgate.runtime.stats import Tally

QUIET: Final = 10.0
"""Seconds after a traceback in which the same plugin's next ones, from the same place, are only counted."""


class PluginFailures:
    """Counts by plugin; ``now`` gives monotonic seconds."""

    __slots__ = ("_counts", "_log", "_now", "_told")

    def __init__(self, counts: Tally, log: Logger, now: Callable[[], float]) -> None:
        self._counts = counts
        self._log = log
        self._now = now
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def note(self, name: str, told: str, failure: Failure | None = None) -> None:
        """Count what the plugin ``name`` raised, which is handled now or is the given ``failure``.

        ``told`` is what the log says of it, with the plugin's ``{name}``.
        """
        self._counts[name] += 1
        now = self._now()
        last, more = self._told.get((name, told), (now - QUIET, 0))
        if now - last < QUIET:
            self._told[name, told] = last, more + 1
            return
        self._told[name, told] = now, 0
        if more:
            told += " ({more} more since this was last told)"
        self._log.failure(told, failure, name=name, more=more)
