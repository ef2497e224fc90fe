"""The connections to one endpoint: the idle ones at hand, and new ones on demand."""

import errno

import pytest
from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import (
    ConnectBindError,
    ConnectError,
    ConnectionDone,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.model import ConnectionPool, TcpKeepalive
from shadowgate.net.endpoints import Endpoints
from shadowgate.net.pool import Pool, Upkeep, idle_time, upkeep_of
from shadowgate.runtime.timers import Lane, Timers
from shadowgate.testing import request

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@define(eq=False, slots=False)
class Dialled:
    """A client endpoint whose attempts a test decides."""

    wire: object
    attempts: list = field(factory=list)
    timeouts: list = field(factory=list)

    def __call__(self, timeout):
        self.timeouts.append(timeout)
        return self

    def connect(self, factory):
        attempt = Deferred()
        self.attempts.append((attempt, factory))
        return attempt

    def accept(self):
        attempt, factory = self.attempts.pop(0)
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(type(self.wire)())
        attempt.callback(protocol)
        return protocol


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def endpoint(wire):
    return Dialled(wire)


@pytest.fixture
def pool(clock, endpoint):
    return Pool("v1", Endpoints(endpoint), WireLimits(), Lane(clock, 60), 2)


def serve(connection):
    """Let a connection answer a request, so that it goes back to its pool."""
    connection.send_head(request(), NO_BODY, b"", True)
    connection.dataReceived(ANSWER)


@pytest.fixture
def idle(pool, endpoint, events):
    """Make idle connections."""

    def make(count=1):
        for _ in range(count):
            pool.dial(events(), 5)
        made = [endpoint.accept() for _ in range(count)]
        for connection in made:
            serve(connection)
        return made

    return make


def test_a_pool_with_nothing_idle_has_nothing_to_give(pool, events):
    assert pool.checkout(events()) is None


def test_a_dialled_connection_belongs_to_its_waiter(pool, endpoint, events):
    waiter = events()
    pool.dial(waiter, 5)
    assert waiter.heard == []
    connection = endpoint.accept()
    assert waiter.heard == [("connected",)]
    assert waiter.upstream is connection
    assert not connection.reused
    assert endpoint.timeouts == [5]
    assert repr(pool) == "<Pool v1, 1 busy, 0 idle>"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectionRefusedError(), "connect_refused"),
        (TimeoutError(), "connect_timeout"),
        (CancelledError(), "connect_timeout"),
        (DNSLookupError(), "unresolved"),
        (ConnectBindError(), "connect_failed"),
        (ConnectBindError(errno.EMFILE, "Too many open files"), "no_socket"),
        (ConnectError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "no_socket"),
        (ValueError(), "connect_failed"),
    ],
)
def test_a_connection_that_cannot_be_made_has_a_reason(pool, endpoint, events, error, outcome):
    waiter = events()
    pool.dial(waiter, 5)
    endpoint.attempts[0][0].errback(error)
    assert waiter.heard == [("unreachable", outcome)]


def test_an_attempt_that_fails_at_once_is_told_too(pool, endpoint, events):
    endpoint.connect = lambda factory: fail(ConnectionRefusedError())
    waiter = events()
    pool.dial(waiter, 5)
    assert waiter.heard == [("unreachable", "connect_refused")]


def test_a_cancelled_dial_tells_its_waiter_nothing(pool, events):
    waiter = events()
    pool.dial(waiter, 5).cancel()
    assert waiter.heard == []


def test_an_idle_connection_is_given_out_at_once_and_is_reused(pool, idle, events):
    (connection,) = idle()
    assert pool.checkout(events()) is connection
    assert connection.reused
    assert pool.checkout(events()) is None


def test_the_one_used_last_is_given_first(pool, idle, events):
    _, second = idle(2)
    assert pool.checkout(events()) is second


def test_no_more_are_kept_idle_than_allowed(pool, idle):
    connections = idle(3)
    assert [one.transport.state for one in connections] == ["open", "open", "closed"]
    assert repr(pool) == "<Pool v1, 0 busy, 2 idle>"


def test_a_connection_that_was_idle_for_too_long_is_closed(pool, idle, clock, events):
    (connection,) = idle()
    clock.advance(61)
    assert connection.transport.state != "open"
    assert pool.checkout(events()) is None


def test_a_busy_connection_is_not_idle(pool, idle, clock, events):
    (connection,) = idle()
    pool.checkout(events())
    clock.advance(100)
    assert connection.transport.state == "open"


def test_a_connection_that_ends_while_idle_is_not_given_out(pool, idle, events):
    (connection,) = idle()
    connection.connectionLost(Failure(ConnectionDone()))
    assert pool.checkout(events()) is None
    assert repr(pool) == "<Pool v1, 0 busy, 0 idle>"


def test_what_is_stale_is_not_given_out(pool, idle, events, closed_socket):
    fresh, stale = idle(2)
    stale.transport.socket = closed_socket
    assert pool.checkout(events()) is fresh
    assert stale.transport.state == "aborted"


def test_closing_closes_the_idle_at_once_and_the_busy_when_they_are_done(pool, idle, events):
    first, second = idle(2)
    pool.checkout(events())
    pool.close()
    assert (first.transport.state, second.transport.state) == ("closed", "open")
    serve(second)
    assert second.transport.state == "closed"
    assert repr(pool) == "<Pool v1, 0 busy, 0 idle>"


# What a cluster says of each connection


@pytest.fixture
def kept(clock, endpoint, events):
    """Make a pool with an upkeep, and a connection of it that has served one request."""

    def make(**said):
        pool = Pool("v1", Endpoints(endpoint), WireLimits(), Lane(clock, 60), 2, Upkeep(**said))
        pool.dial(events(), 5)
        connection = endpoint.accept()
        serve(connection)
        return pool, connection

    return make


def test_a_cluster_says_how_long_a_connection_may_take(kept, endpoint):
    kept(connect_timeout=0.25)
    assert endpoint.timeouts == [0.25]


def test_a_connection_serves_so_many_requests(kept, events):
    pool, connection = kept(requests=2)
    assert connection.transport.state == "open"
    assert pool.checkout(events()) is connection
    serve(connection)
    assert connection.transport.state == "closed"
    assert pool.checkout(events()) is None


def test_an_idle_connection_that_has_grown_old_is_closed(kept, clock, events):
    pool, connection = kept(age=Lane(clock, 10))
    clock.advance(10)
    assert connection.transport.state == "closed"
    assert pool.checkout(events()) is None


def test_a_connection_that_grows_old_in_use_is_closed_when_it_is_done(kept, clock, events):
    pool, connection = kept(age=Lane(clock, 10))
    pool.checkout(events())
    clock.advance(10)
    assert connection.transport.state == "open"
    serve(connection)
    assert connection.transport.state == "closed"
    assert repr(pool) == "<Pool v1, 0 busy, 0 idle>"


def test_a_connection_that_ends_young_leaves_no_timeout_behind(kept, clock):
    lane = Lane(clock, 10)
    _, connection = kept(age=lane)
    connection.connectionLost(Failure(ConnectionDone()))
    assert len(lane) == 0


def test_a_policy_that_says_nothing_of_single_connections_costs_nothing(clock):
    timers = Timers(clock)
    assert upkeep_of(None, timers) is None
    assert upkeep_of(ConnectionPool(max_connections=1, idle_timeout=1.0), timers) is None
    keepalive = TcpKeepalive(time=1.0)
    upkeep = upkeep_of(ConnectionPool(0, 1.0, 2.0, keepalive=keepalive, max_requests_per_connection=3), timers)
    said = (upkeep.connect_timeout, upkeep.requests, upkeep.age.seconds, upkeep.keepalive)
    assert said == (1.0, 3, 2.0, keepalive)


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (None, 60.0),
        (ConnectionPool(), 60.0),
        (ConnectionPool(tcp_idle_timeout=5.0), 5.0),
        (ConnectionPool(tcp_idle_timeout=5.0, idle_timeout=0.0), 0.0),
    ],
)
def test_what_is_said_of_idle_time_for_http_goes_before_tcp(policy, seconds):
    assert idle_time(policy, 60.0) == seconds
