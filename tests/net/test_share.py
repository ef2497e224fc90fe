"""What shadows may take of the descriptors: so few that no client goes without one."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.net.admission import Capacity
from shadowgate.net.endpoints import Endpoints
from shadowgate.net.pool import Pool
from shadowgate.net.share import Share
from shadowgate.runtime.stats import Stats
from shadowgate.runtime.timers import Lane
from shadowgate.testing import request

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@define(eq=False, slots=False)
class House:
    """A process with room for ``most`` clients, and the pools of two mirrors."""

    new_wire: type
    events: type
    most: int
    clock: Clock = field(factory=Clock)
    attempts: list = field(factory=list)

    def __attrs_post_init__(self):
        self.capacity = Capacity(self.clock, Stats(), None, self.most)
        self.share = Share(self.capacity)
        self.lane = Lane(self.clock, 60)
        self.pools = [self.pool(share=self.share) for _ in range(2)]

    def pool(self, **options):
        return Pool("v2", Endpoints(lambda timeout: self), WireLimits(), self.lane, 100, **options)

    def connect(self, factory):
        self.attempts.append((Deferred(), factory))
        return self.attempts[-1][0]

    def ask(self, pool=0):
        waiter = self.events()
        waiter.dial = self.pools[pool].dial(waiter, 5)
        self.clock.advance(0)
        return waiter

    def accept(self):
        attempt, factory = self.attempts.pop(0)
        connection = factory.buildProtocol(None)
        connection.makeConnection(self.new_wire())
        attempt.callback(connection)
        return connection

    def connected(self, pool=0):
        """Ask and get a connection; the waiter has it as ``upstream``."""
        waiter = self.ask(pool)
        self.accept()
        return waiter


def serve(waiter):
    """Let a connection answer, so that it may go back to its pool."""
    waiter.upstream.send_head(request(), NO_BODY, b"", True)
    waiter.upstream.dataReceived(ANSWER)


def lose(waiter):
    waiter.upstream.connectionLost(Failure(ConnectionDone()))


@pytest.fixture
def house(new_wire, events):
    class Asking(events):
        dial = None

    return lambda most: House(new_wire, Asking, most)


def test_all_mirrors_together_have_a_quarter_of_what_there_is(house):
    it = house(most=4)
    it.connected(0)
    it.ask(1)
    refused = it.ask(0)
    assert refused.heard == [("unreachable", "no_socket")]
    assert len(it.attempts) == 1  # the one that is being made; nobody was asked for a third
    assert it.share.used == 2
    assert repr(it.share) == "<Share, 2 used>"


def test_clients_that_need_it_leave_less(house):
    it = house(most=4)
    it.capacity.open = 3
    it.connected()
    it.connected()
    assert it.ask().heard == [("unreachable", "no_socket")]
    it = house(most=4)
    it.capacity.open = 4
    assert it.ask().heard == [("unreachable", "no_socket")]


def test_a_pool_for_clients_takes_what_it_needs(house):
    it = house(most=4)
    it.pools[0] = it.pool()
    assert [it.connected().heard for _ in range(9)] == [[("connected",)]] * 9
    assert it.share.used == 0


def test_there_is_no_bound_where_the_process_has_none(house):
    it = house(most=0)
    made = [it.connected() for _ in range(9)]
    assert it.share.used == 9
    for waiter in made:
        serve(waiter)
    assert repr(it.pools[0]) == "<Pool v2, 0 busy, 9 idle>"


def test_what_ends_in_whatever_way_makes_room(house):
    it = house(most=2)
    lose(it.connected())
    it.connected().upstream.abort()
    it.ask().dial.cancel()
    it.attempts.clear()
    it.ask()
    it.attempts.pop()[0].errback(ConnectionRefusedError())
    assert it.share.used == 0
    assert it.connected().heard == [("connected",)]


def test_a_refused_dial_can_be_cancelled(house):
    it = house(most=2)
    it.connected()
    waiter = it.events()
    it.pools[0].dial(waiter, 5).cancel()
    it.clock.advance(0)
    assert (waiter.heard, it.share.used) == ([], 1)


def test_idle_connections_of_one_mirror_leave_room_for_another(house):
    it = house(most=8)
    for waiter in [it.connected(0) for _ in range(4)]:
        serve(waiter)
        if waiter.upstream.transport.state == "closed":
            lose(waiter)
    assert repr(it.pools[0]) == "<Pool v2, 0 busy, 2 idle>"
    assert [it.connected(1).heard for _ in range(2)] == [[("connected",)]] * 2
