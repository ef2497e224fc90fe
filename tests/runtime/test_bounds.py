"""How much of a cluster may be used at once, and who is next."""

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from shadowgate.model import ConnectionPool
from shadowgate.runtime.bounds import Bounds, Line, bounded, decide
from shadowgate.runtime.stats import Tally


def bounds(connections=0, requests=0, waiting=0, **policy):
    made = Bounds(ConnectionPool(**policy))
    made.connections, made.requests, made.waiting = connections, requests, waiting
    return made


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, False),
        ({"max_retries": 1, "connect_timeout": 1.0, "max_requests_per_connection": 1}, False),
        ({"max_connections": 1}, True),
        ({"max_requests": 1}, True),
        ({"max_pending": 0}, True),
    ],
)
def test_only_what_pools_have_to_count_for_bounds_them(policy, expected):
    assert bounded(ConnectionPool(**policy)) is expected


@pytest.mark.parametrize(
    ("given", "queued", "room", "expected"),
    [
        (bounds(), False, True, "connect"),
        (bounds(), False, False, "queue"),
        (bounds(), True, True, "queue"),
        (bounds(requests=4, max_requests=5), False, True, "connect"),
        (bounds(requests=5, max_requests=5), False, True, "max_requests"),
        (bounds(waiting=1, max_pending=2), False, True, "connect"),
        (bounds(waiting=2, max_pending=2), False, True, "max_pending"),
        (bounds(waiting=1, max_pending=2), False, False, "queue"),
        (bounds(waiting=2, max_pending=2), False, False, "max_pending"),
        (bounds(waiting=9, max_pending=0), False, True, "connect"),
        (bounds(max_pending=0), False, False, "max_pending"),
    ],
)
def test_a_request_without_a_connection_gets_one_or_waits_or_has_met_a_bound(given, queued, room, expected):
    assert decide(given, queued, room) == expected


@define(eq=False)
class FakePool:
    """Counts against the line's bounds as a pool does."""

    line: Line
    name: str
    said: list
    idle: int = 0
    busy: int = 0
    queue: list = field(factory=list)
    stale: bool = False

    def __attrs_post_init__(self):
        self.line.pools[self] = None
        self.line.bounds.connections += self.idle + self.busy

    @property
    def open(self):
        return self.idle + self.busy

    def wait(self, *names):
        self.queue += names
        self.line.waiting[self] = None

    def give_up_idle(self):
        self.idle -= 1
        self.line.bounds.connections -= 1
        self.said.append(f"{self.name} gives up")

    def serve_idle(self):
        if self.stale:
            self.line.bounds.connections -= self.idle
            self.idle = 0
            return False
        self.idle, self.busy = self.idle - 1, self.busy + 1
        self._served("idle")
        return True

    def serve_new(self):
        self.busy += 1
        self.line.bounds.connections += 1
        self._served("new")

    def _served(self, how):
        self.said.append(f"{self.name} {self.queue.pop(0)} {how}")
        del self.line.waiting[self]
        if self.queue:
            self.line.waiting[self] = None


@define(eq=False)
class House:
    clock: Clock = field(factory=Clock)
    said: list = field(factory=list)
    overflows: Tally = field(factory=Tally)
    line: Line = None

    def pools(self, most, **idle_and_busy):
        self.line = Line(ConnectionPool(max_connections=most, max_pending=5), self.overflows, self.clock)
        return [FakePool(self.line, name, self.said, *given) for name, given in idle_and_busy.items()]

    def serve(self):
        self.line.wake()
        self.clock.advance(0)
        return self.said


@pytest.fixture
def house():
    return House()


def test_nothing_is_planned_while_nobody_waits(house):
    house.pools(1, a=(1, 0))
    house.line.wake()
    assert not house.clock.getDelayedCalls()


def test_who_waits_is_served_in_a_turn_of_its_own_and_one_is_enough(house):
    (a,) = house.pools(2, a=(2, 0))
    a.wait("x", "y")
    house.line.wake()
    house.line.wake()
    assert house.said == []
    assert len(house.clock.getDelayedCalls()) == 1
    house.clock.advance(0)
    assert house.said == ["a x idle", "a y idle"]


def test_new_connections_are_made_while_there_is_room(house):
    (a,) = house.pools(3, a=(0, 1))
    a.wait("x", "y", "z")
    assert house.serve() == ["a x new", "a y new"]


def test_pools_take_turns(house):
    a, b = house.pools(5, a=(0, 1), b=(0, 1))
    a.wait("x", "y")
    b.wait("z")
    assert house.serve() == ["a x new", "b z new", "a y new"]


def test_an_idle_connection_serves_its_own_endpoint_first(house):
    a, b = house.pools(2, a=(0, 1), b=(1, 0))
    a.wait("x")
    b.wait("y")
    assert house.serve() == ["b y idle"]


def test_an_idle_connection_that_nobody_waits_for_gives_its_place_to_another_endpoint(house):
    a, _ = house.pools(2, a=(0, 1), b=(1, 0))
    a.wait("x")
    assert house.serve() == ["b gives up", "a x new"]


def test_an_endpoint_without_any_connection_comes_first(house):
    a, b = house.pools(1, a=(1, 0), b=(0, 0))
    a.wait("x")
    b.wait("y")
    assert house.serve() == ["a gives up", "b y new"]


def test_stale_connections_give_their_place_to_new_ones(house):
    (a,) = house.pools(1, a=(1, 0))
    a.stale = True
    a.wait("x")
    assert house.serve() == ["a x new"]


def test_nobody_is_served_while_everything_is_in_use(house):
    a, b = house.pools(2, a=(0, 1), b=(0, 1))
    a.wait("x")
    b.wait("y")
    assert house.serve() == []


def test_refusals_are_counted_by_the_bound_that_was_met(house):
    (a,) = house.pools(1, a=(0, 1))
    house.line.bounds.waiting = 5
    assert [house.line.verdict(), house.line.verdict()] == ["max_pending", "max_pending"]
    assert house.overflows == {"max_pending": 2}
    a.idle = 1
    house.line.bounds.waiting = 0
    assert house.line.verdict() == "connect"
    assert house.overflows == {"max_pending": 2}


def test_a_line_says_what_it_holds(house):
    (a,) = house.pools(1, a=(0, 1))
    a.wait("x")
    assert repr(house.line) == "<Line of 1 pools, <Bounds 1 connections, 0 requests, 0 waiting>>"
