"""The gateway as a Twisted service: ports, sources, signals, and an orderly end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred

from shadowgate.admin.access import Access
from shadowgate.admin.crowd import Crowd
from shadowgate.admin.site import admin_factory
from shadowgate.background import settle, uncollected
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import read_paths
from shadowgate.errors import ConfigError, Position, Problem
from shadowgate.gateway import Gateway
from shadowgate.model import Listener, PluginUse
from shadowgate.net.admission import Entry
from shadowgate.net.descriptors import most_of_admin
from shadowgate.net.listeners import Listeners
from shadowgate.net.sink import LineSink
from shadowgate.objects.desk import Desk
from shadowgate.objects.offers import FILES, Offers
from shadowgate.objects.probes import watch_presence
from shadowgate.objects.store import Store
from shadowgate.plugin import Document, Environment, ISource, Report, SourceHandle
from shadowgate.runtime.presence import PresenceWatch

END_SIGNALS: Final = ("SIGTERM", "SIGINT")


def say(problems: Sequence[Problem], write: Callable[[str], Any] | None = None) -> None:
    """Print problems, one a line, to standard error."""
    write = write or sys.stderr.write
    for problem in problems:
        write(f"{problem}\n")


@contextmanager
def or_exit() -> Iterator[None]:
    """End the process with every problem on a line of its own, where a configuration cannot be served."""
    try:
        yield
    except ConfigError as bad:
        say(bad.problems)
        raise SystemExit(1) from None


def files_source(
    catalog: Catalog,
    paths: Sequence[str],
    publish: Callable[[Sequence[Document], Sequence[Problem]], None],
    env: Environment,
) -> SourceHandle:
    """Return what watches these files and directories."""
    report = Report()
    files = catalog.build(ISource, PluginUse("files", {"paths": list(paths)}), report)
    if files is None:
        raise ConfigError(report.problems)
    handle: SourceHandle = files.compile(publish, env)
    return handle


def on_signal(reactor: Any, name: str, act: Callable[[], object]) -> None:
    """Let a signal act in a turn of the reactor.  SIGHUP's default would end the process without a word."""
    number = getattr(signal, name, None)
    if number is not None:
        signal.signal(number, lambda *_: reactor.callFromThread(act))


def heed_signals(reactor: Any, reload: Callable[[], object], reopen_logs: Callable[[], object]) -> None:
    """Act on SIGHUP and SIGUSR1 from here on; what comes while a large configuration is read acts once it serves."""
    on_signal(reactor, "SIGHUP", reload)
    on_signal(reactor, "SIGUSR1", reopen_logs)


def heed_end(reactor: Any) -> None:
    """Let the reactor, once it runs, stop at the first signal to end and at no other.

    Twisted's own handlers stop it at every one, and one more in the same turn is a traceback in the log.
    """
    told = False

    def only_first(stop: Callable[..., object]) -> Callable[..., None]:
        def act(*given: object) -> None:
            nonlocal told
            if not told:
                told = True
                stop(*given)

        return act

    def heed() -> None:
        for number in (getattr(signal, name) for name in END_SIGNALS):
            stop = signal.getsignal(number)
            if callable(stop):  # what a shell runs in the background has SIGINT ignored
                signal.signal(number, only_first(stop))

    reactor.callWhenRunning(heed)


@define(eq=False)
class GatewayService(Service):
    """Runs one gateway.  ``admin`` is where it can be asked, or None; ``paths`` are watched for documents."""

    gateway: Gateway
    reactor: Any
    paths: Sequence[str]
    admin: Access | None = None
    sink: LineSink | None = None
    drain_timeout: float = 30.0
    name: str = "shadowgate"
    store: Store = field(factory=Store)
    offers: Offers = field(init=False)
    desk: Desk = field(init=False)
    _admin_listeners: Listeners | None = field(default=None, init=False)
    _source: SourceHandle | None = field(default=None, init=False)
    _presence: PresenceWatch | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.offers = Offers(self.gateway.offer)
        self.desk = Desk(self.gateway.env, self.gateway, self.offers, self.store)

    def load(self) -> None:
        """Read the configuration for the first time; ``SystemExit`` with every problem if it cannot be served."""
        heed_signals(self.reactor, self.reload, self.reopen_logs)
        report = Report()
        with or_exit(), uncollected():
            self.offers.hold(FILES, read_paths(self.paths, report), report.problems)
            self.desk.open()
            self.gateway.apply(*self.offers.union)
        say([problem for problem in self.gateway.problems if problem.severity != "info"])

    def privilegedStartService(self) -> None:
        """Bind every port while that is still allowed; ``SystemExit`` with one line if one cannot be bound."""
        with or_exit():
            self.gateway.listen()
            if self.admin is not None:
                self._listen_admin(self.admin)

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        if self.sink is not None:
            self.sink.start()
        if self.paths:
            self._source = files_source(self.gateway.catalog, self.paths, self.offers.channel(FILES), self.gateway.env)
            self._source.start()
        gateway = self.gateway
        self._presence = watch_presence(gateway.env, gateway, self.offers, gateway.settings)
        heed_end(self.reactor)
        self.reactor.callWhenRunning(settle)

    def stopService(self) -> Deferred[Any]:
        """Close the ports, let exchanges finish for ``drain_timeout`` seconds, then end what is left.

        Another signal to end ends it at once.
        """
        super().stopService()  # type: ignore[no-untyped-call]
        if self._presence is not None:
            self._presence.close()
        stopped = maybeDeferred(self._source.stop) if self._source is not None else None
        closing = self.gateway.listeners.close()
        drained = self.gateway.drain()
        drained.addTimeout(self.drain_timeout, self.reactor)
        for name in END_SIGNALS:
            on_signal(self.reactor, name, drained.cancel)

        def close(result: object) -> Any:
            self.gateway.close()
            self.store.close()
            if self.sink is not None:
                self.sink.stop()
            return self._admin_listeners.close() if self._admin_listeners is not None else None

        drained.addBoth(close)
        drained.addCallback(lambda _: closing)
        drained.addCallback(lambda _: stopped)
        return drained

    def reload(self) -> None:
        """Look at the configuration's files now."""
        if self._source is not None:
            self._source.reload()

    def reopen_logs(self) -> None:
        """Go on in new log files after a rotation."""
        self.gateway.core.access_log.flush()
        if self.sink is not None:
            self.sink.reopen()

    def _listen_admin(self, access: Access) -> None:
        most = most_of_admin(self.gateway.settings.limits.admin_connections)
        entry = Entry(self.gateway.capacity, "admin", counted=False)
        self._admin_listeners = Listeners(
            self.reactor,
            lambda name: Crowd(access.guard(admin_factory(self.gateway, self.desk)), most),
            opened=lambda factory, port: entry.guard(port),
        )
        report = Report()
        self._admin_listeners.open(
            [Listener("admin", access.endpoint, position=Position("--admin", line=0, column=0))], report
        )
        if report.failed:
            raise ConfigError(report.problems)
