"""What a component is given at run time, in memory: an environment without a gateway, candidates without endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.logger import Logger

from shadowgate.plugin.values import Environment


@define
class MemoryMetrics:
    """Counters that a test can read: ``counts`` by name, a counter that was never raised standing at 0."""

    counts: dict[str, int] = field(factory=dict)

    def counter(self, name: str, help: str) -> Callable[[], None]:
        counts = self.counts
        counts.setdefault(name, 0)

        def add_one() -> None:
            counts[name] += 1

        return add_one


def environment(clock: IReactorTime | None = None, seed: int = 0) -> Environment:
    """Return an environment whose time stands still and whose chance repeats itself.

    Pass a ``twisted.internet.task.Clock`` of your own to advance it.  ``metrics`` is a :class:`MemoryMetrics`.
    """
    return Environment(Clock() if clock is None else clock, Random(seed), MemoryMetrics(), Logger("shadowgate.testing"))


@define
class FakeCandidate:
    """A balancer's candidate; a test changes ``in_flight`` and ``available`` as it likes."""

    name: str
    weight: int = 1
    labels: Mapping[str, str] = field(factory=dict)
    in_flight: int = 0
    available: bool = True


def candidates(*given: str | tuple[str, int]) -> tuple[FakeCandidate, ...]:
    """Return candidates by name, or by name and weight: ``candidates("a", ("b", 3))``."""
    return tuple(FakeCandidate(item) if isinstance(item, str) else FakeCandidate(*item) for item in given)
