"""Owns what is in service: loads a configuration beside the current one, and swaps one attribute when it is good.

Any problem leaves the old configuration in service and is kept to be shown.  Everything with a life longer than one
configuration (counters, endpoint state, timers) is made here once and handed down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random
from time import monotonic
from typing import Any, cast

from attrs import evolve
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.endpoints import quoteStringArgument
from twisted.logger import Logger
from twisted.python.failure import Failure

from shadowgate.background import Background, Foreground, uncollected
from shadowgate.compiler.build import Steps, compile_in_steps, run_steps
from shadowgate.compiler.snapshot import EMPTY, Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import Loaded, load
from shadowgate.errors import ConfigError, Position, Problem
from shadowgate.http.framing import WireLimits
from shadowgate.loader import Loader, Offer
from shadowgate.model import Configuration, ConnectionPool, Endpoint, Limits, Listener, Settings
from shadowgate.net.accepting import let_in
from shadowgate.net.address import Address, address_of
from shadowgate.net.admission import Capacity
from shadowgate.net.bounded_pool import BoundedPool
from shadowgate.net.descriptors import most_clients, most_of_admin, widen
from shadowgate.net.dial import Dialer
from shadowgate.net.endpoints import Endpoints, reach
from shadowgate.net.listeners import Bind, Listeners
from shadowgate.net.pool import Pool, idle_time, upkeep_of
from shadowgate.net.probe import Prober
from shadowgate.net.readiness import Readiness
from shadowgate.net.resolver import make_resolver
from shadowgate.net.server import ServerFactory
from shadowgate.net.server_side import ServerSide
from shadowgate.net.share import Share
from shadowgate.plugin import Document, Environment, Report
from shadowgate.runtime import outcomes
from shadowgate.runtime.access_log import AccessLog, NoAccessLog
from shadowgate.runtime.availability import AvailabilityRecord
from shadowgate.runtime.bounds import Line
from shadowgate.runtime.core import Core
from shadowgate.runtime.discovery import Resolver
from shadowgate.runtime.forwarding import compile_forwarding
from shadowgate.runtime.mirror import abandon
from shadowgate.runtime.registry import Registry
from shadowgate.runtime.stats import Stats
from shadowgate.runtime.timers import Timers

DRAIN_LOOK = 0.05
"""Seconds between two looks at whether everything is done."""


class Gateway:
    """One gateway in one process.

    ``reactor`` provides time, TCP and UNIX sockets; ``listen`` are server endpoint strings for every route that is not
    bound to a listener of the configuration; ``background`` runs a function in a thread (without one, configurations
    are loaded on the spot); ``bind`` opens a port in another way than its endpoint says; ``random``, ``resolver`` and
    ``now`` are there to be replaced in tests.

    ``followers`` are told of each configuration once it is in service.
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
        resolver: Callable[[], Resolver] | None = None,
        background: Background | Foreground | None = None,
        now: Callable[[], float] = monotonic,
        bind: Bind | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.catalog = catalog
        self.log = Logger(namespace="shadowgate")
        self.stats = Stats()
        self._reactor = reactor
        self._timers = Timers(reactor)
        self._readiness = Readiness(reactor)
        self._background = background or Foreground()
        random = random or Random()
        self.env = Environment(reactor, random, self.stats, self.log, self._background)
        self.registry = Registry(
            self._pool,
            self._shadow_pool,
            self.stats,
            self.env,
            resolver or (lambda: make_resolver(reactor, self.settings.name_servers)),
            Prober(reactor, _answer_limits(self.settings.limits)),
            self.settings.locality,
        )
        self.core = Core(
            self.settings,
            self._timers,
            self.stats,
            access_log or NoAccessLog(),
            compile_forwarding(self.settings, random),
            now,
            self.log,
            self._readiness,
        )
        self.wire_limits = _request_limits(self.settings.limits)
        self.capacity = Capacity(
            reactor, self.stats, self.log, most_clients(most_of_admin(self.settings.limits.admin_connections))
        )
        self._share = Share(self.capacity)
        self._listen = _named(listen)
        self.listeners = Listeners(reactor, self.factory, bind, self._opened)
        self._listening = False
        self._factories: list[ServerFactory] = []
        self._taken: Offer | None = None
        self._serving: Offer = ((), ())
        self._generated: tuple[Document, ...] = ()
        self._loader = Loader(self.env, self._background, self._read, self.compile, self._take)
        self.availability = AvailabilityRecord(reactor, self.log)
        self.followers: list[Callable[[Configuration], object]] = [self.availability.observe]
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
        """Put a new configuration in service, at once.

        Raises :class:`ConfigError` with every problem, and changes nothing, when it cannot be served.
        """
        offer = (tuple(documents), tuple(problems))
        with uncollected():
            loaded = load(*offer, self.catalog)
            return self.serve(offer, loaded, run_steps(self.compile(loaded)))

    def offer(self, documents: Sequence[Document], problems: Sequence[Problem] = ()) -> None:
        """Take what a source has published: serve it if it is good and new, else say what is wrong and go on.

        Returns at once; requests are served while it is loaded.
        """
        self._loader.offer(documents, problems)

    def change(
        self, plan: Callable[[Offer], Offer | None], keep: Callable[[Loaded], Deferred[None]] | None
    ) -> Deferred[Loaded | None]:
        """Serve what ``plan`` makes, in the background, of what is in service; None is nothing to do.

        ``keep`` has the last word: it is asked when nothing else is in the way, and the change is served once it has
        answered.  Fails with :class:`ConfigError`, or as either of them does; then nothing has changed.  Without
        ``keep`` it is a trial: what could be served is not.
        """

        def read() -> tuple[Offer, Loaded] | None:
            offer = plan(self._serving)
            return None if offer is None else (offer, load(*offer, self.catalog))

        def finish(offer: Offer, loaded: Loaded, snapshot: Snapshot) -> Any:
            if keep is not None:
                return self._introduce(offer, loaded, snapshot, keep)
            self.registry.retain(self.core.snapshot)
            return loaded

        return self._loader.change(read, finish)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents in service, those behind that generators have made of the others."""
        return (*self._serving[0], *self._generated)

    @property
    def generated(self) -> tuple[Document, ...]:
        """The documents in service that nobody wrote."""
        return self._generated

    def _read(self, offer: Offer) -> Loaded | None:
        if self.last_load_ok and offer == self._taken:
            return None
        return load(*offer, self.catalog)

    def compile(self, loaded: Loaded) -> Steps:
        """Return the steps that make a snapshot; what is in service stays as it is."""
        generation = self.core.snapshot.generation + 1
        return compile_in_steps(
            loaded.configuration, self.catalog, self.settings, self.registry, self.env, loaded.report, generation
        )

    def serve(self, offer: Offer, loaded: Loaded, snapshot: Snapshot) -> Snapshot:
        """The swap: one attribute, when everything it needs is there.  Raises :class:`ConfigError`."""
        report = loaded.report
        wanted = self.wanted(loaded.configuration)
        self.loads += 1
        if self._listening and not report.failed:
            self.listeners.open(wanted, report)
        self.problems = tuple(report.problems)
        self.last_load_ok = not report.failed
        before, self._taken = self._taken, offer
        if report.failed:
            self.forget(before, loaded, snapshot)
            raise ConfigError(self.problems)
        replaced, self.core.snapshot = self.core.snapshot, snapshot
        documents = (self._serving, self._generated)
        self._serving, self._generated = offer, loaded.generated
        if replaced is not EMPTY:
            self._loader.let_go(before, *documents, replaced)
        self.loaded_at = self._reactor.seconds()
        self.registry.retain(snapshot)
        if self._listening:
            self.listeners.close_others(wanted)
            names = {listener.name for listener in wanted}
            self._factories = [one for one in self._factories if one.side.listener in names or one.side.connections]
        for follow in self.followers:
            follow(snapshot.configuration)
        return snapshot

    def _take(self, offer: Offer, loaded: Loaded, snapshot: Snapshot) -> None:
        before = self.problems
        try:
            self.serve(offer, loaded, snapshot)
        except ConfigError as bad:
            for problem in bad.problems:
                self.log.error("{problem}", problem=problem)
            self.log.error(
                "the new configuration has errors; generation {generation} stays in service",
                generation=self.snapshot.generation,
            )
            return
        self._announce(snapshot, before)

    def _announce(self, snapshot: Snapshot, before: tuple[Problem, ...]) -> None:
        told = set(before)
        for problem in self.problems:
            if problem not in told:
                self.log.info("{problem}", problem=problem)
        self.log.info(
            "generation {generation} is in service: {rules} rules",
            generation=snapshot.generation,
            rules=len(snapshot.rules),
        )

    def _introduce(
        self, offer: Offer, loaded: Loaded, snapshot: Snapshot, keep: Callable[[Loaded], Deferred[None]]
    ) -> Deferred[Loaded]:
        """Open what it needs, have it kept, and serve it; where that cannot be, all is as it was."""
        report, before = loaded.report, self.problems
        if self._listening and not report.failed:
            self.listeners.open(self.wanted(loaded.configuration), report)
        keeping = fail(ConfigError(report.problems)) if report.failed else maybeDeferred(keep, loaded)

        def serve(_: object) -> Loaded:
            self._announce(self.serve(offer, loaded, snapshot), before)
            return loaded

        def forget(failure: Failure) -> Failure:
            if self._listening:
                self.listeners.close_others(self.wanted(self.snapshot.configuration))
            self.forget(offer, loaded, snapshot)
            return failure

        return keeping.addCallbacks(serve, forget)

    def forget(self, *unserved: object) -> None:
        """Let go of what was compiled and is not going to be served."""
        self.registry.retain(self.core.snapshot)
        self._loader.let_go(*unserved)

    def wanted(self, configuration: Configuration) -> tuple[Listener, ...]:
        return self._listen + tuple(map(self._placed, configuration.listeners))

    def _placed(self, listener: Listener) -> Listener:
        """Return the listener with an endpoint: the settings say where a declared port is opened."""
        if listener.endpoint or listener.port is None:
            return listener
        port = self.settings.port_map.get(listener.port, listener.port)
        address = listener.bind or self.settings.bind
        interface = f":interface={quoteStringArgument(address)}" if address else ""
        return evolve(listener, endpoint=f"tcp:{port}{interface}")

    # Clients

    def listen_by_default(self, endpoint: str) -> None:
        """Listen there if neither the caller nor the configuration said where.

        Gateways of the configuration say so for the routes that are bound to them; that a service can also be asked for
        by its name is nothing that anybody said.
        """
        configuration = self.snapshot.configuration
        own = any(not listener.gateway for listener in configuration.listeners)
        said = any(not route.listeners and route.kind != "Service" for route in configuration.routes)
        if not self._listen and not own and (said or not configuration.listeners):
            self._listen = _named([endpoint])

    def listen(self) -> None:
        """Open the ports of the configuration in service, and from now on those of each that follows.

        Raises :class:`ConfigError` when one cannot be bound.
        """
        report = Report()
        self._listening = True
        widen()
        self.listeners.open(self.wanted(self.snapshot.configuration), report)
        if report.failed:
            raise ConfigError(report.problems)

    def factory(self, listener: Listener) -> ServerFactory:
        """Return a Twisted factory for the clients of one listener."""
        side = ServerSide.of(
            self.core,
            listener.name,
            self.wire_limits,
            capacity=self.capacity,
            port=listener.port or 0,
            readiness=self._readiness,
        )
        factory = ServerFactory(side)
        self._factories.append(factory)
        return factory

    def _opened(self, factory: object, port: object) -> None:
        cast(ServerFactory, factory).side.entry.guard(port)
        let_in(port, self._readiness)

    def drain(self) -> Deferred[None]:
        """Take no new requests and no new configuration; fire when the requests under way have their answers."""
        self.core.draining = True
        self._loader.close()
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
        self._loader.close()
        for tunnel in list(self.core.tunnels):
            tunnel.close(outcomes.TUNNEL_DRAINED)
        for factory in self._factories:
            for connection in list(factory.side.connections):
                connection.close()
        abandon(self.core)
        self.registry.close()
        self._readiness.close()
        self.core.access_log.flush()
        self._timers.close()

    def _pool(
        self, endpoint: Endpoint, policy: ConnectionPool | None, line: Line | None, share: Share | None = None
    ) -> Pool:
        bounds = self.settings.limits
        upkeep, idle = upkeep_of(policy, self._timers), idle_time(policy, bounds.upstream_idle)
        parts = (
            str(endpoint),
            self._dialer(endpoint, share is not None),
            _answer_limits(bounds),
            self._timers.lane(idle),
            bounds.pool_size,
            upkeep,
        )
        if line is None:
            return Pool(*parts, self._readiness, share)
        return BoundedPool(*parts, line, self._timers, self._readiness, share)

    def _dialer(self, endpoint: Endpoint, shadow: bool) -> Dialer:
        at = address_of(endpoint)
        if at is None or not self._readiness.of_sockets:
            return Endpoints(reach(self._reactor, endpoint, names=not shadow))
        return Address(*at, self._readiness, self._timers, shadow)

    def _shadow_pool(self, endpoint: Endpoint, policy: ConnectionPool | None, line: Line | None) -> Pool:
        return self._pool(endpoint, policy, line, self._share)

    def __repr__(self) -> str:
        return f"<Gateway {self.snapshot!r}, {self.core.in_flight} in flight, {self.registry!r}>"


def _request_limits(bounds: Limits) -> WireLimits:
    return WireLimits(
        request_line=bounds.request_line,
        header_bytes=bounds.header_bytes,
        header_count=bounds.header_count,
        trailer_bytes=bounds.trailer_bytes,
        trailer_count=bounds.trailer_count,
        chunk_extension=bounds.chunk_extension,
        body_bytes=bounds.body_bytes,
    )


def _answer_limits(bounds: Limits) -> WireLimits:
    return evolve(
        _request_limits(bounds),
        header_bytes=bounds.upstream_header_bytes,
        header_count=bounds.upstream_header_count,
        body_bytes=0,
    )


def _named(endpoints: Sequence[str]) -> tuple[Listener, ...]:
    place = Position("--listen", line=0, column=0)
    return tuple(Listener(f"default-{n}" if n else "default", one, position=place) for n, one in enumerate(endpoints))
