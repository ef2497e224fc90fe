"""Work off the reactor's thread, in a way that the reactor's thread hardly notices.

The cyclic collector stops every thread while it looks at all objects; during the reading of a large configuration that
is longer than any request should wait.  So while something runs here it looks at each object once, when that is new and
among some thousands of others: what requests and connections leave behind meanwhile is found, and nobody waits long.
A large crop is taken out of its sight afterwards.  Configurations are trees: they are freed by counting references,
with no need of it.

A thread that computes gives way to one that wants to go on only after the interpreter's switch interval, and a request
wants to go on several times.  So the interval is short meanwhile.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, execute
from twisted.internet.threads import deferToThreadPool

T = TypeVar("T")

LARGE = 50_000
"""Objects made in one go that the collector is not shown again."""

YOUNG: Final = 20_000
"""New objects that the collector looks at in one go, which takes some milliseconds; Python's own number is 700."""

NEVER: Final = 1 << 30

TURN: Final = 0.0005
"""Seconds that a thread computes while another one waits; Python's own are 5 ms."""


class Background:
    """Runs functions in the reactor's thread pool: ``plugin.Environment.background``."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._holding = 0
        self._thresholds = gc.get_threshold()
        self._batches = 0
        self._turn = TURN

    def __call__(self, work: Callable[[], T]) -> Deferred[T]:
        """Return a Deferred of ``work``'s result."""
        self.hold()
        running: Deferred[T] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work)
        return running.addBoth(self._finished)

    def hold(self) -> None:
        """Keep the collector to what is new, and turns short, until :meth:`release`."""
        if not self._holding:
            self._thresholds = gc.get_threshold()
            self._turn = sys.getswitchinterval()
            self._batches = gc.get_count()[1]
            gc.set_threshold(YOUNG, NEVER, NEVER)
            sys.setswitchinterval(min(TURN, self._turn))
        self._holding += 1

    def release(self) -> None:
        self._holding -= 1
        # At once, though others may hold on: what they free meanwhile is taken off the count of what was made.
        newest, batches, _ = gc.get_count()
        if _set_aside(newest + (batches - self._batches) * YOUNG):
            self._batches = 0
        if not self._holding:
            sys.setswitchinterval(self._turn)
            gc.set_threshold(*self._thresholds)

    def _finished(self, result: Any) -> Any:
        self.release()
        return result


class Foreground:
    """Runs functions at once: where there are no requests to hold up, as in a check or a test."""

    def __call__(self, work: Callable[[], T]) -> Deferred[T]:
        return execute(work)

    def hold(self) -> None:
        """There is nobody to be in the way of."""

    def release(self) -> None:
        """There was nobody to be in the way of."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector out of the way of something that makes a lot and runs on this very thread."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        _set_aside(gc.get_count()[0])
        if collecting:
            gc.enable()


def settle() -> None:
    """Set aside what a process consists of, once it is ready to serve.

    The collector is left with what comes and goes, which takes it no time worth speaking of.
    """
    gc.collect()
    gc.freeze()


def _set_aside(made: int) -> bool:
    large = made > LARGE
    if large:
        gc.freeze()
    return large


def dismantle(things: list[Any]) -> None:
    """Free these objects, and all that nobody else holds, one after the other.

    Left to itself, the interpreter frees a whole tree in one go, in which no other thread gets a turn.  And to the
    collector, what is freed makes up for what others make meanwhile: it is told by hand to look at that.
    """
    freed = 0
    thing: Any = object()
    unshared = sys.getrefcount(thing)
    while things:
        thing = things.pop()
        if gc.is_tracked(thing) and sys.getrefcount(thing) == unshared:
            things += gc.get_referents(thing)
            freed += 1
            if freed % YOUNG == 0:
                gc.collect(0)
