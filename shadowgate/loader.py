"""Loads configurations while requests are served: one at a time, the latest that was offered.

Reading and assembling happen in the background, compiling in short turns on the reactor's thread, and what is replaced
is freed in the background again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Cooperator
from twisted.python.failure import Failure

from shadowgate.background import Background, Foreground, dismantle
from shadowgate.compiler.build import Steps
from shadowgate.compiler.snapshot import Snapshot
from shadowgate.config.pipeline import Loaded
from shadowgate.errors import Problem
from shadowgate.plugin import Document, Environment

Offer = tuple[tuple[Document, ...], tuple[Problem, ...]]


class Loader:
    """Takes what sources publish to ``finish(documents, loaded, snapshot)``.

    ``read`` turns documents into a configuration and runs in the background; it returns None where there is nothing
    new.  ``compile`` gives the steps of compiling it.
    """

    def __init__(
        self,
        env: Environment,
        background: Background | Foreground,
        read: Callable[[Offer], Loaded | None],
        compile: Callable[[Loaded], Steps],
        finish: Callable[[Offer, Loaded, Snapshot], object],
    ) -> None:
        self._env = env
        self._background = background
        self._read = read
        self._compile = compile
        self._finish = finish
        self._cooperator = Cooperator(scheduler=lambda work: env.clock.callLater(0, work))
        self._offered: Offer | None = None
        self._closed = False
        self.busy = False

    def offer(self, documents: Sequence[Document], problems: Sequence[Problem]) -> None:
        """Load this next; an offer that still waits gives way to it."""
        if self._closed:
            return
        self._offered = (tuple(documents), tuple(problems))
        if not self.busy:
            self._next()

    def close(self) -> None:
        """Put nothing more in service, whatever is under way."""
        self._closed = True
        self._offered = None

    def _next(self) -> None:
        offer, self._offered = self._offered, None
        if offer is None:
            return
        self.busy = True
        self._background.hold()
        reading = self._background(lambda: self._read(offer))
        reading.addCallback(lambda loaded: None if loaded is None else self._compiled(offer, loaded))
        reading.addErrback(self._failed)
        reading.addBoth(self._done)

    def _compiled(self, offer: Offer, loaded: Loaded) -> Deferred[Any]:
        made: list[Snapshot] = []

        def steps() -> Generator[None, None, None]:
            made.append((yield from self._compile(loaded)))

        working = self._cooperator.coiterate(steps())
        return working.addCallback(lambda _: None if self._closed else self._finish(offer, loaded, made[0]))

    def _failed(self, failure: Failure) -> None:
        self._env.log.failure("a configuration could not be loaded; the one in service stays", failure=failure)

    def _done(self, result: object) -> None:
        self._background.release()
        self.busy = False
        self._next()


def let_go(env: Environment, *replaced: object) -> None:
    """Free what a new configuration has replaced, away from the requests and once the caller is done with it."""
    things = list(replaced)
    env.clock.callLater(0, lambda: env.background(lambda: dismantle(things)))
