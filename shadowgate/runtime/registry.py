"""Hands live state to the compiler and lets go of what no configuration uses.

A new configuration asks for clusters; endpoints and names that it shares with the one before keep their pools, counts
and addresses, the others are let go once the new one is in service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from attrs import frozen

from shadowgate.compiler.snapshot import CompiledMirror, CompiledRule, Snapshot
from shadowgate.model import (
    NO_POLICY,
    ConnectionPool,
    Endpoint,
    HealthCheck,
    OutlierDetection,
    TrafficPolicy,
    Warmup,
)
from shadowgate.plugin import Environment, IBalancer
from shadowgate.runtime.bounds import Line, bounded
from shadowgate.runtime.clusters import EndpointState, LiveCluster
from shadowgate.runtime.discovery import Discovery, LateResolver, Resolver, is_name
from shadowgate.runtime.health import Checked
from shadowgate.runtime.mirror_state import MirrorState
from shadowgate.runtime.outliers import Record
from shadowgate.runtime.stats import RouteStats, Stats, Tally
from shadowgate.runtime.streams import Pool
from shadowgate.runtime.watch import Probe, Watch

PoolFactory = Callable[[Endpoint, ConnectionPool | None, Line | None], Pool]
"""Makes the connections to an endpoint; those of a cluster whose use is bounded stand in one line."""
Identity = tuple[str, int, int, str, frozenset[tuple[str, str]]]


@frozen(cache_hash=True)
class Regime:
    """What a cluster says of each of its endpoints; under another one, an endpoint has another state."""

    cluster: str
    warmup: Warmup | None
    pool: ConnectionPool | None
    outlier: OutlierDetection | None
    check: HealthCheck | None


PoolKey = tuple[str, str, ConnectionPool | None]
"""An address, and the cluster and policy that its connections are for; nothing where these say nothing of them."""


class Registry:
    """What the compiler asks (``compiler.snapshot.Live``), and what is in service.

    ``resolver`` makes the name resolver when the first name is looked up, which is never while a configuration is
    compiled; ``probe`` sends health checks; ``locality`` is the gateway's own.
    """

    def __init__(
        self,
        pools: PoolFactory,
        shadow_pools: PoolFactory,
        stats: Stats,
        env: Environment,
        resolver: Callable[[], Resolver],
        probe: Probe,
        locality: str = "",
    ) -> None:
        self._make_pool = pools
        self._make_shadow_pool = shadow_pools
        self._stats = stats
        self._env = env
        self._resolver = LateResolver(resolver)
        self._locality = locality
        self._probe = probe
        self._endpoints: dict[tuple[Regime, Identity], EndpointState] = {}
        self._discoveries: dict[tuple[Identity, bool], Discovery] = {}
        self._mirrors: dict[str, MirrorState] = {}
        self._pools: dict[PoolKey, tuple[Pool, Pool]] = {}
        self._lines: dict[tuple[str, ConnectionPool | None], tuple[Line, Line]] = {}
        self._watches: dict[Regime, Watch] = {}
        self._live: dict[LiveCluster, None] = {}
        self._compiling = False

    # For the compiler

    def cluster(
        self,
        name: str,
        endpoints: tuple[Endpoint, ...],
        balancer: IBalancer,
        policy: TrafficPolicy = NO_POLICY,
        resolution: str = "static",
        health: HealthCheck | None = None,
    ) -> LiveCluster:
        self._compiling = True
        fixed: list[Endpoint] = []
        discoveries: list[Discovery] = []
        for endpoint in endpoints:
            # A name in a static cluster is looked up too, by address records: dialling must not wait for a name server.
            if is_name(endpoint.address):
                discoveries.append(self._discovery(endpoint, resolution == "dns-srv"))
            else:
                fixed.append(endpoint)
        regime = Regime(name, policy.warmup, policy.pool, policy.outlier, health)
        find, watch = partial(self._endpoint, regime), self._watch_of(regime)
        return LiveCluster(name, fixed, discoveries, find, balancer, policy, self._env, self._locality, watch)

    def route_stats(self, name: str) -> RouteStats:
        return self._stats.route(name)

    def mirror_state(self, name: str) -> MirrorState:
        state = self._mirrors.get(name)
        if state is None:
            state = self._mirrors[name] = MirrorState(self._stats.mirror(name))
        return state

    def _watch_of(self, regime: Regime) -> Watch | None:
        name, outlier, check = regime.cluster, regime.outlier, regime.check
        if outlier is None and check is None:
            return None
        watch = self._watches.get(regime)
        if watch is None:
            stats = self._stats.cluster(name)
            watch = self._watches[regime] = Watch(name, outlier, check, self._env, self._probe, stats)
        return watch

    def _endpoint(self, regime: Regime, endpoint: Endpoint) -> EndpointState:
        # All of what was said is part of the key: a state is never changed under a snapshot that still uses it.
        key = (regime, _identity(endpoint))
        state = self._endpoints.get(key)
        if state is None:
            check = regime.check
            state = self._endpoints[key] = EndpointState(
                endpoint,
                *self._pools_of(regime, endpoint),
                since=self._env.clock.seconds(),
                record=None if regime.outlier is None else Record(),
                checked=None if check is None else Checked(check.initially == "healthy"),
            )
        return state

    def _pools_of(self, regime: Regime, endpoint: Endpoint) -> tuple[Pool, Pool]:
        """Return the pools for clients and for shadows; clusters that say nothing of connections share them."""
        policy = regime.pool
        key = (str(endpoint), "" if policy is None else regime.cluster, policy)
        pools = self._pools.get(key)
        if pools is None:
            line, shadow_line = self._lines_of(regime.cluster, policy)
            pools = self._pools[key] = (
                self._make_pool(endpoint, policy, line),
                self._make_shadow_pool(endpoint, policy, shadow_line),
            )
        return pools

    def _lines_of(self, cluster: str, policy: ConnectionPool | None) -> tuple[Line | None, Line | None]:
        if policy is None or not bounded(policy):
            return None, None
        lines = self._lines.get((cluster, policy))
        if lines is None:
            overflows, clock = self._stats.cluster(cluster).overflows, self._env.clock
            # A shadow that meets a bound is counted among its mirror's drops.
            lines = self._lines[cluster, policy] = (Line(policy, overflows, clock), Line(policy, Tally(), clock))
        return lines

    def _discovery(self, endpoint: Endpoint, service: bool) -> Discovery:
        key = (_identity(endpoint), service)
        discovery = self._discoveries.get(key)
        if discovery is None:
            discovery = self._discoveries[key] = Discovery(endpoint, service, self._resolver, self._env.clock)
        return discovery

    # In service

    def retain(self, snapshot: Snapshot) -> None:
        """Start what ``snapshot`` uses and let go of everything that it does not."""
        wanted = dict.fromkeys(_clusters(snapshot.rules))
        before, self._live = self._live, wanted
        self._compiling = False
        # The new ones first: what both of them follow goes on without a break.
        for cluster in wanted:
            cluster.start()
        for cluster in before:
            if cluster not in wanted:
                cluster.stop()
        mirrors = {mirror.name for mirror in _mirrors(snapshot.rules)}
        self._mirrors = {
            name: state for name, state in self._mirrors.items() if name in mirrors or state.stats.in_flight
        }
        self._tidy()
        for discovery in self._discoveries.values():
            # Last in line: what is let go is what no cluster has after a change.
            discovery.unwatch(self._tidy)
            discovery.watch(self._tidy)
        routes = {rule.stats.name for rule in snapshot.rules if rule.stats is not None}
        self._stats.forget(routes, mirrors, {cluster.name for cluster in wanted})

    @property
    def endpoints(self) -> tuple[EndpointState, ...]:
        return tuple(self._endpoints.values())

    @property
    def clusters(self) -> tuple[LiveCluster, ...]:
        return tuple(self._live)

    def close(self) -> None:
        for cluster in self._live:
            cluster.stop()
        for discovery in self._discoveries.values():
            discovery.stop()
        for pools in self._pools.values():
            for pool in pools:
                pool.close()

    def _tidy(self) -> None:
        """Close the pools of every address that no cluster in service has, and stop asking for unused names.

        Not while a configuration is compiled: what it has asked for is not in service yet.
        """
        if self._compiling:
            return
        used = {id(state) for cluster in self._live for state in cluster.endpoints}
        self._endpoints = {key: state for key, state in self._endpoints.items() if id(state) in used}
        kept = {id(state.pool) for state in self._endpoints.values()}
        for address, pools in list(self._pools.items()):
            if id(pools[0]) not in kept:
                del self._pools[address]
                for pool in pools:
                    pool.close()
        regimes = {regime for regime, _ in self._endpoints}
        self._watches = {regime: watch for regime, watch in self._watches.items() if regime in regimes}
        lines = {key[1:] for key in self._pools}
        self._lines = {key: pair for key, pair in self._lines.items() if key in lines}
        asked = {id(discovery) for cluster in self._live for discovery in cluster.discoveries}
        for key, discovery in list(self._discoveries.items()):
            if id(discovery) not in asked:
                del self._discoveries[key]
                discovery.stop()

    def __repr__(self) -> str:
        return f"<Registry {len(self._endpoints)} endpoints, {len(self._pools)} pools>"


def _identity(endpoint: Endpoint) -> Identity:
    """Return what two endpoints have in common when they are the same."""
    labels = frozenset(endpoint.labels.items())
    return endpoint.address, endpoint.port, endpoint.weight, endpoint.locality, labels


def _mirrors(rules: Iterable[CompiledRule]) -> Iterator[CompiledMirror]:
    for rule in rules:
        yield from rule.mirrors
        for destination in rule.destinations:
            yield from destination.mirrors


def _clusters(rules: Iterable[CompiledRule]) -> Iterator[LiveCluster]:
    for rule in rules:
        for destination in rule.destinations:
            if isinstance(destination.cluster, LiveCluster):
                yield destination.cluster
    for mirror in _mirrors(rules):
        if isinstance(mirror.cluster, LiveCluster):
            yield mirror.cluster
