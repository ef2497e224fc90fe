"""Which variants came and went: every change as an event, in the log, for ``/config`` and as numbers.

It is told of what is in service and compares; nothing is decided here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from shadowgate.model import Availability, Configuration, Presence

RECENT: Final = 100
"""Events that are kept to be shown."""


@frozen
class AvailabilityEvent:
    """One variant that came or went, with the weights of all of its application before and after."""

    at: float
    application: str
    variant: str
    available: bool
    reason: str
    before: tuple[int, ...]
    after: tuple[int, ...]


@define(eq=False)
class AvailabilityRecord:
    """What became of variants since the start.  ``current`` is what is in service, ``changes`` counts events."""

    clock: IReactorTime
    log: Logger
    current: tuple[Availability, ...] = field(default=(), init=False)
    recent: deque[AvailabilityEvent] = field(factory=lambda: deque(maxlen=RECENT), init=False)
    changes: dict[tuple[str, str, bool], int] = field(factory=dict, init=False)

    def observe(self, configuration: Configuration) -> None:
        """Compare what is in service now with what was before."""
        known = {str(each): each for each in self.current}
        self.current = configuration.availability
        names = {str(each) for each in self.current}
        self.changes = {key: count for key, count in self.changes.items() if key[0] in names}
        for application in self.current:
            for event in self._events(known.get(str(application)), application):
                self.recent.append(event)
                key = (event.application, event.variant, event.available)
                self.changes[key] = self.changes.get(key, 0) + 1
                self._say(event)

    def _events(self, before: Availability | None, after: Availability) -> Iterator[AvailabilityEvent]:
        """Yield what has changed; before the first time, no variant was there."""
        old = {} if before is None else {each.name: each.available for each in before.variants}
        weights = () if before is None else before.weights
        for variant in after.variants:
            if variant.available is not old.get(variant.name, False):
                yield self._event(after, variant, weights)

    def _event(self, application: Availability, variant: Presence, before: tuple[int, ...]) -> AvailabilityEvent:
        reason = variant.reason or "all that it is made of is there"
        return AvailabilityEvent(
            self.clock.seconds(), str(application), variant.name, variant.available, reason, before, application.weights
        )

    def _say(self, event: AvailabilityEvent) -> None:
        self.log.info(
            "{variant} of {application} {became}: {reason}; weights {before} -> {after}",
            variant=event.variant,
            application=event.application,
            became="is available" if event.available else "is not available any more",
            reason=event.reason,
            before=_shown(event.before),
            after=_shown(event.after),
        )


def _shown(weights: tuple[int, ...]) -> str:
    return ", ".join(map(str, weights)) or "none"
