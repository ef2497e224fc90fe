"""A live cluster: its balancer compiled anew at every change, warm-up, localities, the retry budget."""

import pytest
from attrs import define, evolve, field
from twisted.logger import LogLevel, globalLogPublisher
from zope.interface import implementer

from shadowgate.model import (
    NO_POLICY,
    ConnectionPool,
    Endpoint,
    HealthCheck,
    Locality,
    OutlierDetection,
    RetryBudget,
    TrafficPolicy,
    Warmup,
)
from shadowgate.plugin import Environment, IBalancer, IBindingBalancer
from shadowgate.runtime.clusters import EndpointState, LiveCluster
from shadowgate.runtime.health import Checked
from shadowgate.runtime.outliers import Record
from shadowgate.runtime.stats import ClusterStats
from shadowgate.runtime.watch import Watch
from shadowgate.testing import environment, request


@implementer(IBalancer)
@define(eq=False)
class Watched:
    """Gives the first one; ``compiled`` keeps the weights it was compiled over, ``broken`` makes it raise."""

    compiled: list = field(factory=list)
    broken: bool = False

    def compile(self, endpoints, env):
        if self.broken:
            raise ValueError("not these")
        self.compiled.append({endpoint.name.partition(":")[0]: endpoint.weight for endpoint in endpoints})
        return lambda head: endpoints[0]


@define(eq=False)
class Names:
    """A discovery whose answers a test gives."""

    endpoints: tuple = ()
    watchers: list = field(factory=list)

    def watch(self, changed):
        self.watchers.append(changed)

    def unwatch(self, changed):
        self.watchers.remove(changed)

    def change(self, *endpoints):
        self.endpoints = endpoints
        for changed in self.watchers:
            changed()


@define(eq=False)
class House:
    """Makes clusters; endpoints have a state each, from the moment they are first seen."""

    env: Environment = field(factory=environment)
    balancer: Watched = field(factory=Watched)
    names: Names = field(factory=Names)
    states: dict = field(factory=dict)

    def cluster(self, *endpoints, policy=NO_POLICY, locality="", check=None):
        watch = None
        if policy.outlier is not None or check is not None:
            watch = Watch("c", policy.outlier, check, self.env, self._probe, ClusterStats("c"))
        return LiveCluster("c", endpoints, [self.names], self._find, self.balancer, policy, self.env, locality, watch)

    def _find(self, endpoint):
        if str(endpoint) not in self.states:
            now = self.env.clock.seconds()
            self.states[str(endpoint)] = EndpointState(endpoint, None, None, now, Record(), Checked(True))
        return self.states[str(endpoint)]

    def _probe(self, endpoint, check, told):
        return self

    def cancel(self):
        """Its probes are under way for ever."""

    def wait(self, seconds):
        self.env.clock.pump([1] * seconds)


@pytest.fixture
def house():
    return House()


@pytest.fixture
def logged():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [event for event in events if event["log_level"] is LogLevel.critical]
    globalLogPublisher.removeObserver(events.append)


A, B, C = (Endpoint(name, 80) for name in "abc")


def picked(cluster):
    found = cluster.pick(request())
    return found and found.name.partition(":")[0]


# The set


def test_it_is_compiled_once_over_what_there_is(house):
    cluster = house.cluster(A, B)
    cluster.start()
    assert house.balancer.compiled == [{"a": 1, "b": 1}]
    assert picked(cluster) == "a"


def test_it_is_compiled_again_when_names_stand_for_others(house):
    cluster = house.cluster(A)
    cluster.start()
    house.names.change(B, C)
    assert house.balancer.compiled[-1] == {"a": 1, "b": 1, "c": 1}
    house.names.change(C)
    assert house.balancer.compiled[-1] == {"a": 1, "c": 1}
    assert len(house.balancer.compiled) == 3


def test_what_is_found_again_is_no_reason_to_compile(house):
    house.names.endpoints = (B,)
    cluster = house.cluster(A)
    cluster.start()
    house.names.change(B)
    assert len(house.balancer.compiled) == 1


def test_what_changed_before_its_start_is_seen_at_the_start(house):
    cluster = house.cluster(A)
    house.names.change(B)
    assert len(house.balancer.compiled) == 1
    cluster.start()
    assert house.balancer.compiled[-1] == {"a": 1, "b": 1}


def test_an_endpoint_that_stays_keeps_its_state(house):
    cluster = house.cluster()
    cluster.start()
    house.names.change(A, B)
    before = cluster.endpoints[1]
    house.names.change(B, C)
    assert cluster.endpoints[0] is before


def test_a_cluster_whose_last_endpoint_is_gone_picks_nobody_until_there_is_one(house):
    house.names.endpoints = (A,)
    cluster = house.cluster()
    cluster.start()
    house.names.change()
    assert picked(cluster) is None
    house.names.change(B)
    assert picked(cluster) == "b"


def test_a_balancer_that_raises_at_a_change_leaves_the_last_one_at_work(house, logged):
    cluster = house.cluster(A)
    cluster.start()
    house.balancer.broken = True
    house.names.change(B)
    assert picked(cluster) == "a"
    assert [event["name"] for event in logged()] == ["c"]
    house.balancer.broken = False
    house.names.change(C)
    assert house.balancer.compiled[-1] == {"a": 1, "c": 1}


def test_a_balancer_that_raises_at_first_is_the_compilers_to_report(house):
    house.balancer.broken = True
    with pytest.raises(ValueError, match="not these"):
        house.cluster(A)


def test_after_its_stop_nothing_moves(house):
    cluster = house.cluster(A, policy=TrafficPolicy(warmup=Warmup(60)))
    cluster.start()
    cluster.stop()
    house.names.change(B)
    assert len(house.balancer.compiled) == 1
    assert not house.env.clock.getDelayedCalls()


def test_a_second_start_is_none(house):
    cluster = house.cluster(A)
    cluster.start()
    cluster.start()
    assert len(house.names.watchers) == 1


# Warm-up


WARM = TrafficPolicy(warmup=Warmup(10))


def test_an_endpoint_that_has_come_grows_step_by_step(house):
    cluster = house.cluster(A, policy=WARM)
    cluster.start()
    house.wait(20)
    house.names.change(B)
    house.balancer.compiled.clear()
    house.wait(20)
    assert house.balancer.compiled[0] == {"a": 100, "b": 10}
    assert house.balancer.compiled[4] == {"a": 100, "b": 50}
    assert house.balancer.compiled[8] == {"a": 100, "b": 90}
    assert house.balancer.compiled[-1] == {"a": 100, "b": 100}
    assert len(house.balancer.compiled) <= 11
    assert not house.env.clock.getDelayedCalls()


def test_without_a_warm_up_weights_are_as_they_were_written(house):
    cluster = house.cluster(Endpoint("a", 80, weight=3), B)
    cluster.start()
    assert house.balancer.compiled == [{"a": 3, "b": 1}]
    assert not house.env.clock.getDelayedCalls()


def test_nothing_warms_up_before_the_start(house):
    house.cluster(A, policy=WARM)
    assert not house.env.clock.getDelayedCalls()


def test_an_endpoint_that_comes_while_another_warms_up_starts_no_second_clock(house):
    cluster = house.cluster(A, policy=WARM)
    cluster.start()
    house.wait(3)
    house.names.change(B)
    assert len(house.env.clock.getDelayedCalls()) == 1
    house.wait(7)
    assert house.balancer.compiled[-1] == {"a": 100, "b": 70}


def test_a_balancer_that_raises_does_not_stop_the_warm_up(house, logged):
    cluster = house.cluster(A, policy=WARM)
    cluster.start()
    house.balancer.broken = True
    house.wait(3)
    assert len(logged()) == 3
    house.balancer.broken = False
    house.wait(1)
    assert house.balancer.compiled[-1] == {"a": 40}


# Localities


def test_requests_are_shared_among_localities_by_weight():
    house = House(environment(seed=3))
    north, south = Endpoint("n", 80, locality="eu/north"), Endpoint("s", 80, locality="eu/south")
    policy = TrafficPolicy(locality=Locality(distribute=(("eu", {"eu/north": 75, "eu/south": 25}),)))
    cluster = house.cluster(north, south, policy=policy, locality="eu/north")
    assert house.balancer.compiled == [{"n": 1}, {"s": 1}]
    found = [picked(cluster) for _ in range(2000)]
    assert 1400 < found.count("n") < 1600
    assert found.count("n") + found.count("s") == 2000


def test_who_is_next_near_serves_when_the_nearest_are_gone(house):
    near, far = Endpoint("n", 80, locality="eu"), Endpoint("f", 80, locality="us")
    cluster = house.cluster(far, policy=TrafficPolicy(outlier=OutlierDetection()), locality="eu")
    cluster.start()
    house.names.change(near)
    assert picked(cluster) == "n"
    house.names.change()
    assert picked(cluster) == "f"


# Health


QUICK = OutlierDetection(consecutive_5xx=1, interval=1.0, base_ejection=10.0, max_ejection_percent=100)
WATCHED = TrafficPolicy(outlier=QUICK)


def watched(house, *endpoints, **given):
    """Return a cluster that ejects at the first error, started."""
    cluster = house.cluster(*endpoints, **{"policy": WATCHED, **given})
    cluster.start()
    house.balancer.compiled.clear()
    return cluster


def eject(endpoint):
    endpoint.watch.answered(endpoint, 500)


def test_without_anybody_who_looks_nobody_is_told():
    house = House()
    cluster = house.cluster(A)
    cluster.start()
    assert cluster.endpoints[0].watch is None
    cluster.endpoints[0].failed("upstream_reset")
    assert cluster.endpoints[0].record.server_errors == 0


def test_an_ejected_endpoint_is_not_chosen_until_it_is_back(house):
    cluster = watched(house, A, B)
    eject(cluster.endpoints[0])
    assert house.balancer.compiled == [{"b": 1}]
    assert (picked(cluster), len(cluster.endpoints), len(cluster.eligible)) == ("b", 2, 1)
    house.wait(10)
    assert house.balancer.compiled == [{"b": 1}, {"a": 1, "b": 1}]


def test_an_attempt_without_an_answer_is_told_through_the_endpoint(house):
    cluster = watched(house, A, B)
    cluster.endpoints[0].failed("connect_refused")
    assert picked(cluster) == "b"


def test_whoever_is_looked_for_elsewhere_is_eligible(house):
    cluster = watched(house, A, B, C)
    eject(cluster.endpoints[1])
    assert cluster.pick_other({"a:80"}).name == "c:80"


def test_with_everybody_out_nobody_is_picked(house):
    cluster = watched(house, A, B)
    for endpoint in cluster.endpoints:
        eject(endpoint)
    assert picked(cluster) is None and not cluster.panicking


def test_below_the_panic_threshold_all_are_used_and_it_is_said(house):
    events = []
    globalLogPublisher.addObserver(events.append)
    cluster = watched(house, A, B, C, policy=TrafficPolicy(outlier=evolve(QUICK, min_health_percent=50)))
    eject(cluster.endpoints[0])
    assert len(cluster.eligible) == 2 and not cluster.panicking
    eject(cluster.endpoints[1])
    globalLogPublisher.removeObserver(events.append)
    assert len(cluster.eligible) == 3 and cluster.panicking
    said = [event["log_format"].format(**event) for event in events]
    assert said[-1] == "c: only 1 of 3 endpoints are well, so all of them are used"
    house.wait(10)
    assert not cluster.panicking


def test_a_change_of_health_that_changes_nobodys_eligibility_compiles_nothing(house):
    cluster = watched(house, A, B, policy=TrafficPolicy(outlier=evolve(QUICK, min_health_percent=100)))
    eject(cluster.endpoints[0])
    assert house.balancer.compiled == []


def test_an_endpoint_that_comes_back_warms_up_anew(house):
    cluster = watched(house, A, B, policy=TrafficPolicy(warmup=Warmup(10), outlier=QUICK))
    house.wait(20)
    house.balancer.compiled.clear()
    eject(cluster.endpoints[0])
    house.wait(10)
    assert house.balancer.compiled[:2] == [{"b": 100}, {"a": 10, "b": 100}]
    house.wait(11)
    assert house.balancer.compiled[-1] == {"a": 100, "b": 100}


def test_requests_go_to_the_next_locality_when_the_nearest_are_ejected(house):
    near, far = Endpoint("n", 80, locality="eu"), Endpoint("f", 80, locality="us")
    cluster = watched(house, far, near, locality="eu")
    assert picked(cluster) == "n"
    eject(cluster.endpoints[1])
    assert picked(cluster) == "f"
    house.wait(10)
    assert picked(cluster) == "n"


def test_an_endpoint_that_a_name_stands_for_is_looked_after_as_well(house):
    cluster = watched(house, A)
    house.names.change(B)
    eject(cluster.endpoints[1])
    assert [endpoint.name for endpoint in cluster.eligible] == ["a:80"]


def test_whoever_was_out_before_the_start_is_out(house):
    before = watched(house, A, B)
    after = house.cluster(A, B, policy=WATCHED)
    eject(before.endpoints[0])
    after.start()
    before.stop()
    assert [endpoint.name for endpoint in after.eligible] == ["b:80"]


def test_a_check_alone_ejects_nobody_for_what_clients_meet(house):
    cluster = watched(house, A, policy=NO_POLICY, check=HealthCheck())
    assert cluster.watched and cluster.endpoints[0].watch is None


def test_after_its_stop_no_probe_and_no_sweep_is_left(house):
    cluster = watched(house, A, B, check=HealthCheck())
    eject(cluster.endpoints[0])
    cluster.stop()
    assert not house.env.clock.getDelayedCalls()


def test_it_says_how_many_are_well(house):
    cluster = watched(house, A, B)
    eject(cluster.endpoints[0])
    assert repr(cluster) == "<LiveCluster c, 2 endpoints, 1 of them well>"
    assert repr(cluster.endpoints[0]).startswith("<EndpointState a:80, not well, 0 in flight")


# The retry budget


def test_another_endpoint_is_the_least_busy_of_those_not_tried(house):
    cluster = house.cluster(A, B, C, Endpoint("d", 80, weight=0))
    cluster.endpoints[1].in_flight = 2
    cluster.endpoints[2].in_flight = 1
    assert cluster.pick_other({"a:80"}).name == "c:80"
    assert cluster.pick_other({"a:80", "c:80"}).name == "b:80"
    assert cluster.pick_other({"a:80", "b:80", "c:80"}) is None


def test_nobody_stands_in_for_an_endpoint_whose_choice_binds(house):
    @implementer(IBindingBalancer)
    class Binding:
        def compile(self, endpoints, env):
            return lambda head: endpoints[0]

    house.balancer = Binding()
    assert house.cluster(A, B).pick_other({"a:80"}) is None


def test_without_a_budget_there_is_always_room(house):
    cluster = house.cluster(A)
    cluster.retrying = 1_000_000
    assert cluster.may_retry()


@pytest.mark.parametrize(
    ("percent", "least", "in_flight", "room"),
    [(20, 3, 0, 3), (20, 3, 15, 3), (20, 3, 100, 20), (20, 3, 99, 19), (0, 1, 1000, 1), (100, 0, 7, 7), (0, 0, 7, 0)],
)
def test_a_budget_is_a_share_of_what_is_under_way_and_a_few_at_least(house, percent, least, in_flight, room):
    cluster = house.cluster(A, B, policy=TrafficPolicy(retry_budget=RetryBudget(percent, least)))
    cluster.endpoints[0].in_flight = in_flight // 2
    cluster.endpoints[1].in_flight = in_flight - in_flight // 2
    granted = 0
    while cluster.may_retry():
        cluster.retrying += 1
        granted += 1
    assert granted == room


@pytest.mark.parametrize(("most", "budget", "expected"), [(2, None, 2), (0, None, 0), (0, RetryBudget(0, 5), 5)])
def test_without_a_budget_a_number_bounds_the_retries(house, most, budget, expected):
    policy = TrafficPolicy(pool=ConnectionPool(max_retries=most), retry_budget=budget)
    cluster = house.cluster(A, policy=policy)
    granted = 0
    while cluster.may_retry():
        cluster.retrying += 1
        granted += 1
    assert granted == expected
