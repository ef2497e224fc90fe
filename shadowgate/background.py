"""Work off the reactor's thread, with the cyclic collector out of the way.

The collector stops every thread while it looks at all objects; during the reading of a large configuration that is
longer than any request should wait.  So it pauses while something runs here, and a large crop is taken out of its
sight afterwards.  Configurations are trees: they are freed by counting references, with no need of it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, execute
from twisted.internet.threads import deferToThreadPool

T = TypeVar("T")

LARGE = 50_000
"""Objects made in one go that the collector is not shown again."""


class Background:
    """Runs functions in the reactor's thread pool: ``plugin.Environment.background``."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._holding = 0
        self._collecting = True

    def __call__(self, work: Callable[[], T]) -> Deferred[T]:
        """Return a Deferred of ``work``'s result."""
        self.hold()
        running: Deferred[T] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work)
        return running.addBoth(self._finished)

    def hold(self) -> None:
        """Keep the collector out of the way until :meth:`release`."""
        if not self._holding:
            self._collecting = gc.isenabled()  # whoever runs the gateway may have decided otherwise
            gc.disable()
        self._holding += 1

    def release(self) -> None:
        self._holding -= 1
        if not self._holding:
            if gc.get_count()[0] > LARGE:
                gc.freeze()
            if self._collecting:
                gc.enable()

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
