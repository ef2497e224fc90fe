"""Owns what is in service: loads a configuration beside the current one, and swaps one attribute when it is good.

Any problem leaves the old configuration in service and is kept to be shown.  Everything with a life longer than one
configuration (counters, endpoint state, timers) is made here once and handed down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from shadowgate.compiler.build import compile_configuration
from shadowgate.compiler.snapshot import EMPTY, Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load
from shadowgate.errors import ConfigError, Problem
from shadowgate.http.framing import WireLimits
from shadowgate.model import Configuration, Endpoint, Listener, Settings
from shadowgate.net.dial import dialer
from shadowgate.net.listeners import Listeners
from shadowgate.net.pool import Pool
from shadowgate.net.server import ServerFactory, ServerSide
from shadowgate.plugin import Document, Environment, Report
from shadowgate.runtime.access_log import AccessLog, NoAccessLog
from shadowgate.runtime.clusters import Registry
from shadowgate.runtime.core import Core
from shadowgate.runtime.forwarding import compile_forwarding
from shadowgate.runtime.stats import Stats
from shadowgate.runtime.timers import Timers

DRAIN_LOOK = 0.05
"""Seconds between two looks at whether everything is done."""


class Gateway:
    """One gateway in one process.

    ``reactor`` provides time, TCP and UNIX sockets; ``listen`` are server endpoint strings for every route that is not
    bound to a listener of the configuration; ``random`` and ``now`` are there to be replaced in tests.
    """

    def __init__(
        self,
        reactor: Any,
        catalog: Catalog,
        settings: Settings | None = None,
        listen: Sequence[str] = (),
        *,
        access_log: AccessLog | None = None,
        random: Random | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.settings = settings or Settings()
        self.catalog = catalog
        self.log = Logger(namespace="shadowgate")
        self.stats = Stats()
        self._reactor = reactor
        self._timers = Timers(reactor)
        random = random or Random()
        self.env = Environment(reactor, random, self.stats, self.log)
        self.registry = Registry(self._pool, self._pool, self.stats, self.env)
        self.core = Core(
            self.settings,
            self._timers,
            self.stats,
            access_log or NoAccessLog(),
            compile_forwarding(self.settings, random),
            now,
            self.log,
        )
        bounds = self.settings.limits
        self.wire_limits = WireLimits(
            request_line=bounds.request_line,
            header_bytes=bounds.header_bytes,
            header_count=bounds.header_count,
            trailer_bytes=bounds.trailer_bytes,
        )
        self._listen = _named(listen)
        self.listeners = Listeners(reactor, self.factory)
        self._listening = False
        self._factories: list[ServerFactory] = []
        self._documents: tuple[Document, ...] | None = None
        self.problems: tuple[Problem, ...] = ()
        self.loads = 0
        self.last_load_ok = False
        self.loaded_at = 0.0

    # Configuration

    @property
    def snapshot(self) -> Snapshot:
        """What is in service."""
        return self.core.snapshot

    @property
    def ready(self) -> bool:
        """Whether a configuration is in service and new clients are welcome."""
        return self.core.snapshot is not EMPTY and not self.core.draining

    def apply(self, documents: Iterable[Document], problems: Iterable[Problem] = ()) -> Snapshot:
        """Put a new configuration in service.

        Raises :class:`ConfigError` with every problem, and changes nothing, when it cannot be served.
        """
        documents = tuple(documents)
        self.loads += 1
        self._documents = None
        loaded = load(documents, problems, self.catalog)
        generation = self.core.snapshot.generation + 1
        snapshot = compile_configuration(
            loaded.configuration, self.catalog, self.settings, self.registry, self.env, loaded.report, generation
        )
        wanted = self._wanted(loaded.configuration)
        if self._listening and not loaded.report.failed:
            self.listeners.open(wanted, loaded.report)
        self.problems = tuple(loaded.report.problems)
        self.last_load_ok = not loaded.report.failed
        if loaded.report.failed:
            self.registry.retain(self.core.snapshot)
            raise ConfigError(self.problems)
        self.core.snapshot = snapshot
        self._documents = documents
        self.loaded_at = self._reactor.seconds()
        self.registry.retain(snapshot)
        if self._listening:
            self.listeners.close_others(wanted)
        return snapshot

    def _wanted(self, configuration: Configuration) -> tuple[Listener, ...]:
        return self._listen + configuration.listeners

    def offer(self, documents: Iterable[Document], problems: Iterable[Problem] = ()) -> None:
        """Take what a source has published: serve it if it is good and new, else say what is wrong and go on."""
        published = tuple(documents)
        told = tuple(problems)
        if published == self._documents and not told and self.last_load_ok:
            return
        before = self.problems
        try:
            snapshot = self.apply(published, told)
        except ConfigError as bad:
            for problem in bad.problems:
                self.log.error("{problem}", problem=problem)
            self.log.error(
                "the new configuration has errors; generation {generation} stays in service",
                generation=self.snapshot.generation,
            )
            return
        for problem in self.problems:
            if problem not in before:
                self.log.info("{problem}", problem=problem)
        self.log.info(
            "generation {generation} is in service: {rules} rules",
            generation=snapshot.generation,
            rules=len(snapshot.rules),
        )

    # Clients

    def listen_by_default(self, endpoint: str) -> None:
        """Listen there if neither the caller nor the configuration said where."""
        if not self._wanted(self.snapshot.configuration):
            self._listen = _named([endpoint])

    def listen(self) -> None:
        """Open the ports of the configuration in service, and from now on those of each that follows.

        Raises :class:`ConfigError` when one cannot be bound.
        """
        report = Report()
        self._listening = True
        self.listeners.open(self._wanted(self.snapshot.configuration), report)
        if report.failed:
            raise ConfigError(report.problems)

    def factory(self, listener: str) -> ServerFactory:
        """Return a Twisted factory for the clients of one listener."""
        factory = ServerFactory(ServerSide.of(self.core, listener, self.wire_limits))
        self._factories.append(factory)
        return factory

    def drain(self) -> Deferred[None]:
        """Take no new requests, and fire when those under way have their answers."""
        self.core.draining = True
        for factory in self._factories:
            factory.drain()
        done: Deferred[None] = Deferred()

        def look() -> None:
            # A connection goes once its last answer is written: only then is nothing lost by an end.
            if self.core.in_flight or any(factory.side.connections for factory in self._factories):
                self._reactor.callLater(DRAIN_LOOK, look)
            elif not done.called:
                done.callback(None)

        look()
        return done

    def close(self) -> None:
        """Let go of every connection and timer."""
        self.core.draining = True
        for factory in self._factories:
            for connection in list(factory.side.connections):
                connection.close()
        self.registry.close()
        self.core.access_log.flush()
        self._timers.close()

    def _pool(self, endpoint: Endpoint) -> Pool:
        bounds = self.settings.limits
        return Pool(
            str(endpoint),
            dialer(self._reactor, endpoint),
            self.wire_limits,
            self._timers.lane(bounds.upstream_idle),
            bounds.pool_size,
        )

    def __repr__(self) -> str:
        return f"<Gateway {self.snapshot!r}, {self.core.in_flight} in flight, {self.registry!r}>"


def _named(endpoints: Sequence[str]) -> tuple[Listener, ...]:
    return tuple(Listener(f"default-{n}" if n else "default", one) for n, one in enumerate(endpoints))
