"""What is left to do when the client has its answer: count it, write it down, and tell the filters."""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.compiler.snapshot import DoneHook
from shadowgate.plugin import ExchangeRecord
from shadowgate.runtime.core import Core
from shadowgate.runtime.stats import RouteStats


def account(core: Core, stats: RouteStats, record: ExchangeRecord, hooks: Sequence[DoneHook]) -> None:
    """Put one finished exchange into the numbers and the log; a hook that raises is contained and counted."""
    core.in_flight -= 1
    stats.in_flight -= 1
    stats.received += record.received
    stats.sent += record.sent
    stats.count_status(record.status)
    stats.outcomes[record.outcome] += 1
    if record.status != 101:  # how long a tunnel stands says nothing of how fast requests are answered
        stats.duration.observe(record.duration)
    core.access_log.exchange(record)
    for name, hook in hooks:
        try:
            hook(record)
        except Exception:
            core.plugin_failures.note(name, "on_done of {name} raised")
