"""What every exchange of a gateway shares: the snapshot in service, and the collaborators it was given."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate

from attrs import define, field
from twisted.logger import Logger

from shadowgate.compiler.snapshot import EMPTY, Snapshot
from shadowgate.http.head import RequestHead
from shadowgate.model import Settings
from shadowgate.runtime.access_log import AccessLog
from shadowgate.runtime.stats import Stats
from shadowgate.runtime.timers import Timers
from shadowgate.runtime.tunnel import Tunnel


@define(eq=False)
class Core:
    """``snapshot`` is the one attribute that a new configuration replaces; an exchange reads it once."""

    settings: Settings
    timers: Timers
    stats: Stats
    access_log: AccessLog
    prepare: Callable[[RequestHead], bytes]
    now: Callable[[], float]
    """Monotonic seconds, for durations."""
    log: Logger
    snapshot: Snapshot = field(default=EMPTY)
    in_flight: int = 0
    tunnels: set[Tunnel] = field(factory=set)
    draining: bool = False
    server: bytes = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.server = self.settings.server.encode()

    def date(self) -> bytes:
        """Return what the gateway's own answers have as Date, as those of any server with a clock (RFC 9110 6.6.1)."""
        return formatdate(self.timers.clock.seconds(), usegmt=True).encode()
