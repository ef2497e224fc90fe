"""Endpoints as they live: their pools and how busy they are.  This state outlives configurations.

A new configuration asks for clusters; endpoints that it shares with the one before keep their pools and counts, the
others are let go once the new one is in service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from shadowgate.compiler.snapshot import CompiledMirror, CompiledRule, Snapshot
from shadowgate.http.head import RequestHead
from shadowgate.model import Endpoint, MirrorLimits
from shadowgate.plugin import Environment, IBalancer
from shadowgate.runtime.stats import MirrorStats, RouteStats, Stats
from shadowgate.runtime.streams import Pool

PoolFactory = Callable[[Endpoint], Pool]


class EndpointState:
    """One endpoint of one cluster: a balancer's Candidate.

    ``in_flight`` counts requests of clients; shadows have a pool and a count of their own, so that a mirror can
    neither take a primary's connection nor change where a balancer sends a client.
    """

    __slots__ = ("endpoint", "in_flight", "labels", "name", "pool", "requests", "shadow_pool", "weight")

    def __init__(self, endpoint: Endpoint, pool: Pool, shadow_pool: Pool) -> None:
        self.endpoint = endpoint
        self.name = str(endpoint)
        self.weight = endpoint.weight
        self.labels: Mapping[str, str] = endpoint.labels
        self.in_flight = 0
        self.requests = 0
        self.pool = pool
        self.shadow_pool = shadow_pool

    def __repr__(self) -> str:
        return f"<EndpointState {self.name}, {self.in_flight} in flight, {self.pool!r}>"


class LiveCluster:
    """A cluster or a subset of one: its endpoints and the balancer compiled over them.

    ``pick`` gives an endpoint, or None when there is none.
    """

    __slots__ = ("endpoints", "name", "pick")

    def __init__(self, name: str, endpoints: tuple[EndpointState, ...], balancer: IBalancer, env: Environment) -> None:
        self.name = name
        self.endpoints = endpoints
        self.pick: Callable[[RequestHead], EndpointState | None] = (
            balancer.compile(endpoints, env) if endpoints else _nobody
        )

    def __repr__(self) -> str:
        return f"<LiveCluster {self.name}, {len(self.endpoints)} endpoints>"


def _nobody(head: RequestHead) -> None:
    return None


class MirrorState:
    """What one mirror's shadows share: their counts, the bytes that wait for them, and the breaker."""

    __slots__ = ("failures", "open_until", "stats", "waiting_bytes")

    def __init__(self, stats: MirrorStats) -> None:
        self.stats = stats
        self.waiting_bytes = 0
        self.failures = 0
        self.open_until = 0.0

    def admits(self, limits: MirrorLimits, now: float) -> bool:
        """Whether the breaker lets a shadow through; while it is open, one trial each time the pause is over."""
        if self.failures < limits.breaker_failures or not limits.breaker_failures:
            return True
        if now < self.open_until:
            return False
        self.open_until = now + limits.breaker_pause
        return True

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self, limits: MirrorLimits, now: float) -> None:
        self.failures += 1
        if self.failures >= limits.breaker_failures:
            self.open_until = now + limits.breaker_pause

    def __repr__(self) -> str:
        return f"<MirrorState {self.stats.name}, {self.stats.in_flight} in flight, {self.failures} failures in a row>"


class Registry:
    """Hands live state to the compiler (``compiler.snapshot.Live``) and lets go of what no snapshot uses."""

    def __init__(self, pools: PoolFactory, shadow_pools: PoolFactory, stats: Stats, env: Environment) -> None:
        self._make_pool = pools
        self._make_shadow_pool = shadow_pools
        self._stats = stats
        self._env = env
        self._endpoints: dict[tuple[str, str, int, frozenset[tuple[str, str]]], EndpointState] = {}
        self._mirrors: dict[str, MirrorState] = {}
        self._pools: dict[str, tuple[Pool, Pool]] = {}

    def cluster(self, name: str, endpoints: tuple[Endpoint, ...], balancer: IBalancer) -> LiveCluster:
        return LiveCluster(name, tuple(self._endpoint(name, endpoint) for endpoint in endpoints), balancer, self._env)

    def _endpoint(self, cluster: str, endpoint: Endpoint) -> EndpointState:
        # Labels and weight are part of the key: a state is never changed under a snapshot that still uses it.
        address = str(endpoint)
        key = (cluster, address, endpoint.weight, frozenset(endpoint.labels.items()))
        state = self._endpoints.get(key)
        if state is None:
            pools = self._pools.get(address)
            if pools is None:
                pools = self._pools[address] = (self._make_pool(endpoint), self._make_shadow_pool(endpoint))
            state = self._endpoints[key] = EndpointState(endpoint, *pools)
        return state

    def route_stats(self, name: str) -> RouteStats:
        return self._stats.route(name)

    def mirror_state(self, name: str) -> MirrorState:
        state = self._mirrors.get(name)
        if state is None:
            state = self._mirrors[name] = MirrorState(self._stats.mirror(name))
        return state

    def retain(self, snapshot: Snapshot) -> None:
        """Close the pools of every endpoint that ``snapshot`` does not use, and forget what nothing names."""
        used = {id(state) for state in _states(snapshot.rules)}
        self._endpoints = {key: state for key, state in self._endpoints.items() if id(state) in used}
        addresses = {state.name for state in self._endpoints.values()}
        for address, pools in list(self._pools.items()):
            if address not in addresses:
                del self._pools[address]
                for pool in pools:
                    pool.close()
        mirrors = {mirror.name for mirror in _mirrors(snapshot.rules)}
        self._mirrors = {
            name: state for name, state in self._mirrors.items() if name in mirrors or state.stats.in_flight
        }
        self._stats.forget({rule.route for rule in snapshot.rules}, mirrors)

    @property
    def endpoints(self) -> tuple[EndpointState, ...]:
        return tuple(self._endpoints.values())

    def close(self) -> None:
        for pools in self._pools.values():
            for pool in pools:
                pool.close()

    def __repr__(self) -> str:
        return f"<Registry {len(self._endpoints)} endpoints, {len(self._pools)} addresses>"


def _mirrors(rules: Iterable[CompiledRule]) -> Iterable[CompiledMirror]:
    return (mirror for rule in rules for mirror in rule.mirrors)


def _states(rules: Iterable[CompiledRule]) -> Iterable[EndpointState]:
    for rule in rules:
        clusters = [destination.cluster for destination in rule.destinations]
        clusters += [mirror.cluster for mirror in rule.mirrors]
        for cluster in clusters:
            if isinstance(cluster, LiveCluster):
                yield from cluster.endpoints
