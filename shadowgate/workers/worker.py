"""One worker: a whole gateway whose ports and configurations come from the supervisor.

It ends when it is told to, by SIGTERM, or when the supervisor is gone; each time it finishes its exchanges first.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import FileIO
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.logger import ILogObserver, LogEvent
from zope.interface import implementer

from shadowgate.admin.metrics import traffic_metrics
from shadowgate.admin.pages import Answer, Arguments, GatewayPages
from shadowgate.admin.view import health_of
from shadowgate.background import Background, Foreground
from shadowgate.config.catalog import Catalog
from shadowgate.gateway import Gateway
from shadowgate.lines import lines_of
from shadowgate.model import Settings
from shadowgate.net.listeners import Key
from shadowgate.net.sink import LineSink
from shadowgate.runtime.access_log import AccessLog
from shadowgate.workers.channel import WorkerEnd
from shadowgate.workers.merge import plain_metrics
from shadowgate.workers.plain import plain_problems
from shadowgate.workers.sockets import adopt
from shadowgate.workers.staging import Stage


@frozen
class Start:
    """What a worker is told first.  ``access_log`` is a path, ``-`` or ``none``."""

    settings: Settings
    listen: tuple[str, ...]
    access_log: str
    drain_timeout: float


@implementer(ILogObserver)
class Worker:
    """Serves what ``end``'s other side says; ``finish`` ends the process."""

    def __init__(
        self, reactor: Any, catalog: Catalog, background: Background | Foreground, finish: Callable[[], object]
    ) -> None:
        self.end = WorkerEnd(self._serve, self._supervisor_lost)
        self._reactor = reactor
        self._catalog = catalog
        self._background = background
        self._finish = finish
        self._sockets: dict[Any, int] = {}
        self._gateway: Gateway | None = None
        self._stage: Stage | None = None
        self._sink: LineSink | None = None
        self._drain_timeout = 0.0
        self._drained: Deferred[Any] | None = None
        self._done = False

    def __call__(self, event: LogEvent) -> None:
        """Let the supervisor log this: its log is the one that somebody reads."""
        level = event.get("log_level")
        lines = lines_of(event, bare=True)
        if lines:
            self.end.tell("log", [getattr(level, "name", "info"), lines])

    def leave(self) -> Deferred[Any] | None:
        """Take no new clients, finish the exchanges under way, and end; the answer is when the ports are closed."""
        if self._drained is not None or self._done:
            return None
        if self._gateway is None:
            self._close(None)
            return None
        closing = self._gateway.listeners.close()
        self._drained = self._gateway.drain()
        self._drained.addTimeout(self._drain_timeout, self._reactor).addBoth(self._close)
        return closing.addCallback(lambda _: None)

    def end_now(self) -> None:
        """End whatever is under way; the first time, ask for an end in good order."""
        if self._drained is None:
            self.leave()
        else:
            self._drained.cancel()

    # The supervisor's requests

    def _serve(self, what: str, given: tuple[Any, ...], descriptors: list[int]) -> Any:
        if what == "drain":
            return self.leave()
        if self._drained is not None and what in ("start", "prepare", "commit", "abandon"):
            # Nobody is accepted any more; it makes no difference what would be served.
            self._take_sockets(dict(enumerate(descriptors)))
            return []
        if what == "start":
            return self._start(given[0], descriptors)
        gateway, stage = self._gateway, self._stage
        if gateway is None or stage is None:
            raise LookupError(f"{what}: not started")
        match what:
            case "prepare":
                generation, packed, keys = given
                self._take_sockets(dict(zip(keys, descriptors, strict=True)))
                return stage.prepare(generation, packed).addCallback(plain_problems)
            case "commit":
                problems = stage.commit(*given)
                self._take_sockets({})
                return plain_problems(problems)
            case "abandon":
                return stage.abandon(*given)
            case "state":
                return self._state(gateway)
            case "metrics":
                return plain_metrics(traffic_metrics(gateway))
            case "explain":
                return self._explain(gateway, *given)
            case "reopen":
                return self._reopen(gateway)
        raise LookupError(f"there is no request {what}")

    def _start(self, start: Start, descriptors: list[int]) -> None:
        sink = log = None
        if start.access_log != "none":
            file = FileIO(descriptors[0], "a") if descriptors else None
            sink = self._sink = LineSink(start.access_log, file)
            sink.start()
            log = AccessLog(self._reactor, sink.write)
        self._drain_timeout = start.drain_timeout
        gateway = self._gateway = Gateway(
            self._reactor,
            self._catalog,
            start.settings,
            start.listen,
            access_log=log,
            background=self._background,
            bind=self._bind,
        )
        if sink is not None:
            gateway.stats.log_lines_lost = lambda: sink.lost
        gateway.followers.clear()  # what comes of a new configuration, the supervisor tells
        self._stage = Stage(gateway, self._background)

    def _take_sockets(self, sockets: dict[Any, int]) -> None:
        """Keep the new sockets until they are opened; those of a configuration that was given up are closed."""
        left, self._sockets = self._sockets, sockets
        for descriptor in left.values():
            os.close(descriptor)

    def _bind(self, key: Key, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        return adopt(self._reactor, key[1], self._sockets.pop(key), factory)

    def _state(self, gateway: Gateway) -> dict[str, Any]:
        busy: dict[str, int] = {}
        for endpoint in gateway.registry.endpoints:
            if endpoint.in_flight:
                busy[endpoint.name] = busy.get(endpoint.name, 0) + endpoint.in_flight
        return {
            "in_flight": gateway.core.in_flight,
            "connections": gateway.stats.connections_open,
            "busy": busy,
            "health": health_of(gateway.registry),
        }

    def _explain(self, gateway: Gateway, arguments: Arguments) -> Deferred[list[Any]]:
        def plain(answer: Answer) -> list[Any]:
            status, kind, text = answer
            return [status, kind, text.decode()]

        return GatewayPages(gateway).explain(arguments).addCallback(plain)

    def _reopen(self, gateway: Gateway) -> None:
        gateway.core.access_log.flush()
        if self._sink is not None:
            self._sink.reopen()

    # The end

    def _supervisor_lost(self) -> None:
        if self._done:
            self._finish()
        else:
            self.leave()

    def _close(self, _: object) -> None:
        gateway = self._gateway
        if gateway is not None:
            gateway.close()
            if self._sink is not None:
                self._sink.stop()
            # What was counted since the supervisor asked last.
            self.end.tell("last", plain_metrics(traffic_metrics(gateway)))
        self._done = True
        if self.end.open:
            self.end.close()
        else:
            self._finish()
