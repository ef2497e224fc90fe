"""How a cluster's endpoints are used: balancing, warm-up, locality, connections, ejection, health checks.

The blocks of Istio's TrafficPolicy with the defaults of its API; a block that is None was not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import attrs
from attrs import field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.model.use import PluginUse


@frozen
class Warmup:
    """How an endpoint that has just come gets its share (Istio ``warmup``): from ``minimum_percent`` of its weight,
    growing over ``duration`` seconds; ``aggression`` above 1 grows faster at first.
    """

    duration: float
    minimum_percent: float = 10.0
    aggression: float = 1.0


@frozen
class Locality:
    """Which endpoints are near (Istio ``localityLbSetting``); localities are ``region/zone/subzone``, ``*`` for any.

    ``distribute`` gives, for a gateway's own locality, the weights of others; ``failover`` the region to go to when
    the first has nobody left; ``priority`` the labels that make an endpoint near, most important first.
    """

    distribute: tuple[tuple[str, Mapping[str, int]], ...] = ()
    failover: tuple[tuple[str, str], ...] = ()
    priority: tuple[str, ...] = ()
    enabled: bool = True


@frozen
class TcpKeepalive:
    """Istio ``TcpKeepalive``; None leaves the system's own number."""

    probes: int | None = None
    time: float | None = None
    interval: float | None = None


@frozen
class ConnectionPool:
    """Bounds on a cluster's connections and requests (Istio ``connectionPool``); None is no bound of its own."""

    max_connections: int | None = None
    connect_timeout: float | None = None
    max_connection_duration: float | None = None
    tcp_idle_timeout: float | None = None
    keepalive: TcpKeepalive | None = None
    max_pending: int | None = None
    max_requests: int | None = None
    max_requests_per_connection: int | None = None
    max_retries: int | None = None
    idle_timeout: float | None = None


@frozen
class OutlierDetection:
    """When an endpoint is ejected, and for how long (Istio ``outlierDetection``); 0 switches a condition off."""

    consecutive_5xx: int = 5
    consecutive_gateway_errors: int = 0
    split_local_origin: bool = False
    consecutive_local_origin: int = 5
    interval: float = 10.0
    base_ejection: float = 30.0
    max_ejection_percent: int = 10
    min_health_percent: int = 0


@frozen
class HealthCheck:
    """How endpoints are asked whether they are well; a cluster without one believes that they are.

    ``path`` is asked for over HTTP, None only connects.  ``host`` is the Host that is asked for, empty for the
    endpoint's address; ``port`` is the one that is asked where that is not the endpoint's own.  ``expected`` are ranges
    of good statuses, both ends included, and ``expected_headers`` fields that a good answer has.

    An endpoint is left out after ``fall`` bad results in a row and comes back after ``rise`` good ones; before its
    first result it is as ``initially`` says, and where that is not well the first good one is enough.  While fewer
    than ``panic_percent`` of a cluster are well, all are used (Envoy ``healthy_panic_threshold``).
    """

    path: str | None = None
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    expected: tuple[tuple[int, int], ...] = ((200, 299),)
    port: int | None = None
    interval: float = 10.0
    timeout: float = 2.0
    rise: int = 2
    fall: int = 3
    initially: Literal["healthy", "unhealthy"] = "healthy"
    panic_percent: int = 50
    position: Position = field(default=NOWHERE, eq=False)
    expected_headers: tuple[tuple[str, str], ...] = ()


@frozen
class RetryBudget:
    """How many retries may be under way beside the first tries (Istio ``retryBudget``)."""

    percent: float = 20.0
    min_concurrency: int = 3


@frozen
class TrafficPolicy:
    """Everything said about a cluster, a subset or a port; each block stands or falls as a whole.

    ``balancer``, ``warmup`` and ``locality`` are one block (Istio ``loadBalancer``).  A policy that does not
    ``inherit`` takes nothing from the one that it is over (``portLevelSettings``): what it lacks has its default.
    """

    balancer: PluginUse | None = None
    warmup: Warmup | None = None
    locality: Locality | None = None
    pool: ConnectionPool | None = None
    outlier: OutlierDetection | None = None
    retry_budget: RetryBudget | None = None
    inherits: bool = True
    position: Position = field(default=NOWHERE, eq=False)

    def over(self, base: TrafficPolicy) -> TrafficPolicy:
        """Return this policy with the blocks that it does not have taken from ``base`` (a subset over its host)."""
        if not self.inherits:
            return self
        missing = {name: getattr(base, name) for block in _BLOCKS if not self._has(block) for name in block}
        return attrs.evolve(self, **missing)

    def _has(self, block: tuple[str, ...]) -> bool:
        return any(getattr(self, name) is not None for name in block)


_BLOCKS: Final = (("balancer", "warmup", "locality"), ("pool",), ("outlier",), ("retry_budget",))

NO_POLICY = TrafficPolicy()
"""Nothing was said."""
