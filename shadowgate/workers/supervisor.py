"""The supervisor as a Twisted service: binds, watches the configuration, keeps the workers running, answers for all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import FileIO
from random import Random
from typing import Any, Final

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, maybeDeferred
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from shadowgate.admin.access import Access
from shadowgate.admin.crowd import Crowd
from shadowgate.admin.site import admin_site
from shadowgate.background import Background, uncollected
from shadowgate.compiler.snapshot import Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import read_paths
from shadowgate.errors import ConfigError, Position, Problem
from shadowgate.model import Listener, Settings
from shadowgate.net.admission import Capacity, Entry
from shadowgate.net.descriptors import most_of_admin
from shadowgate.net.listeners import Listeners
from shadowgate.net.moving import MovableReactor
from shadowgate.net.sink import is_regular, open_lines
from shadowgate.objects.desk import Desk
from shadowgate.objects.offers import FILES, Offers
from shadowgate.objects.probes import watch_presence
from shadowgate.objects.store import Store
from shadowgate.plugin import Environment, Report, SourceHandle
from shadowgate.runtime.availability import AvailabilityRecord
from shadowgate.runtime.presence import PresenceWatch
from shadowgate.runtime.stats import Stats
from shadowgate.service import END_SIGNALS, files_source, heed_end, heed_signals, on_signal, or_exit, say
from shadowgate.workers.channel import Gone, Refused
from shadowgate.workers.configurations import Configurations
from shadowgate.workers.crew import Crew, Member
from shadowgate.workers.overview import SupervisorPages
from shadowgate.workers.process import launch
from shadowgate.workers.sockets import bind_only
from shadowgate.workers.worker import Start

START_SECONDS: Final = 60.0
"""How long a new process may take until it listens to us."""

END_SECONDS: Final = 5.0
"""What a worker may take beyond the drain timeout."""

log = Logger(namespace="shadowgate")


class SharedSocket(Factory):
    """What the supervisor's own ports would serve, did they accept anybody."""

    noisy = False
    protocol = None


@define(eq=False)
class Supervisor(Service):
    """``count`` workers on the same sockets.  The rest is what a gateway of one process is given."""

    reactor: Any
    catalog: Catalog
    settings: Settings
    listen: Sequence[str]
    default_listen: str
    paths: Sequence[str]
    count: int
    admin: Access | None = None
    access_log: str = "none"
    log_file: FileIO | None = None
    drain_timeout: float = 30.0
    name: str = "shadowgate"
    store: Store = field(factory=Store)
    draining: bool = field(default=False, init=False)
    configurations: Configurations = field(init=False)
    offers: Offers = field(init=False)
    desk: Desk = field(init=False)
    crew: Crew = field(init=False)
    _stats: Stats = field(factory=Stats, init=False)
    _env: Environment = field(init=False)
    _served: set[int] = field(factory=set, init=False)
    _admin_listeners: Listeners | None = field(default=None, init=False)
    _source: SourceHandle | None = field(default=None, init=False)
    _presence: PresenceWatch | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        background = Background(self.reactor)
        self._env = Environment(self.reactor, Random(), self._stats, log, background)
        opening = MovableReactor(self.reactor)
        listeners = Listeners(opening, _no_clients, bind_only(opening))
        self.crew = Crew(self.reactor, self.count, lambda end, ended: launch(self.reactor, end, ended), self._bring_up)
        self.configurations = Configurations(
            self._env, self.catalog, self.settings, self.listen, listeners, lambda: self.crew.joined, background
        )
        self.offers = Offers(self.configurations.offer)
        self.desk = Desk(self._env, self.configurations, self.offers, self.store)

    # What it tells of itself (admin.metrics.Serving)

    @property
    def loads(self) -> int:
        return self.configurations.loads

    @property
    def last_load_ok(self) -> bool:
        return self.configurations.last_load_ok

    @property
    def loaded_at(self) -> float:
        return self.configurations.loaded_at

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.configurations.problems

    @property
    def snapshot(self) -> Snapshot:
        return self.configurations.snapshot

    @property
    def availability(self) -> AvailabilityRecord:
        return self.configurations.availability

    @property
    def ready(self) -> bool:
        return not self.unready()

    def unready(self) -> str:
        """Return why new clients are not welcome, or ``""``: one worker is enough, once all have served."""
        if self.draining:
            return "draining"
        if len(self._served) < self.count:
            return f"{len(self._served)} of {self.count} workers have started"
        return "" if any(member.generation for member in self.crew.joined) else "no worker serves"

    # Its life

    def load(self) -> None:
        """Read the configuration for the first time; ``SystemExit`` with every problem if it cannot be served."""
        heed_signals(self.reactor, self.reload, self.reopen_logs)
        report = Report()
        with or_exit(), uncollected():
            self.offers.hold(FILES, read_paths(self.paths, report), report.problems)
            self.desk.open()
            self.configurations.load(*self.offers.union, self.default_listen)
        say([problem for problem in self.problems if problem.severity != "info"])

    def privilegedStartService(self) -> None:
        """Bind every port while that is still allowed; ``SystemExit`` with one line if one cannot be bound."""
        with or_exit():
            self.configurations.bind()
            if self.admin is not None:
                self._listen_admin(self.admin)

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        if self.paths:
            self._source = files_source(self.catalog, self.paths, self.offers.channel(FILES), self._env)
            self._source.start()
        self._presence = watch_presence(self._env, self.configurations, self.offers, self.settings)
        self.crew.start()
        heed_end(self.reactor)

    @inlineCallbacks
    def stopService(self) -> Any:
        """Let the workers finish for ``drain_timeout`` seconds, then end what is left."""
        super().stopService()  # type: ignore[no-untyped-call]
        self.draining = True
        if self._presence is not None:
            self._presence.close()
        for name in END_SIGNALS:
            on_signal(self.reactor, name, self.crew.kill)
        if self._source is not None:
            yield maybeDeferred(self._source.stop)
        self.configurations.close()
        gone = self.crew.stop()
        late = self.reactor.callLater(self.drain_timeout + END_SECONDS, self.crew.kill)
        # The sockets are theirs too: closed here first, theirs would fail under their hands.
        yield self._tell_all("drain")
        yield self.configurations.listeners.close()
        yield gone
        self.store.close()
        late.cancel() if late.active() else None
        if self._admin_listeners is not None:
            yield self._admin_listeners.close()

    def reload(self) -> None:
        """Look at the configuration's files now."""
        if self._source is not None:
            self._source.reload()

    def reopen_logs(self) -> None:
        """Let all workers go on in new log files after a rotation, and those that are still to come."""
        if self.log_file is not None and is_regular(self.log_file):  # to open a pipe could take for ever
            try:
                with open_lines(self.access_log) as reopened:
                    os.dup2(reopened.fileno(), self.log_file.fileno(), inheritable=False)
            except OSError as wrong:
                log.error("cannot open {path} again: {wrong}", path=self.access_log, wrong=wrong)
        self._tell_all("reopen")

    @inlineCallbacks
    def _bring_up(self, member: Member) -> Any:
        start = Start(self.settings, self.configurations.listen, self.access_log, self.drain_timeout)
        log_file = [] if self.log_file is None else [self.log_file.fileno()]
        try:
            yield member.ask("start", start, descriptors=log_file, seconds=START_SECONDS)
            yield self.configurations.bring_up(member)
        except (Gone, Refused, ConfigError) as wrong:
            if not self.draining:
                log.error("{member} could not be started: {wrong}", member=member, wrong=wrong)
            member.kill()
            return
        self._served.add(member.number)
        self.crew.watch(member)

    def _tell_all(self, what: str) -> Deferred[Any]:
        asked = [member.ask(what) for member in self.crew.members.values()]
        return DeferredList(asked, consumeErrors=True)

    def _listen_admin(self, access: Access) -> None:
        site = admin_site(SupervisorPages(self._env, self, self.unready, self.configurations, self.crew, self.desk))
        most = most_of_admin(self.settings.limits.admin_connections)
        entry = Entry(Capacity(self.reactor, self._stats, log), "admin", counted=False)
        self._admin_listeners = Listeners(
            self.reactor, lambda name: Crowd(access.guard(site), most), opened=lambda factory, port: entry.guard(port)
        )
        report = Report()
        place = Position("--admin", line=0, column=0)
        self._admin_listeners.open([Listener("admin", access.endpoint, position=place)], report)
        if report.failed:
            raise ConfigError(report.problems)


def _no_clients(listener: Listener) -> IProtocolFactory:
    return SharedSocket()
