"""Hands live state to the compiler and lets go of what no configuration uses.

A new configuration asks for clusters; endpoints and names that it shares with the one before keep their pools, counts
and addresses, the others are let go once the new one is in service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from shadowgate.compiler.snapshot import CompiledMirror, CompiledRule, Snapshot
from shadowgate.model import NO_POLICY, Endpoint, TrafficPolicy, Warmup
from shadowgate.plugin import Environment, IBalancer
from shadowgate.runtime.clusters import EndpointState, LiveCluster
from shadowgate.runtime.discovery import Discovery, Resolver, is_name
from shadowgate.runtime.mirror_state import MirrorState
from shadowgate.runtime.stats import RouteStats, Stats
from shadowgate.runtime.streams import Pool

PoolFactory = Callable[[Endpoint], Pool]
Identity = tuple[str, int, int, str, frozenset[tuple[str, str]]]


class Registry:
    """What the compiler asks (``compiler.snapshot.Live``), and what is in service.

    ``resolver`` makes the name resolver when the first name is to be looked up; ``locality`` is the gateway's own.
    """

    def __init__(
        self,
        pools: PoolFactory,
        shadow_pools: PoolFactory,
        stats: Stats,
        env: Environment,
        resolver: Callable[[], Resolver],
        locality: str = "",
    ) -> None:
        self._make_pool = pools
        self._make_shadow_pool = shadow_pools
        self._stats = stats
        self._env = env
        self._make_resolver = resolver
        self._locality = locality
        self._resolver: Resolver | None = None
        self._endpoints: dict[tuple[str, Warmup | None, Identity], EndpointState] = {}
        self._discoveries: dict[tuple[Identity, bool], Discovery] = {}
        self._mirrors: dict[str, MirrorState] = {}
        self._pools: dict[str, tuple[Pool, Pool]] = {}
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
        find = partial(self._endpoint, name, policy.warmup)
        return LiveCluster(name, fixed, discoveries, find, balancer, policy, self._env, self._locality)

    def route_stats(self, name: str) -> RouteStats:
        return self._stats.route(name)

    def mirror_state(self, name: str) -> MirrorState:
        state = self._mirrors.get(name)
        if state is None:
            state = self._mirrors[name] = MirrorState(self._stats.mirror(name))
        return state

    def _endpoint(self, cluster: str, warmup: Warmup | None, endpoint: Endpoint) -> EndpointState:
        # All of what was said is part of the key: a state is never changed under a snapshot that still uses it.
        key = (cluster, warmup, _identity(endpoint))
        state = self._endpoints.get(key)
        if state is None:
            address = str(endpoint)
            pools = self._pools.get(address)
            if pools is None:
                pools = self._pools[address] = (self._make_pool(endpoint), self._make_shadow_pool(endpoint))
            state = self._endpoints[key] = EndpointState(endpoint, *pools, since=self._env.clock.seconds())
        return state

    def _discovery(self, endpoint: Endpoint, service: bool) -> Discovery:
        key = (_identity(endpoint), service)
        discovery = self._discoveries.get(key)
        if discovery is None:
            if self._resolver is None:
                self._resolver = self._make_resolver()
            discovery = self._discoveries[key] = Discovery(endpoint, service, self._resolver, self._env.clock)
        return discovery

    # In service

    def retain(self, snapshot: Snapshot) -> None:
        """Start what ``snapshot`` uses and let go of everything that it does not."""
        wanted = dict.fromkeys(_clusters(snapshot.rules))
        for cluster in [cluster for cluster in self._live if cluster not in wanted]:
            cluster.stop()
        self._live = wanted
        self._compiling = False
        for cluster in wanted:
            cluster.start()
        mirrors = {mirror.name for mirror in _mirrors(snapshot.rules)}
        self._mirrors = {
            name: state for name, state in self._mirrors.items() if name in mirrors or state.stats.in_flight
        }
        self._tidy()
        for discovery in self._discoveries.values():
            # Last in line: what is let go is what no cluster has after a change.
            discovery.unwatch(self._tidy)
            discovery.watch(self._tidy)
        self._stats.forget({rule.stats.name for rule in snapshot.rules if rule.stats is not None}, mirrors)

    @property
    def endpoints(self) -> tuple[EndpointState, ...]:
        return tuple(self._endpoints.values())

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
        addresses = {state.name for state in self._endpoints.values()}
        for address, pools in list(self._pools.items()):
            if address not in addresses:
                del self._pools[address]
                for pool in pools:
                    pool.close()
        asked = {id(discovery) for cluster in self._live for discovery in cluster.discoveries}
        for key, discovery in list(self._discoveries.items()):
            if id(discovery) not in asked:
                discovery.unwatch(self._tidy)
                del self._discoveries[key]
                discovery.stop()

    def __repr__(self) -> str:
        return f"<Registry {len(self._endpoints)} endpoints, {len(self._pools)} addresses>"


def _identity(endpoint: Endpoint) -> Identity:
    """Return what two endpoints have in common when they are the same."""
    labels = frozenset(endpoint.labels.items())
    return endpoint.address, endpoint.port, endpoint.weight, endpoint.locality, labels


def _mirrors(rules: Iterable[CompiledRule]) -> Iterator[CompiledMirror]:
    return (mirror for rule in rules for mirror in rule.mirrors)


def _clusters(rules: Iterable[CompiledRule]) -> Iterator[LiveCluster]:
    for rule in rules:
        for destination in rule.destinations:
            if isinstance(destination.cluster, LiveCluster):
                yield destination.cluster
        for mirror in rule.mirrors:
            if isinstance(mirror.cluster, LiveCluster):
                yield mirror.cluster
