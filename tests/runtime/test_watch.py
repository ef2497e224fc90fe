"""Watch over endpoints: ejections, their end, and probes; all by a clock."""

import pytest
from attrs import define, field
from twisted.logger import LogLevel, globalLogPublisher

from shadowgate.model import Endpoint, HealthCheck, OutlierDetection
from shadowgate.plugin import Environment
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.health import Checked
from shadowgate.runtime.outliers import Record
from shadowgate.runtime.stats import ClusterStats
from shadowgate.runtime.watch import MOST_PROBES, Watch, is_well
from shadowgate.testing import environment


@define(eq=False)
class Probe:
    """A probe under way, which a test decides."""

    at: str
    tell: object
    cancelled: bool = False

    def cancel(self):
        self.cancelled = True


@define(eq=False)
class House:
    """One watch, its endpoints, and what it has told."""

    outlier: OutlierDetection | None = None
    check: HealthCheck | None = None
    env: Environment = field(factory=environment)
    stats: ClusterStats = field(factory=lambda: ClusterStats("c"))
    probes: list = field(factory=list)
    told: list = field(factory=list)
    watch: Watch = field(init=False)

    def __attrs_post_init__(self):
        self.watch = Watch("c", self.outlier, self.check, self.env, self._probe, self.stats)

    def _probe(self, endpoint, check, tell):
        assert check is self.check
        self.probes.append(Probe(endpoint.address, tell))
        return self.probes[-1]

    def states(self, *names):
        made = [self._state(Endpoint(name, 80)) for name in names]
        self.watch.follow(self.heard, made)
        return made

    def _state(self, endpoint):
        record = None if self.outlier is None else Record()
        checked = None if self.check is None else Checked(self.check.initially == "healthy")
        return EndpointState(endpoint, None, None, 0.0, record, checked)

    def heard(self, member, well):
        self.told.append((member.endpoint.address, well))

    def fail(self, member, times=5):
        for _ in range(times):
            self.watch.answered(member, 500)

    def wait(self, seconds):
        self.env.clock.pump([0.5] * int(seconds * 2))

    @property
    def calls(self):
        return len(self.env.clock.getDelayedCalls())

    def asked(self):
        """The addresses that were probed since the last time."""
        found, self.probes[:] = [probe.at for probe in self.probes], []
        return found


@pytest.fixture
def logged():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [
        (event["log_level"], event["log_format"].format(**event)) for event in events if event.get("cluster") == "c"
    ]
    globalLogPublisher.removeObserver(events.append)


# Ejections


A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def test_an_endpoint_is_ejected_told_counted_and_logged(logged):
    house = House(OutlierDetection())
    a, _ = house.states(A, B)
    house.fail(a, 4)
    assert house.told == [] and is_well(a)
    house.fail(a, 1)
    assert house.told == [(A, False)] and not is_well(a)
    assert house.stats.ejections == {"consecutive_5xx": 1}
    assert logged() == [(LogLevel.warn, "10.0.0.1:80 of c is ejected for 30 s: consecutive_5xx")]


def test_attempts_without_an_answer_eject_too():
    house = House(OutlierDetection(consecutive_gateway_errors=2))
    a, _ = house.states(A, B)
    house.watch.failed(a, "connect_refused")
    house.watch.failed(a, "upstream_reset")
    assert house.told == [(A, False)]


def test_it_comes_back_at_the_first_sweep_after_its_time(logged):
    house = House(OutlierDetection(interval=20.0, base_ejection=30.0))
    a, _ = house.states(A, B)
    house.fail(a)
    house.wait(39.5)
    assert house.told == [(A, False)]
    house.wait(0.5)
    assert house.told == [(A, False), (A, True)] and is_well(a)
    assert logged()[-1] == (LogLevel.info, "10.0.0.1:80 of c is let in again")


def test_the_second_time_it_is_out_for_twice_as_long():
    house = House(OutlierDetection(interval=1.0, base_ejection=10.0))
    a, _ = house.states(A, B)
    house.fail(a)
    house.wait(10)
    assert is_well(a)
    house.fail(a)
    house.wait(19.5)
    assert not is_well(a)
    house.wait(0.5)
    assert is_well(a)


def test_without_anybody_out_there_is_no_sweep_once_all_is_forgiven():
    house = House(OutlierDetection(interval=1.0, base_ejection=1.0))
    a, _ = house.states(A, B)
    assert house.calls == 0
    house.fail(a)
    house.wait(1)
    assert is_well(a) and house.calls == 1
    house.wait(1)
    assert a.record.times == 0 and house.calls == 0


def test_only_as_many_are_ejected_as_may_be():
    house = House(OutlierDetection())
    a, b = house.states(A, B)
    house.fail(a)
    house.fail(b)
    assert house.told == [(A, False)] and is_well(b)
    assert house.stats.withheld == 1
    house.wait(30)
    house.fail(b)
    assert house.told[1:] == [(A, True), (B, False)]


def test_the_only_endpoint_is_not_ejected():
    house = House(OutlierDetection())
    (a,) = house.states(A)
    house.fail(a, 50)
    assert house.told == [] and is_well(a)


def test_who_is_out_is_not_ejected_again():
    house = House(OutlierDetection())
    a, _ = house.states(A, B)
    house.fail(a, 20)
    assert house.told == [(A, False)] and a.record.times == 1


def test_an_endpoint_that_is_no_longer_watched_is_not_ejected():
    house = House(OutlierDetection())
    a, b = house.states(A, B)
    house.watch.follow(house.heard, [b])
    house.fail(a)
    assert house.told == [] and house.calls == 0


# Followers


def test_all_followers_are_told_and_what_one_leaves_the_other_keeps():
    house = House(OutlierDetection())
    a, b = house.states(A, B)
    others = []
    house.watch.follow(lambda member, well: others.append(well), [a, b])
    house.fail(a)
    assert house.told == [(A, False)] and others == [False]
    house.watch.leave(house.heard)
    house.wait(30)
    assert house.told == [(A, False)] and others == [False, True]


def test_after_the_last_one_has_left_nothing_moves():
    house = House(OutlierDetection(), HealthCheck())
    a, _ = house.states(A, B)
    house.fail(a)
    house.wait(1)
    house.watch.leave(house.heard)
    house.watch.leave(house.heard)
    assert house.calls == 0
    assert all(probe.cancelled for probe in house.probes)


# Probes


def test_first_probes_are_sent_within_a_second_each_at_its_own_moment():
    house = House(check=HealthCheck(interval=10.0))
    house.states(A, B)
    assert house.asked() == []
    times = sorted(call.getTime() for call in house.env.clock.getDelayedCalls())
    assert 0 <= times[0] < times[1] < 1
    house.wait(1)
    assert sorted(house.asked()) == [A, B]


def test_the_next_one_follows_a_result_after_the_interval_give_or_take_a_tenth():
    house = House(check=HealthCheck(interval=10.0))
    house.states(A)
    house.wait(20)
    (probe,) = house.probes
    assert house.calls == 0, "one at a time"
    probe.tell("")
    house.wait(8.5)
    assert len(house.probes) == 1
    house.wait(3)
    assert len(house.probes) == 2


def test_bad_results_take_an_endpoint_out_and_good_ones_let_it_in(logged):
    house = House(check=HealthCheck(interval=1.0, fall=2, rise=2))
    (a,) = house.states(A)
    for result in ("status 503", "connect_refused"):
        house.wait(2)
        house.probes[-1].tell(result)
    assert house.told == [(A, False)] and not is_well(a)
    for _ in range(2):
        house.wait(2)
        house.probes[-1].tell("")
    assert house.told == [(A, False), (A, True)] and is_well(a)
    assert house.stats.probes == {"bad": 2, "good": 2}
    assert logged() == [
        (LogLevel.warn, "10.0.0.1:80 of c is not well: connect_refused"),
        (LogLevel.info, "10.0.0.1:80 of c is well again"),
    ]


def test_that_this_machine_has_no_socket_left_says_nothing_of_an_endpoint(logged):
    house = House(check=HealthCheck(interval=1.0, fall=1))
    (a,) = house.states(A)
    for _ in range(3):
        house.wait(2)
        house.probes[-1].tell("no_socket")
    assert is_well(a) and house.told == [] and logged() == []
    assert house.stats.probes == {}
    house.wait(2)
    house.probes[-1].tell("connect_refused")
    assert not is_well(a)


def test_only_so_many_probes_are_under_way():
    house = House(check=HealthCheck())
    house.states(*(f"10.0.1.{number}" for number in range(MOST_PROBES + 10)))
    house.wait(1)
    assert len(house.probes) == MOST_PROBES
    for probe in house.probes[:10]:
        probe.tell("")
    house.wait(0.5)
    assert len(house.probes) == MOST_PROBES + 10


def test_a_new_configuration_asks_no_sooner():
    house = House(check=HealthCheck())
    states = house.states(A)
    house.wait(1)
    house.probes[-1].tell("")
    before = [call.getTime() for call in house.env.clock.getDelayedCalls()]
    house.watch.follow(lambda member, well: None, states)
    house.watch.leave(house.heard)
    assert [call.getTime() for call in house.env.clock.getDelayedCalls()] == before


def test_an_endpoint_that_goes_takes_its_probe_with_it_and_one_that_comes_is_asked():
    house = House(check=HealthCheck())
    _, b = house.states(A, B)
    house.wait(1)
    probes = {probe.at: probe for probe in house.probes}
    c = EndpointState(Endpoint(C, 80), None, None, 0.0, None, Checked(True))
    house.watch.follow(house.heard, [b, c])
    assert (probes[A].cancelled, probes[B].cancelled) == (True, False)
    house.asked()
    house.wait(1)
    assert house.asked() == [C]


def test_a_name_that_has_not_been_looked_up_is_not_asked():
    house = House(check=HealthCheck())
    house.states("api.test", "unix:/run/api")
    house.wait(2)
    assert house.asked() == ["unix:/run/api"]


def test_it_says_what_it_does():
    house = House(check=HealthCheck())
    house.states(A)
    house.wait(1)
    assert repr(house.watch) == "<Watch c, 1 endpoints, 1 probes under way>"
