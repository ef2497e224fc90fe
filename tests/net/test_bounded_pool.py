"""Pools of a cluster whose use is bounded: who gets a connection, who waits, who is refused, and what is counted."""

import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.model import ConnectionPool
from shadowgate.net.admission import Capacity
from shadowgate.net.bounded_pool import BoundedPool
from shadowgate.net.endpoints import Endpoints
from shadowgate.net.pool import Upkeep
from shadowgate.net.share import Share
from shadowgate.runtime.bounds import Line
from shadowgate.runtime.stats import Stats, Tally
from shadowgate.runtime.timers import Timers
from shadowgate.testing import request

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@define(eq=False, slots=False)
class House:
    """A cluster of endpoints ``a`` and ``b``; ``ask`` is what an exchange does."""

    new_wire: type
    events: type
    policy: ConnectionPool
    upkeep: Upkeep | None = None
    clock: Clock = field(factory=Clock)
    attempts: list = field(factory=list)
    made: list = field(factory=list)

    def __attrs_post_init__(self):
        self.overflows = Tally()
        self.timers = Timers(self.clock)
        self.line = Line(self.policy, self.overflows, self.clock)
        self.share = Share(Capacity(self.clock, Stats(), None))
        self.pools = {name: self._pool(name) for name in "ab"}

    def _pool(self, name):
        lane = self.timers.lane(60)
        parts = (name, Endpoints(lambda timeout: self._endpoint(name)), WireLimits(), lane, 8, self.upkeep)
        return BoundedPool(*parts, self.line, self.timers, share=self.share)

    def _endpoint(self, name):
        house = self

        class Endpoint:
            def connect(self, factory):
                attempt = Deferred()
                house.attempts.append((name, attempt, factory))
                return attempt

        return Endpoint()

    def ask(self, name="a"):
        """Want a connection as an exchange does; the waiter has it as ``upstream``, its dial as ``dial``."""
        waiter = self.events()
        waiter.upstream = self.pools[name].checkout(waiter)
        waiter.dial = None if waiter.upstream else self.pools[name].dial(waiter, 10)
        self.check()
        return waiter

    def accept(self):
        _, attempt, factory = self.attempts.pop(0)
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(self.new_wire())
        self.made.append(protocol)
        attempt.callback(protocol)
        self.check()
        return protocol

    def connected(self, name="a"):
        """Ask and get a new connection."""
        waiter = self.ask(name)
        self.accept()
        return waiter

    def answer(self, waiter):
        waiter.upstream.send_head(request(), NO_BODY, b"", True)
        waiter.upstream.dataReceived(ANSWER)
        self.turn()

    def lose(self, connection):
        connection.connectionLost(Failure(ConnectionDone()))
        self.turn()

    def turn(self):
        self.clock.advance(0)
        self.check()

    def check(self):
        """What the counts are, whatever has happened."""
        bounds, pools = self.line.bounds, self.pools.values()
        making = sum(pool._making for pool in pools)
        busy = sum(len(pool._busy) for pool in pools)
        queued = sum(len(pool._queue) for pool in pools)
        assert bounds.requests == busy + making
        assert bounds.waiting == queued + making
        assert bounds.connections == self.share.used
        assert bounds.connections >= busy + making + sum(pool.idle for pool in pools)
        assert bounds.max_connections is None or bounds.connections <= bounds.max_connections
        assert set(self.line.waiting) == {pool for pool in pools if pool._queue}


@pytest.fixture
def house(new_wire, events):
    """Make a cluster: ``house(max_connections=1)``."""

    class Asking(events):
        dial = None
        left = False

    return lambda upkeep=None, **policy: House(new_wire, Asking, ConnectionPool(**policy), upkeep)


def test_within_its_bounds_it_is_a_pool_like_any_other(house):
    it = house(max_connections=2, max_requests=2, max_pending=1)
    one = it.connected()
    it.answer(one)
    assert it.ask().upstream is one.upstream
    assert it.overflows == {}


# Connections


def test_who_meets_the_bound_on_connections_waits_for_one(house):
    it = house(max_connections=1)
    first = it.connected()
    second = it.ask()
    assert (second.heard, len(it.attempts)) == ([], 0)
    it.answer(first)
    assert second.heard == [("connected",)]
    assert second.upstream is first.upstream and second.upstream.reused


def test_those_who_wait_are_served_in_their_order(house):
    it = house(max_connections=1)
    first = it.connected()
    waiting = [it.ask() for _ in range(3)]
    served = []
    for _ in range(3):
        it.answer(first)
        served.append([("connected",) in waiter.heard for waiter in waiting])
        first = next(waiter for waiter in waiting if waiter.upstream and waiter.upstream._receiver is waiter)
    assert served == [[True, False, False], [True, True, False], [True, True, True]]


def test_who_comes_while_others_wait_stands_behind_them(house):
    it = house(max_connections=1)
    first = it.connected()
    second = it.ask()
    first.upstream.send_head(request(), NO_BODY, b"", True)
    first.upstream.dataReceived(ANSWER)
    late = it.ask()
    assert late.upstream is None, "the connection is idle, and not theirs"
    it.turn()
    assert (second.heard, late.heard) == ([("connected",)], [])


def test_a_connection_that_ends_makes_room_for_a_new_one(house):
    it = house(max_connections=1)
    first = it.connected()
    second = it.ask()
    first.upstream.abort()
    it.turn()
    assert len(it.attempts) == 1
    it.accept()
    assert second.heard == [("connected",)] and not second.upstream.reused


def test_a_connection_that_cannot_be_made_makes_room(house):
    it = house(max_connections=1)
    first, second = it.ask(), it.ask()
    it.attempts.pop(0)[1].errback(ConnectionRefusedError())
    it.turn()
    assert first.heard == [("unreachable", "connect_refused")]
    assert len(it.attempts) == 1
    it.accept()
    assert second.heard == [("connected",)]


def test_an_idle_connection_of_another_endpoint_gives_its_place(house):
    it = house(max_connections=1)
    first = it.connected("a")
    it.answer(first)
    second = it.ask("b")
    assert first.upstream.transport.state == "aborted"
    it.accept()
    assert second.heard == [("connected",)]


def test_who_waits_for_another_endpoint_gets_the_place_of_a_connection_that_came_free(house):
    it = house(max_connections=1)
    first = it.connected("a")
    second = it.ask("b")
    it.answer(first)
    assert first.upstream.transport.state == "aborted"
    it.accept()
    assert second.heard == [("connected",)]


def test_the_bound_is_the_clusters_not_an_endpoints(house):
    it = house(max_connections=2)
    it.connected("a")
    it.connected("b")
    assert it.ask("a").heard == []
    assert len(it.attempts) == 0


def test_a_spent_connection_serves_nobody_who_waits(house):
    it = house(Upkeep(requests=1), max_connections=1)
    first = it.connected()
    second = it.ask()
    it.answer(first)
    assert first.upstream.transport.state == "closed" and second.heard == []
    it.lose(first.upstream)
    it.accept()
    assert second.heard == [("connected",)] and not second.upstream.reused


def test_stale_connections_are_not_given_to_those_who_wait(house, closed_socket):
    it = house(max_connections=1)
    first = it.connected()
    second = it.ask()
    first.upstream.transport.socket = closed_socket
    it.answer(first)
    assert first.upstream.transport.state == "aborted"
    it.accept()
    assert second.heard == [("connected",)]


def test_one_that_is_stale_makes_room_when_it_is_found(house, closed_socket):
    it = house(max_connections=1)
    first = it.connected()
    it.answer(first)
    first.upstream.transport.socket = closed_socket
    second = it.ask()
    it.accept()
    assert second.heard == [("connected",)]


# Who waits


def test_only_so_many_wait_and_the_next_is_refused_in_a_turn_of_its_own(house):
    it = house(max_connections=1, max_pending=1)
    it.connected()
    waiting, refused = it.ask(), it.ask()
    assert refused.heard == []
    it.turn()
    assert (waiting.heard, refused.heard) == ([], [("unreachable", "overflow")])
    assert it.overflows == {"max_pending": 1}


def test_who_has_a_connection_made_counts_as_waiting(house):
    it = house(max_pending=1)
    first, second = it.ask(), it.ask()
    it.turn()
    assert (first.heard, second.heard) == ([], [("unreachable", "overflow")])
    it.accept()
    assert it.ask().heard == [] and len(it.attempts) == 1


def test_with_a_bound_of_0_connections_are_made_and_nobody_waits(house):
    it = house(max_connections=2, max_pending=0)
    first, second, third = it.ask(), it.ask(), it.ask()
    it.turn()
    it.accept()
    it.accept()
    assert [waiter.heard for waiter in (first, second, third)] == [
        [("connected",)],
        [("connected",)],
        [("unreachable", "overflow")],
    ]


def test_who_waits_for_too_long_is_told(house):
    it = house(max_connections=1)
    first = it.connected()
    second = it.ask()
    it.clock.advance(10)
    assert second.heard == [("unreachable", "queue_timeout")]
    it.answer(first)
    assert it.ask().upstream is first.upstream


def test_who_leaves_the_queue_hears_nothing_and_holds_nobody_up(house):
    it = house(max_connections=1)
    first = it.connected()
    second, third = it.ask(), it.ask()
    second.dial.cancel()
    it.check()
    it.answer(first)
    assert (second.heard, third.heard) == ([], [("connected",)])


def test_who_leaves_while_a_connection_is_made_for_it_makes_room(house):
    it = house(max_connections=1)
    first = it.connected()
    second, third = it.ask(), it.ask()
    first.upstream.abort()
    it.turn()
    second.dial.cancel()
    it.turn()
    it.attempts.pop(0)
    it.accept()
    assert (second.heard, third.heard) == ([], [("connected",)])


def test_who_leaves_before_being_refused_hears_nothing(house):
    it = house(max_connections=1, max_pending=0)
    it.connected()
    refused = it.ask()
    refused.dial.cancel()
    it.turn()
    assert refused.heard == []


# Requests


def test_so_many_requests_are_under_way_and_no_connection_is_given_beyond(house):
    it = house(max_requests=1)
    first = it.connected()
    it.answer(first)
    second = it.connected("b")
    refused = it.ask("a")
    it.turn()
    assert refused.upstream is None and refused.heard == [("unreachable", "overflow")]
    assert it.overflows == {"max_requests": 1}
    it.answer(second)
    assert it.ask("a").upstream is first.upstream


# The end


def test_a_closed_pool_serves_those_who_wait_and_keeps_nothing(house):
    it = house(max_connections=1)
    first = it.connected()
    second = it.ask()
    it.pools["a"].close()
    it.answer(first)
    assert first.upstream.transport.state == "closed"
    it.lose(first.upstream)
    it.accept()
    assert second.heard == [("connected",)]
    it.answer(second)
    it.lose(second.upstream)
    assert (it.line.bounds.connections, list(it.line.pools)) == (0, [it.pools["b"]])


def test_it_says_what_it_holds(house):
    it = house(max_connections=1)
    it.connected()
    it.ask()
    assert repr(it.pools["a"]) == "<BoundedPool a, 1 busy, 0 idle, 1 in the queue>"


# Whatever happens


@given(
    data=st.data(),
    policy=st.fixed_dictionaries(
        {
            "max_connections": st.sampled_from([None, 1, 2, 3]),
            "max_requests": st.sampled_from([None, 1, 4]),
            "max_pending": st.sampled_from([None, 0, 1, 3]),
        }
    ),
    requests=st.sampled_from([None, 1, 2]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_counts_hold_and_nobody_waits_for_ever(house, data, policy, requests):
    it = house(Upkeep(requests=requests) if requests else None, **policy)
    asked = []

    def waiting():
        return [each for each in asked if not each.heard and each.upstream is None and not each.left]

    def served():
        return [each for each in asked if each.upstream is not None and each.upstream._receiver is each]

    def ask():
        asked.append(it.ask(data.draw(st.sampled_from("ab"))))

    def refuse():
        it.attempts.pop(0)[1].errback(ConnectionRefusedError())
        it.turn()

    def leave():
        one = data.draw(st.sampled_from(waiting()))
        one.left = True
        one.dial.cancel()
        it.turn()

    def answer():
        it.answer(data.draw(st.sampled_from(served())))

    def abort():
        data.draw(st.sampled_from(served())).upstream.abort()
        it.turn()

    def close_all():
        for wire in [one for one in it.made if one.transport.state == "closed" and one._connected]:
            it.lose(wire)

    def attempts():
        it.attempts[:] = [one for one in it.attempts if not one[1].called]
        return it.attempts

    for _ in range(data.draw(st.integers(1, 25))):
        able = [ask, close_all]
        able += [it.accept, refuse] if attempts() else []
        able += [leave] if waiting() else []
        able += [answer, abort] if served() else []
        data.draw(st.sampled_from(able))()
        it.check()
    for _ in range(200):
        it.turn()
        close_all()
        if attempts():
            it.accept()
        elif served():
            answer()
        elif not waiting():
            break
    assert not waiting() and not served()
    assert it.line.bounds.requests == it.line.bounds.waiting == 0
