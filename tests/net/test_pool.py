"""The connections to one endpoint: the idle ones at hand, and new ones on demand."""

import pytest
from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import (
    ConnectBindError,
    ConnectionDone,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.net.pool import Pool
from shadowgate.runtime.timers import Lane
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
    return Pool("v1", endpoint, WireLimits(), Lane(clock, 60), 2)


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


def test_what_is_stale_is_not_given_out(pool, idle, events):
    fresh, stale = idle(2)
    stale.stale = lambda: True
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
