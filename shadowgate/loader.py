"""Loads configurations while requests are served: one at a time, the latest that was offered, and every change.

An offer gives way to a later one.  A change is asked for by somebody who waits for its end, so each has its turn.

Reading and assembling happen in the background, compiling in short turns on the reactor's thread, and what is replaced
is freed in the background again, before the next one is begun: there are two configurations at a time, and not more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any

from attrs import frozen
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

Finish = Callable[[Offer, Loaded, Snapshot], Any]


class Closed(Exception):
    """Nothing is put in service any more: the end has begun."""


@frozen(eq=False)
class _Work:
    """One configuration to load; ``done`` is told of its end."""

    read: Callable[[], tuple[Offer, Loaded] | None]
    finish: Finish
    done: Deferred[Any]
    unchanged: Callable[[], None] = lambda: None


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
        finish: Finish,
    ) -> None:
        self._env = env
        self._background = background
        self._read = read
        self._compile = compile
        self._finish = finish
        self._cooperator = Cooperator(scheduler=lambda work: env.clock.callLater(0, work))
        self._offered: Offer | None = None
        self._changes: deque[_Work] = deque()
        self._closed = False
        self._freeing = 0
        self._asked = False
        self.busy = False

    def offer(self, documents: Sequence[Document], problems: Sequence[Problem]) -> None:
        """Load this next; an offer that still waits gives way to it."""
        if self._closed:
            return
        self._offered = (tuple(documents), tuple(problems))
        if not self.busy:
            self._next()

    def change(self, read: Callable[[], tuple[Offer, Loaded] | None], finish: Finish) -> Deferred[Any]:
        """Load what ``read`` finds once it is this one's turn, and ``finish`` it; nothing else changes in between.

        ``read`` runs in the background; None is nothing to do.  The answer is that of ``finish``, or what either of
        them failed with, or :class:`Closed`.
        """

        def unless_closed(offer: Offer, loaded: Loaded, snapshot: Snapshot) -> Any:
            if self._closed:
                raise Closed
            return finish(offer, loaded, snapshot)

        work = _Work(read, unless_closed, Deferred())
        if self._closed:
            work.done.errback(Closed())
            return work.done
        self._changes.append(work)
        if not self.busy:
            self._next()
        return work.done

    def close(self) -> None:
        """Put nothing more in service, whatever is under way."""
        self._closed = True
        self._offered = None
        changes, self._changes = self._changes, deque()
        for work in changes:
            work.done.errback(Closed())

    def let_go(self, *replaced: object) -> None:
        """Free what a new configuration has replaced, away from the requests and once the caller is done with it."""
        things = list(replaced)
        self._freeing += 1
        self._env.clock.callLater(0, lambda: self._background(lambda: dismantle(things)).addBoth(self._freed))

    def _freed(self, _: object) -> None:
        self._freeing -= 1
        if not self.busy:
            self._next()

    def _next(self) -> None:
        if self._freeing:
            return
        offer, self._offered = self._offered, None
        if offer is not None:
            self._begin(self._to_take(offer))
        elif self._changes:
            self._begin(self._changes.popleft())

    def _to_take(self, offer: Offer) -> _Work:
        def read() -> tuple[Offer, Loaded] | None:
            loaded = self._read(offer)
            return None if loaded is None else (offer, loaded)

        def finish(offer: Offer, loaded: Loaded, snapshot: Snapshot) -> Any:
            return None if self._closed else self._finish(offer, loaded, snapshot)

        return _Work(read, finish, Deferred().addErrback(self._failed), self._unchanged)

    def _begin(self, work: _Work) -> None:
        self.busy = True
        self._background.hold()
        reading: Deferred[Any] = self._background(work.read)
        reading.addCallback(lambda found: work.unchanged() if found is None else self._compiled(found, work.finish))
        # Whoever is told may go on with the next one; it has to find this one done.
        reading.addBoth(self._done, work.done)

    def _compiled(self, found: tuple[Offer, Loaded], finish: Finish) -> Deferred[Any]:
        offer, loaded = found
        made: list[Snapshot] = []

        def steps() -> Generator[None, None, None]:
            made.append((yield from self._compile(loaded)))

        working = self._cooperator.coiterate(steps())
        return working.addCallback(lambda _: finish(offer, loaded, made[0]))

    def _unchanged(self) -> None:
        # What a source says first has been loaded already, before it was started.
        if self._asked:
            self._env.log.info("the configuration has not changed")
        self._asked = True

    def _failed(self, failure: Failure) -> None:
        self._env.log.failure("a configuration could not be loaded; the one in service stays", failure=failure)

    def _done(self, result: Any, done: Deferred[Any]) -> None:
        self._background.release()
        self.busy = False
        done.callback(result)  # a failure goes where failures go
        if not self.busy:
            self._next()
