"""Letting clients in, at real ports on the loopback."""

import errno
import select
import socket
from types import SimpleNamespace

import pytest
from attrs import define, field
from twisted.internet import tcp, unix
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from shadowgate.net.accepting import Entrance, let_in
from shadowgate.net.readiness import TURN, Readiness

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's")


@define(eq=False, slots=False)
class Guest:
    """A protocol that writes down what it hears; without ``readiness`` it is left to the reactor."""

    address: object
    readiness: object
    heard: list = field(factory=list)
    transport: object = None

    def makeConnection(self, transport):
        self.transport = transport
        if self.readiness is not None:
            assert self.readiness.adopt(transport, self.heard.append)

    def dataReceived(self, data):
        self.heard.append(data)

    def connectionLost(self, reason):
        self.heard.append(reason.type)


@define(eq=False, slots=False)
class House(Factory):
    """A port, and who came in there."""

    noisy = False
    reactor: object
    host: str = "127.0.0.1"
    adopting: bool = True
    guests: list = field(factory=list)
    clients: list = field(factory=list)
    admit: object = lambda address: True
    make: object = lambda guest: None

    def open(self):
        self.readiness = Readiness(self.reactor)
        self.port = tcp.Port(0, self, backlog=200, interface=self.host, reactor=self.reactor)
        self.port.startListening()
        self.port.doRead = Entrance(self.port, self.readiness).accept

    def buildProtocol(self, address):
        if not self.admit(address):
            return None
        self.guests.append(Guest(address, self.readiness if self.adopting else None))
        self.make(self.guests[-1])
        return self.guests[-1]

    def come(self, count=1):
        for _ in range(count):
            self.clients.append(socket.create_connection((self.host, self.port.getHost().port), 5))

    def close(self):
        for client in self.clients:
            client.close()
        for guest in self.guests:
            if guest.transport is not None and not guest.transport.disconnected:
                guest.transport.connectionLost(Failure(ConnectionDone()))
        self.port.connectionLost(Failure(ConnectionDone()))


@pytest.fixture
def house(descriptor_reactor):
    made = []

    def make(**given):
        made.append(House(descriptor_reactor(), **given))
        try:
            made[-1].open()
        except Exception:
            made.pop()
            raise
        return made[-1]

    yield make
    for each in made:
        each.close()


def one_in(house):
    """Return a house with one guest."""
    it = house()
    it.come()
    it.port.doRead()
    return it


def test_all_who_wait_come_in_a_turns_worth_at_a_time(house):
    it = house()
    it.port.numberAccepts = 1
    it.come(TURN + 6)
    it.port.doRead()
    assert len(it.guests) == TURN
    it.port.doRead()
    it.port.doRead()
    assert len(it.guests) == TURN + 6


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", IPv4Address), ("::1", IPv6Address)])
def test_a_client_speaks_and_is_answered(house, host, kind):
    try:
        it = house(host=host)
    except Exception:
        pytest.skip(f"this machine has no {host}")
    it.come()
    it.port.doRead()
    (guest,), (client,) = it.guests, it.clients
    client.sendall(b"hello")
    it.readiness.doRead()
    guest.transport.write(b"hi")
    it.readiness.doRead()
    assert client.recv(10) == b"hi"
    seen = kind("TCP", *client.getsockname())
    assert guest.address == guest.transport.getPeer() == seen
    assert guest.transport.getHost() == kind("TCP", *client.getpeername())
    client.close()
    it.readiness.doRead()
    assert guest.heard == [b"hello", ConnectionDone]
    assert guest.transport.getPeer() == seen


def test_with_nothing_left_to_write_a_connection_is_closed_without_a_turn(house):
    it = one_in(house)
    transport = it.guests[0].transport
    transport.loseConnection()
    transport.loseConnection()
    it.reactor.advance(0)
    assert it.guests[0].heard == [ConnectionDone]
    assert it.clients[0].recv(10) == b""
    assert it.readiness._transports == {}


def test_what_is_left_to_write_goes_before_a_connection_is_closed(house):
    it = one_in(house)
    transport, text = it.guests[0].transport, bytes(8_000_000)
    transport.write(text)
    transport.loseConnection()
    it.reactor.advance(0)
    assert it.guests[0].heard == []
    it.readiness.doRead()
    read = 0
    while data := it.clients[0].recv(1 << 20):
        read += len(data)
        it.readiness.doRead()
    assert read == len(text)
    assert it.guests[0].heard == [ConnectionDone]


def test_a_connection_that_was_closed_one_way_is_closed_the_other_way_too(house):
    it = one_in(house)
    transport = it.guests[0].transport
    transport.loseWriteConnection()
    it.readiness.doRead()
    transport.loseConnection()
    it.reactor.advance(0)
    assert it.guests[0].heard == [ConnectionDone]


def test_one_that_is_lost_before_it_is_closed_is_lost_once(house):
    it = one_in(house)
    transport = it.guests[0].transport
    transport.loseConnection()
    transport.abortConnection()
    it.reactor.advance(0)
    assert len(it.guests[0].heard) == 1


def test_whoever_is_not_wanted_is_closed_and_the_next_comes_in(house):
    it = house()
    it.admit = lambda address: address.port != it.clients[0].getsockname()[1]
    it.come(2)
    it.port.doRead()
    assert it.clients[0].recv(10) == b""
    assert len(it.guests) == 1


def test_one_that_cannot_be_let_in_keeps_nobody_out(house, failures):
    it = house()
    it.admit = lambda address: len(it.guests) or it.guests.append(Guest(address, None)) or 1 / 0
    it.come(2)
    it.port.doRead()
    assert failures == [ZeroDivisionError]
    assert it.clients[0].recv(10) == b""
    assert len(it.guests) == 2


def test_one_that_fails_once_it_is_watched_leaves_its_number_to_the_next(house, failures):
    it = house()
    adopt, failing = Guest.makeConnection, [1]

    def fail_once(guest, transport):
        adopt(guest, transport)
        if failing:
            raise ZeroDivisionError(failing.pop())

    it.make = lambda guest: setattr(guest, "makeConnection", lambda transport: fail_once(guest, transport))
    it.come()
    it.port.doRead()
    assert failures == [ZeroDivisionError]
    it.come()
    it.port.doRead()
    it.clients[1].sendall(b"hello")
    it.readiness.doRead()
    assert it.guests[1].heard == [b"hello"]


def test_what_is_not_adopted_is_the_reactors_to_watch(house):
    it = house(adopting=False)
    it.come()
    it.port.doRead()
    (guest,) = it.guests
    assert guest.transport in it.reactor.readers
    it.clients[0].sendall(b"hello")
    guest.transport.doRead()
    assert guest.heard == [b"hello"]


@pytest.mark.parametrize(
    ("number", "came"), [(errno.ECONNABORTED, 1), (errno.EPERM, 1), (errno.EINVAL, 0), (errno.EAGAIN, 0)]
)
def test_an_error_ends_the_turn_unless_it_is_one_clients_own(house, number, came):
    it = house()
    it.come()
    real, errors = it.port.socket, [OSError(number, "trouble")]

    def accept():
        if errors:
            raise errors.pop()
        return real.accept()

    it.port.socket = SimpleNamespace(accept=accept, close=real.close, shutdown=real.shutdown, fileno=real.fileno)
    it.port.doRead()
    assert len(it.guests) == came
    it.port.doRead()
    assert len(it.guests) == 1


class OfDescriptors(PosixReactorBase):
    def __init__(self):
        """Nothing is asked of it."""


def test_a_clients_address_of_one_link_names_the_interface(house):
    it = house()
    ours, other = socket.socketpair()
    it.clients.append(other)
    waiting = [(ours, ("fe80::1", 4711, 0, socket.if_nametoindex("lo")))]

    def accept():
        if not waiting:
            raise BlockingIOError(errno.EAGAIN, "nobody")
        return waiting.pop()

    real = it.port.socket
    it.port.socket = SimpleNamespace(accept=accept, close=real.close, shutdown=real.shutdown, fileno=real.fileno)
    it.port._addressType = IPv6Address
    it.port.doRead()
    assert it.guests[0].address.host == "fe80::1%lo"


def test_only_ports_of_the_internet_are_stood_at(descriptor_reactor):
    reactor = descriptor_reactor()
    able, unable = Readiness(OfDescriptors()), Readiness(reactor)
    for port, readiness, stood_at in (
        (tcp.Port(0, Factory(), reactor=reactor), able, True),
        (tcp.Port(0, Factory(), reactor=reactor), unable, False),
        (unix.Port("/nowhere", Factory(), reactor=reactor), able, False),
        (SimpleNamespace(), able, False),
    ):
        let_in(port, readiness)
        assert ("doRead" in vars(port)) is stood_at
