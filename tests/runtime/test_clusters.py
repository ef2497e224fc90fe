"""A live cluster: its balancer compiled anew when the set or a weight changes, warm-up, localities, the retry budget."""

import pytest
from attrs import define, field
from twisted.logger import LogLevel, globalLogPublisher
from zope.interface import implementer

from shadowgate.model import (
    NO_POLICY,
    Endpoint,
    Locality,
    OutlierDetection,
    RetryBudget,
    TrafficPolicy,
    Warmup,
)
from shadowgate.plugin import Environment, IBalancer
from shadowgate.runtime.clusters import EndpointState, LiveCluster
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

    def cluster(self, *endpoints, policy=NO_POLICY, locality=""):
        return LiveCluster("c", endpoints, [self.names], self._find, self.balancer, policy, self.env, locality)

    def _find(self, endpoint):
        if str(endpoint) not in self.states:
            self.states[str(endpoint)] = EndpointState(endpoint, None, None, self.env.clock.seconds())
        return self.states[str(endpoint)]

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
    assert house.balancer.compiled[9:] == [{"a": 100, "b": 100}]
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


# The retry budget


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
