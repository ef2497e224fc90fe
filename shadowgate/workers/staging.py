"""Two steps to a new configuration: load it beside the one in service, and swap on the supervisor's word.

So no process serves what another could not, and all of them change within a moment.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import Cooperator

from shadowgate.background import Background, Foreground, settle
from shadowgate.compiler.snapshot import Snapshot
from shadowgate.config.pipeline import Loaded
from shadowgate.errors import ConfigError, Problem
from shadowgate.gateway import Gateway
from shadowgate.plugin import Report
from shadowgate.workers.packing import Packed, unpack


@frozen
class _Staged:
    generation: int
    loaded: Loaded
    snapshot: Snapshot


class Stage:
    """Where one worker's next configuration stands until it is in service or given up."""

    def __init__(self, gateway: Gateway, background: Background | Foreground) -> None:
        self._gateway = gateway
        self._background = background
        self._cooperator = Cooperator(scheduler=lambda work: gateway.env.clock.callLater(0, work))
        self._staged: _Staged | None = None
        self._listening = False

    def prepare(self, generation: int, packed: Packed) -> Deferred[tuple[Problem, ...]]:
        """Compile what the supervisor has packed; the answer is every problem with it that compiling finds."""
        self._background.hold()
        reading: Deferred[Any] = self._background(lambda: Loaded(unpack(packed), Report()))
        return reading.addCallback(self._compile, generation).addBoth(self._done)

    def commit(self, generation: int) -> tuple[Problem, ...]:
        """Serve it; the answer is what kept it from being served."""
        staged, self._staged = self._staged, None
        if staged is None or staged.generation != generation:
            raise LookupError(f"generation {generation} is not prepared")
        try:
            self._gateway.serve(((), ()), staged.loaded, staged.snapshot)
            if not self._listening:
                settle()
                # Only now: whoever is accepted is served.
                self._gateway.listen()
                self._listening = True
        except ConfigError as bad:
            return bad.problems
        return ()

    def abandon(self, generation: int) -> None:
        """Forget it: another worker could not load it."""
        staged, self._staged = self._staged, None
        self._gateway.forget(staged)

    def _compile(self, loaded: Loaded, generation: int) -> Deferred[tuple[Problem, ...]]:
        made: list[Snapshot] = []

        def steps() -> Generator[None, None, None]:
            made.append((yield from self._gateway.compile(loaded)))

        def compiled(_: object) -> tuple[Problem, ...]:
            # A worker that has joined late counts as the others do.
            self._staged = _Staged(generation, loaded, evolve(made[0], generation=generation))
            if loaded.report.failed:
                self.abandon(generation)
            return tuple(loaded.report.problems)

        return self._cooperator.coiterate(steps()).addCallback(compiled)

    def _done(self, result: Any) -> Any:
        self._background.release()
        return result
