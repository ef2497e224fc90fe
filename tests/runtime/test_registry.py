"""Endpoint state that outlives configurations, and what a new one lets go of."""

import pytest
from attrs import define, field
from twisted.internet.defer import fail, succeed
from twisted.names import dns
from twisted.names.error import DNSNameError
from zope.interface import implementer

from shadowgate.compiler.snapshot import CompiledDestination, CompiledMirror, CompiledRule, Hooks, Snapshot
from shadowgate.model import (
    NO_POLICY,
    Configuration,
    ConnectionPool,
    Endpoint,
    HealthCheck,
    Locality,
    MirrorLimits,
    OutlierDetection,
    Timeouts,
    TrafficPolicy,
    Warmup,
)
from shadowgate.plugin import Environment, IBalancer
from shadowgate.runtime.mirror_state import MirrorState
from shadowgate.runtime.registry import Registry
from shadowgate.runtime.stats import MirrorStats, Stats
from shadowgate.testing import environment, request


@define(eq=False)
class FakePool:
    endpoint: Endpoint
    policy: object = None
    bounds: object = None
    closed: bool = False

    def close(self):
        self.closed = True


@implementer(IBalancer)
class First:
    def compile(self, endpoints, env):
        return lambda head: endpoints[0]


@define(eq=False)
class FakeResolver:
    """Knows names by their addresses, each for 30 seconds; ``asked`` keeps the questions."""

    zone: dict = field(factory=dict)
    asked: list = field(factory=list)

    def lookupAddress(self, name):
        self.asked.append(name)
        if name not in self.zone:
            return fail(DNSNameError())
        records = [dns.RRHeader(name, dns.A, ttl=30, payload=dns.Record_A(address)) for address in self.zone[name]]
        return succeed((records, [], []))

    def lookupIPV6Address(self, name):
        return fail(DNSNameError())

    def lookupService(self, name):
        self.asked.append(f"service {name}")
        payload = dns.Record_SRV(0, 1, 8080, self.zone[name])
        return succeed(([dns.RRHeader(name, dns.SRV, ttl=30, payload=payload)], [], []))


@define(eq=False, slots=False)
class House:
    """A registry with its fake pools and names."""

    locality: str = ""
    stats: Stats = field(factory=Stats)
    pools: list = field(factory=list)
    probed: list = field(factory=list)
    resolver: FakeResolver = field(factory=FakeResolver)
    env: Environment = field(factory=environment)
    registry: Registry = field(init=False)

    def __attrs_post_init__(self):
        self.registry = Registry(
            self._pool, self._pool, self.stats, self.env, lambda: self.make_resolver(), self._probe, self.locality
        )

    def _pool(self, endpoint, policy, bounds):
        self.pools.append(FakePool(endpoint, policy, bounds))
        return self.pools[-1]

    def _probe(self, endpoint, check, told):
        self.probed.append(str(endpoint))
        return self

    def cancel(self):
        self.probed.append("cancelled")

    def make_resolver(self):
        return self.resolver

    @property
    def open(self):
        """The addresses that there are pools for."""
        return [str(pool.endpoint) for pool in self.pools[::2] if not pool.closed]

    def cluster(self, *endpoints, name="c", policy=NO_POLICY, resolution="static", check=None):
        return self.registry.cluster(name, endpoints, First(), policy, resolution, check)

    def retain(self, *clusters, mirrors=()):
        """Put a configuration of these clusters in service."""
        destinations = tuple(CompiledDestination(one.name, 1, one, (), Hooks()) for one in clusters)
        shadows = tuple(
            CompiledMirror(name, None, None, None, (), (), 0, MirrorLimits(), self.registry.mirror_state(name))
            for name in mirrors
        )
        rule = CompiledRule(
            "r", "", (), Hooks(), None, destinations, shadows, Timeouts(), self.registry.route_stats("r")
        )
        self.registry.retain(Snapshot(1, None, Configuration(), (rule,)))


@pytest.fixture
def house():
    return House()


A, B = Endpoint("10.0.0.1", 80), Endpoint("10.0.0.2", 80)


def test_clients_and_shadows_have_pools_of_their_own(house):
    (state,) = house.cluster(A).endpoints
    assert state.pool is not state.shadow_pool
    assert len(house.pools) == 2


def test_a_cluster_without_endpoints_picks_nobody(house):
    assert house.cluster().pick(request()) is None


def test_the_same_endpoint_keeps_its_state_in_the_next_configuration(house):
    before = house.cluster(A, B)
    house.retain(before)
    before.endpoints[0].in_flight = 3
    after = house.cluster(A)
    house.retain(after)
    assert after.endpoints[0] is before.endpoints[0]
    assert [pool.closed for pool in house.pools] == [False, False, True, True]


@pytest.mark.parametrize("changed", [Endpoint("10.0.0.1", 80, {"v": "2"}), Endpoint("10.0.0.1", 80, weight=5)])
def test_an_endpoint_that_says_something_else_of_itself_keeps_its_connections(house, changed):
    before = house.cluster(A)
    house.retain(before)
    after = house.cluster(changed)
    house.retain(after)
    assert after.endpoints[0] is not before.endpoints[0]
    assert after.endpoints[0].pool is before.endpoints[0].pool
    assert before.endpoints[0].weight == 1
    assert not house.pools[0].closed


def test_two_clusters_share_connections_but_not_counts(house):
    one, two = house.cluster(A, name="one"), house.cluster(A, name="two")
    assert one.endpoints[0] is not two.endpoints[0]
    assert one.endpoints[0].pool is two.endpoints[0].pool


def test_an_endpoint_that_only_a_mirror_uses_is_kept(house):
    cluster = house.cluster(A)
    mirror = CompiledMirror("m", None, cluster, None, (), (), 0, MirrorLimits(), house.registry.mirror_state("m"))
    rule = CompiledRule("r", "", (), Hooks(), None, (), (mirror,), Timeouts(), house.registry.route_stats("r"))
    house.registry.retain(Snapshot(1, None, Configuration(), (rule,)))
    assert not any(pool.closed for pool in house.pools)


def test_so_is_one_that_only_a_destinations_mirror_uses(house):
    mirror = CompiledMirror(
        "m", None, house.cluster(A), None, (), (), 0, MirrorLimits(), house.registry.mirror_state("m")
    )
    destination = CompiledDestination("b", 1, house.cluster(B), (), Hooks(), mirrors=(mirror,))
    rule = CompiledRule("r", "", (), Hooks(), None, (destination,), (), Timeouts(), house.registry.route_stats("r"))
    house.registry.retain(Snapshot(1, None, Configuration(), (rule,)))
    assert not any(pool.closed for pool in house.pools)
    assert house.registry.mirror_state("m") is mirror.state


def test_a_mirrors_state_outlives_configurations_that_name_it(house):
    state = house.registry.mirror_state("m")
    state.failures = 3
    house.retain(mirrors=["m"])
    assert house.registry.mirror_state("m") is state
    house.retain()
    assert house.registry.mirror_state("m") is not state
    assert house.registry.mirror_state("m").stats is house.stats.mirrors["m"]


def test_a_mirror_with_shadows_under_way_is_not_forgotten(house):
    state = house.registry.mirror_state("m")
    state.stats.sampled = state.stats.connecting = 1
    house.retain()
    assert house.registry.mirror_state("m") is state
    assert "m" in house.stats.mirrors


# Names


NAMED = Endpoint("api.test", 80)


def addresses(cluster):
    return [endpoint.name for endpoint in cluster.endpoints]


@pytest.mark.parametrize("resolution", ["static", "dns"])
def test_names_are_looked_up_once_they_are_in_service(house, resolution):
    house.resolver.zone["api.test"] = ["10.0.0.8", "10.0.0.9"]
    cluster = house.cluster(NAMED, A, resolution=resolution)
    assert addresses(cluster) == ["10.0.0.1:80", "api.test:80"]
    assert not house.resolver.asked
    house.retain(cluster)
    assert addresses(cluster) == ["10.0.0.1:80", "10.0.0.8:80", "10.0.0.9:80"]
    assert house.open == ["10.0.0.1:80", "10.0.0.8:80", "10.0.0.9:80"]


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "unix:/run/api"])
@pytest.mark.parametrize("resolution", ["static", "dns", "dns-srv"])
def test_addresses_are_never_looked_up(house, address, resolution):
    endpoint = Endpoint(address, 80)
    cluster = house.cluster(endpoint, resolution=resolution)
    house.retain(cluster)
    assert addresses(cluster) == [str(endpoint)]
    assert not house.resolver.asked


def test_services_are_looked_up_as_such(house):
    house.resolver.zone = {"_http._tcp.test": "a.test", "a.test": ["10.0.0.8"]}
    cluster = house.cluster(Endpoint("_http._tcp.test"), resolution="dns-srv")
    house.retain(cluster)
    assert addresses(cluster) == ["10.0.0.8:8080"]


def test_no_resolver_is_made_for_addresses_alone(house):
    house.make_resolver = lambda: 1 / 0
    house.retain(house.cluster(A, B))
    assert house.open == ["10.0.0.1:80", "10.0.0.2:80"]


def test_an_address_that_a_name_no_longer_stands_for_is_let_go(house):
    house.resolver.zone["api.test"] = ["10.0.0.8", "10.0.0.9"]
    cluster = house.cluster(NAMED)
    house.retain(cluster)
    kept = cluster.endpoints[1]
    house.resolver.zone["api.test"] = ["10.0.0.9"]
    house.env.clock.advance(30)
    assert cluster.endpoints == (kept,)
    assert house.open == ["10.0.0.9:80"]
    assert house.registry.endpoints == (kept,)


def test_a_name_in_the_next_configuration_too_is_not_asked_for_again(house):
    house.resolver.zone["api.test"] = ["10.0.0.8"]
    before = house.cluster(NAMED)
    house.retain(before)
    after = house.cluster(NAMED)
    assert after.endpoints == before.endpoints
    house.retain(after)
    assert house.resolver.asked == ["api.test"]
    house.resolver.zone["api.test"] = ["10.0.0.9"]
    house.env.clock.advance(30)
    assert addresses(after) == ["10.0.0.9:80"]
    assert addresses(before) == ["10.0.0.8:80"]
    assert house.open == ["10.0.0.9:80"]


def test_clusters_with_the_same_name_look_it_up_together(house):
    house.resolver.zone["api.test"] = ["10.0.0.8"]
    one, two = house.cluster(NAMED, name="one"), house.cluster(NAMED, name="two")
    house.retain(one, two)
    assert house.resolver.asked == ["api.test"]
    house.resolver.zone["api.test"] = ["10.0.0.9"]
    house.env.clock.advance(30)
    assert addresses(one) == addresses(two) == ["10.0.0.9:80"]
    assert house.open == ["10.0.0.9:80"]


def test_a_name_that_nobody_has_any_more_is_not_asked_for(house):
    house.resolver.zone["api.test"] = ["10.0.0.8"]
    house.retain(house.cluster(NAMED))
    house.retain(house.cluster(A))
    house.env.clock.advance(300)
    assert house.resolver.asked == ["api.test"]
    assert house.open == ["10.0.0.1:80"]
    assert not house.env.clock.getDelayedCalls()


def test_two_names_for_one_address_are_one_endpoint(house):
    house.resolver.zone = {"api.test": ["10.0.0.1"], "www.test": ["10.0.0.1"]}
    cluster = house.cluster(A, NAMED, Endpoint("www.test", 80))
    house.retain(cluster)
    assert addresses(cluster) == ["10.0.0.1:80"]


# While a configuration is compiled


def test_what_a_configuration_under_way_has_asked_for_is_kept_for_it(house):
    house.resolver.zone["api.test"] = ["10.0.0.8"]
    house.retain(house.cluster(NAMED))
    coming = house.cluster(A, name="coming")
    house.resolver.zone["api.test"] = ["10.0.0.9"]
    house.env.clock.advance(30)
    assert "10.0.0.1:80" in house.open
    house.retain(coming)
    assert house.open == ["10.0.0.1:80"]


def test_what_a_refused_configuration_has_asked_for_is_let_go(house):
    served = house.cluster(A)
    house.retain(served)
    house.cluster(B, Endpoint("other.test", 80), name="refused")
    house.retain(served)
    assert house.open == ["10.0.0.1:80"]
    house.env.clock.advance(300)
    assert not house.resolver.asked
    assert not house.env.clock.getDelayedCalls()


def test_a_name_that_changes_while_a_configuration_is_compiled_is_up_to_date_in_service(house):
    house.resolver.zone["api.test"] = ["10.0.0.8"]
    house.retain(house.cluster(NAMED))
    coming = house.cluster(NAMED, A)
    house.resolver.zone["api.test"] = ["10.0.0.9"]
    house.env.clock.advance(30)
    assert addresses(coming) == ["10.0.0.1:80", "10.0.0.8:80"]
    house.retain(coming)
    assert addresses(coming) == ["10.0.0.1:80", "10.0.0.9:80"]
    assert house.open == ["10.0.0.1:80", "10.0.0.9:80"]


# Policies


def test_a_warm_up_that_is_not_in_service_changes_no_weight_that_is(house):
    served = house.cluster(A, B)
    house.retain(served)
    house.cluster(A, B, policy=TrafficPolicy(warmup=Warmup(60)))
    assert [endpoint.weight for endpoint in served.endpoints] == [1, 1]
    house.retain(served)
    assert [endpoint.weight for endpoint in served.endpoints] == [1, 1]


def test_a_warm_up_that_is_taken_back_leaves_no_weight_behind(house):
    before = house.cluster(A, B, policy=TrafficPolicy(warmup=Warmup(60)))
    house.retain(before)
    assert [endpoint.weight for endpoint in before.endpoints] == [10, 10]
    after = house.cluster(A, B)
    house.retain(after)
    assert [endpoint.weight for endpoint in after.endpoints] == [1, 1]
    assert after.endpoints[0].pool is before.endpoints[0].pool


def test_an_endpoint_goes_on_warming_up_in_the_next_configuration(house):
    policy = TrafficPolicy(warmup=Warmup(100))
    house.retain(house.cluster(A, policy=policy))
    house.env.clock.pump([1] * 50)
    after = house.cluster(A, B, policy=policy)
    house.retain(after)
    assert [endpoint.weight for endpoint in after.endpoints] == [50, 10]


def test_the_gateways_own_locality_decides_who_is_near():
    house = House("eu/north")
    near, far = Endpoint("10.0.0.1", 80, locality="eu/north"), Endpoint("10.0.0.2", 80, locality="us")
    cluster = house.cluster(far, near, policy=TrafficPolicy(locality=Locality(), outlier=OutlierDetection()))
    assert {cluster.pick(request()).name for _ in range(4)} == {"10.0.0.1:80"}


# Connections


BOUNDED = TrafficPolicy(pool=ConnectionPool(max_connections=5))


def test_no_name_server_is_looked_for_while_a_configuration_is_compiled(house):
    house.make_resolver = lambda: 1 / 0
    house.cluster(NAMED)


def test_a_cluster_that_says_something_of_connections_has_its_own(house):
    one, two = house.cluster(A, name="one"), house.cluster(A, name="two", policy=BOUNDED)
    assert one.endpoints[0].pool is not two.endpoints[0].pool
    assert [(pool.policy, pool.bounds) for pool in house.pools[:2]] == [(None, None)] * 2
    assert [pool.policy for pool in house.pools[2:]] == [BOUNDED.pool] * 2


def test_the_pools_of_a_bounded_cluster_stand_in_one_line_and_its_shadows_in_another(house):
    cluster = house.cluster(A, B, policy=BOUNDED)
    pools, shadow_pools = zip(*((each.pool, each.shadow_pool) for each in cluster.endpoints), strict=True)
    assert len({id(pool.bounds) for pool in pools}) == len({id(pool.bounds) for pool in shadow_pools}) == 1
    assert pools[0].bounds is not shadow_pools[0].bounds
    assert pools[0].bounds.overflows is house.stats.cluster("c").overflows
    assert shadow_pools[0].bounds.overflows is not house.stats.cluster("c").overflows


def test_what_is_said_of_connections_alone_bounds_nothing(house):
    cluster = house.cluster(A, policy=TrafficPolicy(pool=ConnectionPool(connect_timeout=1.0)))
    assert cluster.endpoints[0].pool.bounds is None


def test_the_next_configuration_counts_on_where_it_says_the_same(house):
    before = house.cluster(A, policy=BOUNDED)
    house.retain(before)
    same = house.cluster(A, B, policy=BOUNDED)
    house.retain(same)
    assert same.endpoints[0].pool is before.endpoints[0].pool
    assert same.endpoints[1].pool.bounds is before.endpoints[0].pool.bounds
    other = house.cluster(A, policy=TrafficPolicy(pool=ConnectionPool(max_connections=6)))
    house.retain(other)
    assert other.endpoints[0].pool.bounds is not before.endpoints[0].pool.bounds
    assert before.endpoints[0].pool.closed and not other.endpoints[0].pool.closed
    assert repr(house.registry) == "<Registry 1 endpoints, 1 pools>"


# Health


EJECTING = TrafficPolicy(outlier=OutlierDetection(consecutive_5xx=1, interval=1.0, base_ejection=30.0))


def test_an_ejection_outlives_a_configuration_that_says_the_same(house):
    house.retain(house.cluster(A, B, policy=EJECTING))
    (first, _) = house.registry.endpoints
    first.watch.answered(first, 500)
    after = house.cluster(A, B, policy=EJECTING)
    house.retain(after)
    assert [endpoint.name for endpoint in after.eligible] == ["10.0.0.2:80"]
    house.env.clock.pump([1] * 30)
    assert len(after.eligible) == 2


def test_a_configuration_that_says_something_else_starts_anew(house):
    house.retain(house.cluster(A, B, policy=EJECTING))
    (first, _) = house.registry.endpoints
    first.watch.answered(first, 500)
    after = house.cluster(A, B)
    house.retain(after)
    assert len(after.eligible) == 2 and after.endpoints[0].watch is None
    assert not house.env.clock.getDelayedCalls()


def test_a_cluster_and_a_mirror_of_it_know_the_same(house):
    cluster, mirrored = house.cluster(A, B, policy=EJECTING), house.cluster(A, B, policy=EJECTING)
    house.retain(cluster, mirrored)
    first = cluster.endpoints[0]
    first.watch.answered(first, 500)
    assert [endpoint.name for endpoint in mirrored.eligible] == ["10.0.0.2:80"]


def test_probes_are_sent_once_a_cluster_is_in_service_and_no_longer(house):
    cluster = house.cluster(A, check=HealthCheck())
    house.env.clock.advance(1)
    assert house.probed == []
    house.retain(cluster)
    house.env.clock.advance(1)
    assert house.probed == ["10.0.0.1:80"]
    again = house.cluster(A, check=HealthCheck())
    house.retain(again)
    house.env.clock.advance(1)
    assert house.probed == ["10.0.0.1:80"]
    house.retain()
    assert house.probed == ["10.0.0.1:80", "cancelled"]
    assert not house.env.clock.getDelayedCalls()


def test_clusters_in_service_can_be_looked_at(house):
    cluster = house.cluster(A)
    house.retain(cluster)
    house.cluster(B)
    assert house.registry.clusters == (cluster,)


# The end


def test_closing_asks_for_no_more_names(house):
    house.resolver.zone["api.test"] = ["10.0.0.8"]
    house.retain(house.cluster(NAMED, policy=TrafficPolicy(warmup=Warmup(60))))
    house.registry.close()
    assert not house.env.clock.getDelayedCalls()


def test_closing_closes_every_pool(house):
    house.cluster(A, B)
    house.registry.close()
    assert all(pool.closed for pool in house.pools)


def test_long_lived_objects_say_what_they_are(house):
    cluster = house.cluster(A)
    assert repr(cluster) == "<LiveCluster c, 1 endpoints>"
    assert "10.0.0.1:80, 0 in flight" in repr(cluster.endpoints[0])
    assert repr(house.registry) == "<Registry 1 endpoints, 1 pools>"
    assert repr(MirrorState(MirrorStats("m"))) == "<MirrorState m, 0 in flight, 0 failures in a row>"
