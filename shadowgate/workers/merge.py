"""The numbers of several processes as one: the same series are summed, of a worker that ended its counts stay.

Counters must not go backwards when a worker is replaced, or rates would be wrong; gauges tell of what is alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from prometheus_client.core import Metric

Plain = Sequence[Any]
"""Metric families as JSON has them: name, type, help, and samples of name, labels and value."""

CUMULATIVE: Final = ("counter", "histogram", "summary")

FROM_CONFIGURATION: Final = ("route", "mirror", "endpoint")
"""Labels whose values come and go with configurations."""


def plain_metrics(metrics: Iterable[Metric]) -> Plain:
    """Return metric families as they travel."""
    return [
        [
            metric.name,
            metric.type,
            metric.documentation,
            [[sample.name, sorted(sample.labels.items()), sample.value] for sample in metric.samples],
        ]
        for metric in metrics
    ]


class Sums:
    """Families under way to their sums."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[str, str, dict[tuple[str, tuple[tuple[str, str], ...]], float]]] = {}

    def add(self, plain: Plain, cumulative_only: bool = False) -> None:
        """Add one process's families."""
        for name, kind, help, samples in plain:
            if cumulative_only and kind not in CUMULATIVE:
                continue
            sums = self._families.setdefault(name, (kind, help, {}))[2]
            for sample, labels, value in samples:
                key = (sample, tuple((label, text) for label, text in labels))
                sums[key] = sums.get(key, 0) + value

    def keep(self, alive: Sums) -> None:
        """Forget the series of routes, mirrors and endpoints that ``alive`` has not: no configuration names them."""
        named = alive._names()
        for _, _, sums in self._families.values():
            for key in [key for key in sums if any(pair[0] in named and pair not in named[pair[0]] for pair in key[1])]:
                del sums[key]

    def plain(self) -> Plain:
        return [
            [name, kind, help, [[sample, labels, value] for (sample, labels), value in sums.items()]]
            for name, (kind, help, sums) in self._families.items()
        ]

    def metrics(self) -> list[Metric]:
        """Return the sums as metric families."""
        families = []
        for name, (kind, help, sums) in self._families.items():
            family = Metric(name, help, kind)
            for (sample, labels), value in sums.items():
                family.add_sample(sample, dict(labels), value)
            families.append(family)
        return families

    def _names(self) -> dict[str, set[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = {}
        for _, _, sums in self._families.values():
            for _, labels in sums:
                for pair in labels:
                    if pair[0] in FROM_CONFIGURATION:
                        found.setdefault(pair[0], set()).add(pair)
        return found
