"""The gateway's own epoll, over pairs of connected sockets: the kernel's word is what it is about."""

import errno
import select
import socket
from types import SimpleNamespace

import pytest
from attrs import define, field
from twisted.internet import tcp
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.net.client import ClientConnection
from shadowgate.net.outbox import DirectOutbox
from shadowgate.net.readiness import LARGE_PIECE, MOST, SMALL_PIECE, TURN, Readiness
from shadowgate.testing import request

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's")


@define(eq=False, slots=False)
class Owner:
    """A protocol that writes down what it hears, and does ``then`` with each piece."""

    name: str
    heard: list
    then: object = None
    transport: object = None
    outbox: object = None

    def makeConnection(self, transport):
        self.transport = transport

    def dataReceived(self, data):
        self.heard.append((self.name, data))
        if self.then is not None:
            self.then(data)

    def connectionLost(self, reason):
        self.heard.append((self.name, reason.type))

    def write_full(self):
        self.heard.append((self.name, "full"))

    def write_drained(self):
        self.heard.append((self.name, "drained"))


@implementer(IHalfCloseableProtocol)
class HalfCloseable(Owner):
    def readConnectionLost(self):
        self.heard.append((self.name, "end"))

    def writeConnectionLost(self):
        """Our own doing."""


@define(eq=False, slots=False)
class House:
    """Connections whose other ends a test holds."""

    reactor: object
    heard: list = field(factory=list)
    far: list = field(factory=list)
    readiness: Readiness = field(init=False)

    def __attrs_post_init__(self):
        self.readiness = Readiness(self.reactor)

    def connect(self, name, *, kind="client", make=Owner, then=None):
        """Return the gateway's end and the other one."""
        near, far = self.pair()
        owner = make(name, self.heard, then)
        transport = self.transport(near, owner)
        owner.makeConnection(transport)
        owner.outbox = DirectOutbox(transport, owner, self.readiness, shadow=kind == "shadow")
        assert self.readiness.adopt(transport, owner.dataReceived, kind)
        return owner, far

    def pair(self):
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        self.far.append(far)
        return near, far

    def transport(self, near, owner):
        return tcp.Server(near, owner, ("127.0.0.1", 80), SimpleNamespace(_realPortNumber=80), 0, self.reactor)

    def turn(self):
        self.readiness.doRead()

    def close(self):
        for far in self.far:
            far.close()
        self.readiness.connectionLost(Failure(ConnectionDone()))


@pytest.fixture
def house(descriptor_reactor):
    house = House(descriptor_reactor())
    yield house
    house.close()


def test_the_reactor_watches_one_descriptor_for_all(house):
    _, one = house.connect("one")
    _, other = house.connect("other")
    one.send(b"a")
    other.send(b"b")
    assert house.reactor.readers == [house.readiness]
    house.turn()
    assert sorted(house.heard) == [("one", b"a"), ("other", b"b")]


def test_upstreams_go_first_whoever_was_ready_before(house):
    _, client = house.connect("client")
    _, upstream = house.connect("upstream", kind="primary")
    client.send(b"request")
    upstream.send(b"answer")
    house.turn()
    assert house.heard == [("upstream", b"answer"), ("client", b"request")]


def test_shadows_come_last_when_all_that_clients_and_primaries_get_has_been_sent(house):
    _, mirror = house.connect("mirror", kind="shadow", then=lambda data: house.heard.append(("sent", not silent(far))))
    client, far = house.connect("client", then=lambda data: client.outbox.write(b"answer"))
    mirror.send(b"answer")
    far.send(b"request")
    house.turn()
    assert house.heard == [("client", b"request"), ("mirror", b"answer"), ("sent", True)]


def test_the_number_of_a_shadow_that_has_gone_is_no_shadows_any_more(house):
    _, far = house.connect("mirror", kind="shadow")
    far.close()
    house.turn()
    house.heard.clear()
    _, far = house.connect("client")
    _, other = house.connect("mirror", kind="shadow")
    other.send(b"answer")
    far.send(b"request")
    house.turn()
    assert house.heard == [("client", b"request"), ("mirror", b"answer")]


def test_even_of_a_large_batch_all_clients_come_before_the_first_shadow(house):
    _, mirror = house.connect("mirror", kind="shadow")
    mirror.send(b"answer")
    for number in range(TURN + 1):
        _, far = house.connect(number)
        far.send(b"request")
    house.turn()
    assert house.heard.index(("mirror", b"answer")) == TURN + 1


def test_what_is_left_for_shadows_is_done_once_what_they_said_was_read(house):
    class Later:
        def flush(self):
            house.heard.append(("later", house.readiness.serving, house.readiness.current))

    _, mirror = house.connect("mirror", kind="shadow")
    _, far = house.connect("client", then=lambda data: house.readiness.unsent_shadows.append(Later()))
    far.send(b"request")
    mirror.send(b"answer")
    house.turn()
    assert house.heard == [("client", b"request"), ("mirror", b"answer"), ("later", False, True)]
    house.turn()
    assert len(house.heard) == 3
    assert not house.readiness.current


def test_what_is_written_in_a_turn_goes_out_at_its_end(house):
    one, far = house.connect("one")
    _, other = house.connect("other", then=lambda data: house.heard.append(("far", silent(far))))
    one.then = lambda data: one.outbox.write(b"answer")
    far.send(b"request")
    other.send(b"request")
    house.turn()
    assert ("far", True) in house.heard
    assert far.recv(100) == b"answer"


def test_outside_of_a_turn_nothing_waits(house):
    one, far = house.connect("one")
    one.outbox.write(b"answer")
    assert far.recv(100) == b"answer"


@pytest.mark.parametrize("kind", ["client", "primary", "shadow"])
def test_one_that_fails_is_closed_and_the_others_are_served(house, failures, kind):
    other, far = house.connect("other")
    other.then = lambda data: other.outbox.write(b"answer")
    _, failing = house.connect("failing", kind=kind, then=lambda data: 1 / 0)
    failing.send(b"x")
    far.send(b"request")
    house.turn()
    assert failures == [ZeroDivisionError]
    assert ("failing", ZeroDivisionError) in house.heard
    assert far.recv(100) == b"answer"
    assert failing.recv(100) == b""


def test_one_that_cannot_be_watched_is_left_to_the_reactor_and_its_number_to_the_next(house, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    house.connect("first")
    near, far = house.pair()
    transport = house.transport(near, Owner("refused", house.heard))
    real = house.readiness._epoll
    house.readiness._epoll = SimpleNamespace(register=refuse, poll=real.poll, fileno=real.fileno, unregister=refuse)
    assert not house.readiness.adopt(transport, house.heard.append)
    assert transport in house.reactor.readers
    house.readiness._epoll = real
    house.reactor.removeReader(transport)
    number = near.fileno()
    transport.connectionLost(Failure(ConnectionDone()))
    _, far = house.connect("next")
    assert house.readiness._transports.keys() >= {number}
    far.send(b"request")
    house.turn()
    assert house.heard[-1] == ("next", b"request")


def test_one_that_fails_at_its_end_holds_nobody_up(house, failures):
    failing, far = house.connect("failing", kind="primary")
    failing.connectionLost = lambda reason: 1 / 0
    other, served = house.connect("other")
    other.then = lambda data: other.outbox.write(b"answer")
    far.close()
    served.send(b"request")
    house.turn()
    assert failures == [ZeroDivisionError]
    assert served.recv(100) == b"answer"


def test_one_whose_writing_fails_holds_nobody_up(house, failures):
    one, far = house.connect("one")
    failing, broken = house.connect("failing")
    one.then = lambda data: one.outbox.write(b"answer")
    failing.then = lambda data: failing.outbox.write(b"answer")
    failing.outbox._send = lambda data: 1 / 0
    broken.send(b"request")
    far.send(b"request")
    house.turn()
    assert failures == [ZeroDivisionError]
    assert far.recv(100) == b"answer"


def test_even_the_interpreters_end_leaves_nothing_unsent(house):
    one, far = house.connect("one", kind="primary")
    one.then = lambda data: one.outbox.write(b"answer")
    _, interrupting = house.connect("interrupting", then=interrupt)
    far.send(b"request")
    interrupting.send(b"x")
    with pytest.raises(KeyboardInterrupt):
        house.turn()
    assert far.recv(100) == b"answer"
    one.outbox.write(b"more")
    assert far.recv(100) == b"more"


def test_who_is_paused_in_a_turn_hears_nothing_in_it(house):
    client, far = house.connect("client")
    _, upstream = house.connect("upstream", kind="primary", then=lambda data: client.transport.pauseProducing())
    far.send(b"request")
    upstream.send(b"answer")
    for _ in range(2):
        house.turn()
    assert house.heard == [("upstream", b"answer")]
    client.transport.resumeProducing()
    house.turn()
    assert house.heard[1:] == [("client", b"request")]


def test_who_is_aborted_in_a_turn_hears_nothing_more_but_the_end(house):
    client, far = house.connect("client")
    _, upstream = house.connect("upstream", kind="primary", then=lambda data: client.transport.abortConnection())
    far.send(b"request")
    upstream.send(b"answer")
    house.turn()
    house.reactor.advance(0)
    house.turn()
    assert house.heard == [("upstream", b"answer"), ("client", ConnectionAborted)]


def test_a_number_that_is_used_again_is_the_new_connections(house):
    _, far = house.connect("old", kind="primary")
    far.close()
    house.turn()
    _, far = house.connect("new")
    far.send(b"request")
    house.turn()
    assert house.heard == [("old", ConnectionDone), ("new", b"request")]


def test_what_is_read_once_is_told_before_the_end_behind_it(house):
    _, far = house.connect("upstream", kind="primary")
    far.send(b"answer")
    house.turn()
    assert not house.readiness.ended
    far.send(b"last")
    far.close()
    house.turn()
    assert house.readiness.ended
    house.turn()
    assert house.heard == [("upstream", b"answer"), ("upstream", b"last"), ("upstream", ConnectionDone)]


# Whether an upstream that has just answered is looked at before it is given another request


@pytest.fixture
def asked(house, events):
    """Make an upstream that was asked for something; ``released`` is called once it has answered."""

    def make(released=lambda far, it: None, shadow=False):
        ours, far = house.pair()
        it = ClientConnection(WireLimits(), lambda it, usable: usable and released(far, it), house.readiness, shadow)
        it.makeConnection(house.transport(ours, it))
        it.assign(events())
        it.send_head(request("GET", "/x", authority="a"), NO_BODY, b"", True)
        return it, far

    return make


def answer(size):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: "
    return (head + b"%5d\r\n\r\n" % (size - len(head) - 9)).ljust(size, b"x")


@pytest.mark.parametrize(("size", "seen"), [(100, False), (SMALL_PIECE, True)], ids=["all of it", "maybe not all"])
def test_what_comes_once_it_was_read_is_seen_in_the_next_turn(house, asked, size, seen):
    stale = []

    def speaks_again(far, it):
        far.send(b"out of turn")
        stale.append(it.stale())

    it, far = asked(speaks_again)
    far.send(answer(size))
    house.turn()
    assert stale == [seen]
    assert it.stale()


def test_an_end_behind_the_answer_is_seen_at_once(house, asked):
    stale = []
    _, far = asked(lambda far, it: stale.append(it.stale()))
    far.send(answer(100))
    far.close()
    house.turn()
    assert stale == [True]


def test_one_that_was_read_in_an_earlier_turn_is_looked_at(house, asked):
    stale = []
    first, far = asked()
    far.send(answer(100))
    house.turn()

    def look(_, it):
        far.send(b"out of turn")
        stale.append(first.stale())

    _, other = asked(look)
    other.send(answer(100))
    house.turn()
    assert stale == [True]


@pytest.mark.parametrize(("most", "stale"), [(MOST, False), (1, True)], ids=["nothing else was ready", "maybe more"])
def test_who_is_lenient_believes_what_a_whole_batch_said(most, stale, house, asked):
    house.readiness = Readiness(house.reactor, most)
    found = []
    idle, far = asked()
    far.send(answer(100))
    house.turn()

    def look(_, it):
        far.send(b"out of turn")
        found.append((idle.stale(lenient=True), idle.stale()))

    _, other = asked(look)
    other.send(answer(100))
    house.turn()
    assert found == [(stale, True)]


def test_the_lenient_believe_it_as_well_once_clients_and_primaries_were_sent_theirs(house, asked):
    found = []

    class Later:
        def flush(self):
            far.send(b"out of turn")
            found.append((idle.stale(lenient=True), idle.stale()))

    idle, far = asked()
    far.send(answer(100))
    house.turn()
    _, client = house.connect("client", then=lambda data: house.readiness.unsent_shadows.append(Later()))
    client.send(b"request")
    house.turn()
    assert found == [(False, True)]


def test_shadows_connections_are_looked_at_unless_they_were_read_in_their_own_turn(house, asked):
    found = []
    _, far = asked(lambda far, it: found.append(it.stale()), shadow=True)
    _, client = house.connect("client", then=lambda data: found.append(house.readiness.turn))
    client.send(b"request")
    far.send(answer(100))
    house.turn()
    assert found == [1, False]
    assert house.readiness.turn == 2


@pytest.mark.parametrize("left", ["an end", "more than was read"])
def test_what_was_left_behind_in_an_earlier_turn_of_a_batch_is_not_forgotten(house, asked, left):
    found = []
    # The first turn of a batch is full of others.
    first, far = asked()
    others = [asked() for _ in range(TURN - 1)]
    _, last_far = asked(lambda far, it: found.append(first.stale(lenient=True)))
    far.send(answer(100 if left == "an end" else SMALL_PIECE))
    if left == "an end":
        far.close()
    else:
        far.send(b"out of turn")
    for _, other in others:
        other.send(answer(100))
    last_far.send(answer(100))
    house.turn()
    assert found == [True]


def test_an_end_that_was_seen_is_believed_by_the_lenient_as_well(house, asked):
    found = []
    _, far = asked(lambda far, it: found.append(it.stale(lenient=True)))
    far.send(answer(100))
    far.close()
    house.turn()
    assert found == [True]


def test_who_can_be_half_closed_may_still_answer(house):
    client, far = house.connect("client", make=HalfCloseable)
    far.shutdown(socket.SHUT_WR)
    for _ in range(2):
        house.turn()
    assert house.heard == [("client", "end")]
    client.outbox.write(b"answer")
    assert far.recv(100) == b"answer"


def test_a_peer_that_goes_while_nobody_reads_it_is_lost(house):
    client, far = house.connect("client")
    client.outbox.write(b"x")
    client.transport.pauseProducing()
    fill(client)
    far.close()
    house.turn()
    assert house.heard[-1] == ("client", ConnectionLost)


def test_a_client_that_goes_while_nothing_is_asked_of_it_is_lost(house):
    client, far = house.connect("client")
    client.transport.pauseProducing()
    far.send(b"more than is wanted")
    house.turn()
    assert house.heard == []
    far.close()
    house.turn()
    assert house.heard == [("client", ConnectionLost)]
    house.turn()
    assert len(house.heard) == 1


def test_a_client_that_is_asked_for_more_after_a_while_goes_on(house):
    client, far = house.connect("client")
    for piece in (b"one", b"other"):
        client.transport.pauseProducing()
        far.send(piece)
        house.turn()
        client.transport.resumeProducing()
        house.turn()
    assert house.heard == [("client", b"one"), ("client", b"other")]


def test_of_an_upstream_that_goes_everything_is_read_before(house):
    upstream, far = house.connect("upstream", kind="primary")
    upstream.transport.pauseProducing()
    far.send(b"answer")
    far.close()
    house.turn()
    assert house.heard == []
    upstream.transport.resumeProducing()
    for _ in range(2):
        house.turn()
    assert house.heard == [("upstream", b"answer"), ("upstream", ConnectionDone)]


def test_the_number_of_one_that_ended_while_nothing_was_asked_of_it_can_be_used_again(house):
    client, far = house.connect("client")
    client.transport.pauseProducing()
    number = client.transport.fileno()
    client.transport.connectionLost(Failure(ConnectionDone()))
    again, far = house.connect("again")
    assert again.transport.fileno() == number
    far.send(b"x")
    house.turn()
    assert house.heard[-1] == ("again", b"x")


def test_an_owner_hears_when_there_is_no_room_and_when_there_is_again(house):
    one, far = house.connect("one")
    size = fill(one)
    house.turn()
    assert house.heard == [("one", "full")]
    while house.heard[-1] != ("one", "drained"):
        size -= len(far.recv(1 << 20))
        house.turn()
    while size:
        size -= len(far.recv(1 << 20))
    one.outbox.write(b"more")
    assert far.recv(100) == b"more"


def test_closing_waits_until_everything_is_written(house):
    one, far = house.connect("one")
    size = fill(one)
    one.outbox.close()
    while size:
        size -= len(far.recv(1 << 20))
        house.turn()
    assert far.recv(100) == b""
    assert house.heard == [("one", "full"), ("one", ConnectionDone)]


def test_who_answers_and_closes_in_one_turn_has_answered(house):
    one, far = house.connect("one")

    def answer(data):
        one.outbox.write(b"answer")
        one.outbox.close()

    one.then = answer
    far.send(b"request")
    for _ in range(2):
        house.turn()
    assert (far.recv(100), far.recv(100)) == (b"answer", b"")


def test_room_grows_where_a_body_is_on_its_way_and_shrinks_behind_it(house):
    _, far = house.connect("one")
    far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LARGE_PIECE)
    size = SMALL_PIECE + 3 * SMALL_PIECE + 5
    assert far.send(bytes(size)) == size
    for _ in range(2):
        house.turn()
    far.send(bytes(2 * SMALL_PIECE))
    for _ in range(2):
        house.turn()
    assert [len(data) for _, data in house.heard] == [SMALL_PIECE, 3 * SMALL_PIECE + 5, 2 * SMALL_PIECE]
    far.send(b"x")
    house.turn()
    assert far.send(bytes(2 * SMALL_PIECE))
    house.turn()
    assert len(house.heard[-1][1]) == SMALL_PIECE


def test_a_turn_ends_however_many_are_ready(house):
    for number in range(MOST + 1):
        house.connect(str(number))[1].send(b"x")
    house.turn()
    assert len(house.heard) == MOST
    house.turn()
    assert len(house.heard) == MOST + 1


def test_closed_it_watches_until_the_last_has_gone(house):
    _, far = house.connect("one")
    house.readiness.close()
    assert house.reactor.readers == [house.readiness]
    far.close()
    house.turn()
    house.reactor.advance(0)
    assert (house.reactor.readers, house.readiness.fileno()) == ([], -1)
    assert house.heard == [("one", ConnectionDone)]


def test_with_nothing_to_watch_it_closes_at_once(house):
    house.readiness.close()
    assert (house.reactor.readers, house.readiness.fileno()) == ([], -1)


def test_the_reactors_end_is_everybodys(house, failures):
    failing, _ = house.connect("failing")
    failing.connectionLost = lambda reason: 1 / 0
    house.connect("other")
    house.readiness.connectionLost(Failure(ConnectionLost()))
    assert (house.heard, failures) == ([("other", ConnectionLost)], [ZeroDivisionError])
    assert house.reactor.readers == []


def test_any_other_transport_stays_with_the_reactor(house, new_wire):
    assert not house.readiness.adopt(new_wire(), house.heard.append)
    assert house.reactor.readers == []


def test_without_a_descriptor_to_watch_with_the_reactor_goes_on_watching(house, monkeypatch):
    def none_left():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(select, "epoll", none_left)
    with pytest.raises(AssertionError):
        house.connect("one")
    server = house.reactor.readers[0]
    assert isinstance(server, tcp.Server)
    server.connectionLost(Failure(ConnectionDone()))


def test_where_there_is_no_epoll_the_reactor_goes_on_watching(house, monkeypatch):
    monkeypatch.delattr(select, "epoll")
    with pytest.raises(AssertionError):
        house.connect("one")
    server = house.reactor.readers[0]
    assert isinstance(server, tcp.Server)
    server.connectionLost(Failure(ConnectionDone()))


def interrupt(data):
    raise KeyboardInterrupt


def silent(far):
    try:
        return not far.recv(100)
    except BlockingIOError:
        return True


def fill(owner):
    """Write more than the kernel takes; return how much."""
    size = 0
    while not owner.outbox.full:
        owner.outbox.write(bytes(1 << 16))
        size += 1 << 16
    return size
