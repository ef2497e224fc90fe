"""What the connections of one listener share: its limits, its lanes of time, and who may come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from shadowgate.http.framing import WireLimits
from shadowgate.model import Limits
from shadowgate.net.admission import Capacity, Entry
from shadowgate.net.half_closed import HALF_CLOSED_GRACE
from shadowgate.net.readiness import Readiness
from shadowgate.runtime.core import Core
from shadowgate.runtime.timers import Lane

if TYPE_CHECKING:
    from shadowgate.net.server import ServerConnection

LINGER_SECONDS = 2.0
"""How long a connection is read on after an answer that came before its request was complete."""


@frozen(eq=False)
class ServerSide:
    """What the connections of one listener share; made once.

    ``port`` is the one that it was declared with, where another one may be open in its place; 0 is the one that is.
    """

    core: Core
    listener: str
    limits: WireLimits
    scheme: bytes
    head_lane: Lane
    keepalive_lane: Lane
    half_closed_lane: Lane
    linger_lane: Lane
    pace_lane: Lane
    bounds: Limits
    entry: Entry
    upgrades: frozenset[bytes]
    connections: set[ServerConnection]
    port: int = 0
    readiness: Readiness | None = None

    @classmethod
    def of(
        cls,
        core: Core,
        listener: str,
        limits: WireLimits,
        scheme: bytes = b"http",
        capacity: Capacity | None = None,
        port: int = 0,
        readiness: Readiness | None = None,
    ) -> ServerSide:
        bounds, lane = core.settings.limits, core.timers.lane
        capacity = capacity or Capacity(core.timers.clock, core.stats, core.log)
        return cls(
            core,
            listener,
            limits,
            scheme,
            lane(bounds.header_timeout),
            lane(bounds.keepalive_timeout),
            lane(HALF_CLOSED_GRACE),
            lane(LINGER_SECONDS),
            lane(bounds.rate_grace),
            bounds,
            Entry(capacity, listener, bounds.connections, bounds.connections_per_client),
            frozenset(protocol.encode() for protocol in core.settings.upgrades),
            set(),
            port,
            readiness,
        )
