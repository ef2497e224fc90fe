"""Counts, kept as plain integers and turned into a metrics format only when somebody asks.

Everything here outlives configurations.  Labels come from the configuration, never from requests, so the number of
series is bounded by what the user wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

# Of a length that mypyc knows, it would be made anew at every look.
BOUNDS: Final[tuple[float, ...]] = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)


class Histogram:
    """Seconds, counted in fixed buckets; the last bucket is everything above the highest bound."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        place = 0
        for bound in BOUNDS:  # most requests are quick, and stop at the first few
            if seconds <= bound:
                break
            place += 1
        self.buckets[place] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        return sum(self.buckets)


class Tally(dict[str, int]):
    """Counts by a label."""

    def __missing__(self, key: str) -> int:
        return 0


def status_class(status: int) -> int:
    """Return the first digit; what is above 599 counts as 5 (RFC 9110 section 15)."""
    return min(status // 100, 5)


class RouteStats:
    """One route's exchanges.  ``statuses`` counts by status class, ``outcomes`` by the name of the Outcome.

    ``retries`` counts the further attempts that the retry policy wanted: those ``made``, those ``over_budget``, those
    whose request was ``not_repeatable``, being too long to be kept or answered in part.
    """

    __slots__ = ("duration", "in_flight", "name", "outcomes", "received", "retries", "sent", "statuses")

    def __init__(self, name: str) -> None:
        self.name = name
        self.in_flight = 0
        self.received = 0
        self.sent = 0
        self.statuses = [0] * 6
        self.outcomes = Tally()
        self.retries = Tally()
        self.duration = Histogram()

    def count_status(self, status: int) -> None:
        self.statuses[status_class(status)] += 1


class MirrorStats:
    """One mirror's shadows.

    ``sampled == sent + sum(dropped) + connecting`` and ``sent == sum(completed) + sum(failed) + answering`` at every
    moment; ``in_flight == connecting + answering``.
    """

    __slots__ = (
        "answering",
        "bytes_received",
        "bytes_sent",
        "completed",
        "connecting",
        "dropped",
        "duration",
        "failed",
        "name",
        "sampled",
        "sent",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.sampled = 0
        self.sent = 0
        self.connecting = 0
        self.answering = 0
        self.completed = [0] * 6
        self.dropped = Tally()
        self.failed = Tally()
        self.bytes_sent = 0
        self.bytes_received = 0
        self.duration = Histogram()

    @property
    def in_flight(self) -> int:
        return self.connecting + self.answering


class ClusterStats:
    """What befell a cluster or subset: clients' requests refused by bound, ejections by reason, probes by result.

    ``withheld`` counts ejections that there was a reason for, but too many endpoints out already.
    """

    __slots__ = ("ejections", "name", "overflows", "probes", "withheld")

    def __init__(self, name: str) -> None:
        self.name = name
        self.overflows = Tally()
        self.ejections = Tally()
        self.withheld = 0
        self.probes = Tally()


class Stats:
    """All the numbers of one gateway."""

    def __init__(self) -> None:
        self.routes: dict[str, RouteStats] = {}
        self.mirrors: dict[str, MirrorStats] = {}
        self.clusters: dict[str, ClusterStats] = {}
        self.unrouted = RouteStats("")
        self.refused = Tally()
        self.plugin_failures = Tally()
        self.plugin_counters: dict[str, tuple[str, list[int]]] = {}
        self.connections = 0
        self.connections_open = 0
        self.connections_refused = 0
        self.accept_pauses = Tally()
        self.log_lines_lost: Callable[[], int] = int

    def route(self, name: str) -> RouteStats:
        return self.routes.setdefault(name, RouteStats(name))

    def mirror(self, name: str) -> MirrorStats:
        return self.mirrors.setdefault(name, MirrorStats(name))

    def cluster(self, name: str) -> ClusterStats:
        return self.clusters.setdefault(name, ClusterStats(name))

    def counter(self, name: str, help: str) -> Callable[[], None]:
        """Return a callable that adds one to a plugin's counter (``plugin.Metrics``)."""
        cell = self.plugin_counters.setdefault(name, (help, [0]))[1]

        def increment() -> None:
            cell[0] += 1

        return increment

    def forget(self, routes: set[str], mirrors: set[str], clusters: set[str]) -> None:
        """Drop the series of what no configuration names any more and nothing uses."""
        self.clusters = {name: kept for name, kept in self.clusters.items() if name in clusters}
        self.routes = {name: kept for name, kept in self.routes.items() if name in routes or kept.in_flight}
        self.mirrors = {name: kept for name, kept in self.mirrors.items() if name in mirrors or kept.in_flight}
