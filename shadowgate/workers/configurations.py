"""Which configuration the workers serve: read here once for all, compiled by each, put in service by all or none.

A change goes in two steps.  All workers compile it beside what they serve; when each of them could, all are told to
serve it.  The new generation is announced when the last of them does, so whoever sees it announced meets no older one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, Final

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, succeed
from twisted.internet.task import Clock
from twisted.logger import Logger

from shadowgate.background import Background, Foreground
from shadowgate.compiler.build import Steps, run_steps
from shadowgate.compiler.snapshot import EMPTY, Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import Loaded, load
from shadowgate.errors import ConfigError, Problem
from shadowgate.gateway import Gateway
from shadowgate.loader import Loader, Offer
from shadowgate.model import Configuration, Listener, Settings
from shadowgate.net.listeners import Key, Listeners
from shadowgate.plugin import Document, Environment, Report
from shadowgate.runtime.availability import AvailabilityRecord
from shadowgate.workers.channel import Gone, Refused
from shadowgate.workers.crew import Member
from shadowgate.workers.packing import Packed, pack
from shadowgate.workers.plain import problems_from

PREPARE_SECONDS: Final = 120.0
COMMIT_SECONDS: Final = 10.0
"""How long a worker may take for each step; past it, it is ended and replaced by one that serves what all serve."""


@frozen
class _Generation:
    """One configuration: what is shown of it, and what the workers are given."""

    number: int
    configuration: Configuration
    packed: Packed


NONE: Final = _Generation(0, Configuration(), ())

log = Logger(namespace="shadowgate")


class Configurations:
    """Puts configurations in service; ``members`` gives the workers that take part, ``listeners`` the sockets."""

    def __init__(
        self,
        env: Environment,
        catalog: Catalog,
        settings: Settings,
        listen: Sequence[str],
        listeners: Listeners,
        members: Callable[[], Iterable[Member]],
        background: Background | Foreground,
    ) -> None:
        self.catalog = catalog
        self.listeners = listeners
        self.loads = 0
        self.last_load_ok = False
        self.loaded_at = 0.0
        self.problems: tuple[Problem, ...] = ()
        self.availability = AvailabilityRecord(env.clock, log)
        self.followers: list[Callable[[Configuration], object]] = [self.availability.observe]
        self._env = env
        self._settings = settings
        self._listen = tuple(listen)
        self._members = members
        self._background = background
        self._bound = False
        self._current = NONE
        self._offer: Offer | None = None
        self._serving: Offer = ((), ())
        self._generated: tuple[Document, ...] = ()
        self._changing: list[Deferred[None]] | None = None
        self._loader = Loader(env, background, self._read, self._compile, self._roll_out)

    @property
    def snapshot(self) -> Snapshot:
        """What all serve; its rules are the workers' business."""
        return evolve(EMPTY, generation=self._current.number, configuration=self._current.configuration)

    @property
    def listen(self) -> tuple[str, ...]:
        """The endpoints that are open whatever the configuration says."""
        return self._listen

    def load(self, documents: Sequence[Document], problems: Sequence[Problem], default: str) -> None:
        """Take the first configuration, before there are workers; raises :class:`ConfigError`.

        ``default`` is listened on if neither the command line nor the configuration says where.
        """
        offer = (tuple(documents), tuple(problems))
        loaded = load(*offer, self.catalog)
        gateway = self._trial()
        gateway.core.snapshot = run_steps(gateway.compile(loaded))
        self.loads += 1
        self.problems = tuple(loaded.report.problems)
        if loaded.report.failed:
            raise ConfigError(self.problems)
        gateway.listen_by_default(default)
        self._listen = tuple(listener.endpoint for listener in gateway.wanted(Configuration()))
        # The workers compile it too; here it has served its purpose.
        gateway.core.snapshot = EMPTY
        gateway.close()
        self._serve(_Generation(1, loaded.configuration, pack(loaded.configuration)), offer, loaded)

    def bind(self) -> None:
        """Open the sockets of the configuration in service; raises :class:`ConfigError`."""
        report = Report()
        self._bound = True
        self.listeners.open(self._wanted(self._current.configuration), report)
        if report.failed:
            raise ConfigError(report.problems)

    def offer(self, documents: Sequence[Document], problems: Sequence[Problem] = ()) -> None:
        """Take what a source has published; returns at once."""
        self._loader.offer(documents, problems)

    def change(
        self, plan: Callable[[Offer], Offer | None], keep: Callable[[Loaded], Deferred[None]] | None
    ) -> Deferred[Loaded | None]:
        """Have all workers serve what ``plan`` makes of what is in service, as :meth:`Gateway.change` does.

        ``keep`` is asked when every worker has it ready.
        """

        def read() -> tuple[Offer, Loaded] | None:
            offer = plan(self._serving)
            return None if offer is None else (offer, load(*offer, self.catalog))

        def finish(offer: Offer, loaded: Loaded, snapshot: Snapshot) -> Any:
            return self._try(loaded) if keep is None else self._introduce(offer, loaded, keep)

        return self._loader.change(read, finish)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents in service, those behind that generators have made of the others."""
        return (*self._serving[0], *self._generated)

    @property
    def generated(self) -> tuple[Document, ...]:
        """The documents in service that nobody wrote."""
        return self._generated

    def close(self) -> None:
        """Put nothing more in service."""
        self._loader.close()

    @inlineCallbacks
    def bring_up(self, member: Member) -> Any:
        """Let a new worker serve what all serve; fails with Gone, Refused or ConfigError."""
        while True:
            current = self._current
            problems = yield self._prepare(member, current)
            if _failed(problems):
                raise ConfigError(problems)
            if self._changing is not None:
                # Not between two generations: it would begin to serve the old one after others have left it.
                changed: Deferred[None] = Deferred()
                self._changing.append(changed)
                yield changed
            if current is self._current:
                break
        member.joined = True
        yield self._commit(member, current)

    def _trial(self) -> Gateway:
        """Return a gateway that never runs: compiling finds what only the plugins themselves know."""
        return Gateway(Clock(), self.catalog, self._settings, self._listen, random=Random(0))

    def _wanted(self, configuration: Configuration) -> tuple[Listener, ...]:
        return self._trial().wanted(configuration)

    def _read(self, offer: Offer) -> Loaded | None:
        return None if offer == self._offer else load(*offer, self.catalog)

    def _compile(self, loaded: Loaded) -> Steps:
        """The workers compile it, each for itself; only without any, what is wrong with it is found here."""
        if not list(self._members()):
            yield from self._trial().compile(loaded)
        return EMPTY

    @inlineCallbacks
    def _roll_out(self, offer: Offer, loaded: Loaded, snapshot: Snapshot) -> Any:
        """Take what was read to all workers, or say what is wrong with it."""
        try:
            yield self._introduce(offer, loaded, lambda loaded: succeed(None))
        except ConfigError as bad:
            self._refuse(bad.problems)

    @inlineCallbacks
    def _introduce(self, offer: Offer, loaded: Loaded, keep: Callable[[Loaded], Deferred[None]]) -> Any:
        """Have all workers load it, have it kept, and have all serve it; raises :class:`ConfigError`."""
        self.loads += 1
        report = loaded.report
        packed = () if report.failed else (yield self._background(lambda: pack(loaded.configuration)))
        wanted = self._wanted(loaded.configuration)
        if self._bound and not report.failed:
            self.listeners.open(wanted, report)
        if report.failed:
            raise ConfigError(report.problems)
        following = _Generation(self._current.number + 1, loaded.configuration, packed)
        self._changing = []
        try:
            report.problems += yield self._all_prepare(following)
            if report.failed:
                self.listeners.close_others(self._wanted(self._current.configuration))
                raise ConfigError(report.problems)
            try:
                yield keep(loaded)
            except Exception:
                self._abandon(following)
                self.listeners.close_others(self._wanted(self._current.configuration))
                raise
            yield DeferredList([self._commit(member, following) for member in self._members()], consumeErrors=True)
            self._serve(following, offer, loaded)
            self.listeners.close_others(wanted)
        finally:
            waiting, self._changing = self._changing, None
            for changed in waiting:
                changed.callback(None)
        self._announce(report.problems)
        return loaded

    @inlineCallbacks
    def _try(self, loaded: Loaded) -> Any:
        """Have all workers load it and forget it."""
        if not loaded.report.failed:
            packed = yield self._background(lambda: pack(loaded.configuration))
            following = _Generation(self._current.number + 1, loaded.configuration, packed)
            loaded.report.problems += yield self._all_prepare(following)
            self._abandon(following)
        return loaded

    @inlineCallbacks
    def _all_prepare(self, following: _Generation) -> Any:
        """Return what any worker finds wrong with it; one that is gone meanwhile has no say."""
        members = list(self._members())
        results = yield DeferredList([self._prepare(member, following) for member in members], consumeErrors=True)
        answers = [result for good, result in results if good]
        refusals = [result.value for good, result in results if not good and result.check(Refused)]
        problems = [problem for answer in answers for problem in answer]
        problems += [Problem(f"a worker could not load it: {refusal}") for refusal in refusals]
        if members and not answers and not problems:
            problems.append(Problem("no worker has survived loading it"))
        if _failed(problems):
            self._abandon(following)
        return list(dict.fromkeys(problems))

    def _abandon(self, following: _Generation) -> None:
        for member in self._members():
            member.ask("abandon", following.number).addErrback(lambda failure: failure.trap(Gone, Refused))

    @inlineCallbacks
    def _prepare(self, member: Member, generation: _Generation) -> Any:
        """Have a worker compile it; returns the problems that it finds."""
        ports = self.listeners.ports()
        keys = [key for key in self._keys(generation) if key in ports and key not in member.sockets]
        descriptors = [ports[key].fileno() for key in keys]  # type: ignore[attr-defined]
        try:
            plain = yield member.ask(
                "prepare", generation.number, generation.packed, keys, descriptors=descriptors, seconds=PREPARE_SECONDS
            )
        except Gone:
            member.kill()
            raise
        return problems_from(plain)

    @inlineCallbacks
    def _commit(self, member: Member, generation: _Generation) -> Any:
        """Have a worker serve it; one that does not must not go on with an older one."""
        try:
            problems = problems_from((yield member.ask("commit", generation.number, seconds=COMMIT_SECONDS)))
            if problems:
                raise ConfigError(problems)
        except (Gone, Refused, ConfigError) as wrong:
            log.error("{member} does not serve the new configuration: {wrong}", member=member, wrong=wrong)
            member.kill()
            raise
        member.generation = generation.number
        member.sockets = set(self._keys(generation))

    def _keys(self, generation: _Generation) -> list[Key]:
        wanted = self._wanted(generation.configuration)
        return list(dict.fromkeys((listener.name, listener.endpoint) for listener in wanted))

    def _serve(self, generation: _Generation, offer: Offer, loaded: Loaded) -> None:
        replaced, self._current = self._current, generation
        self._loader.let_go(replaced, self._serving, self._generated)
        self._offer = self._serving = offer
        self._generated = loaded.generated
        self.last_load_ok = True
        self.loaded_at = self._env.clock.seconds()
        for follow in self.followers:
            follow(generation.configuration)

    def _refuse(self, problems: Sequence[Problem]) -> None:
        self._offer = None
        self.last_load_ok = False
        self.problems = tuple(problems)
        for problem in problems:
            log.error("{problem}", problem=problem)
        log.error(
            "the new configuration has errors; generation {generation} stays in service",
            generation=self._current.number,
        )

    def _announce(self, problems: Sequence[Problem]) -> None:
        said, self.problems = set(self.problems), tuple(problems)
        for problem in self.problems:
            if problem not in said:
                log.info("{problem}", problem=problem)
        log.info("generation {generation} is in service in all workers", generation=self._current.number)


def _failed(problems: Iterable[Problem]) -> bool:
    return Report(list(problems)).failed
