"""What every exchange of a gateway shares: the snapshot in service, and the collaborators it was given."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate

from twisted.logger import Logger

from shadowgate.compiler.snapshot import EMPTY, Snapshot
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.model import Settings
from shadowgate.runtime.access_log import AccessLogger
from shadowgate.runtime.plugin_failures import PluginFailures
from shadowgate.runtime.stats import Stats
from shadowgate.runtime.streams import Turns
from shadowgate.runtime.timers import Timers
from shadowgate.runtime.tunnel import Tunnel


class Core:
    """``snapshot`` is the one attribute that a new configuration replaces; an exchange reads it once.

    ``prepare`` makes a received head ready to be routed and returns the request's id.  ``now`` gives monotonic seconds,
    for durations.  ``turns`` are those in which connections are served, where there are any.
    """

    __slots__ = (
        "_date",
        "_second",
        "access_log",
        "draining",
        "in_flight",
        "log",
        "now",
        "plugin_failures",
        "prepare",
        "server",
        "settings",
        "snapshot",
        "stats",
        "timers",
        "tunnels",
        "turns",
    )

    def __init__(
        self,
        settings: Settings,
        timers: Timers,
        stats: Stats,
        access_log: AccessLogger,
        prepare: Callable[[RequestHead], bytes],
        now: Callable[[], float],
        log: Logger,
        turns: Turns | None = None,
    ) -> None:
        self.settings = settings
        self.timers = timers
        self.stats = stats
        self.access_log = access_log
        self.prepare = prepare
        self.now = now
        self.log = log
        self.plugin_failures = PluginFailures(stats.plugin_failures, log, now)
        self.turns = turns
        self.snapshot: Snapshot = EMPTY
        self.in_flight = 0
        self.tunnels: set[Tunnel] = set()
        self.draining = False
        self.server = settings.server.encode()
        self._second = -1
        self._date = b""

    def put_date(self, head: ResponseHead) -> None:
        """Give an upstream's answer a Date where it has none (RFC 9110 section 6.6.1)."""
        if b"date" not in head.headers:
            head.headers.add_late((b"date", self.date()))

    def date(self) -> bytes:
        """Return the Date of an answer that is made now."""
        second = int(self.timers.clock.seconds())
        if second != self._second:
            self._second = second
            self._date = formatdate(second, usegmt=True).encode()
        return self._date
