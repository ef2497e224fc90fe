"""Ports that move to another address of the same port number, on real sockets of the loopback interface."""

import socket

import pytest
from twisted.internet import tcp
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from shadowgate.net.moving import MovableReactor


class Reactor(Clock):
    """A clock that opens ports."""

    def listenTCP(self, port, factory, backlog=50, interface=""):
        opened = tcp.Port(port, factory, backlog, interface, self)
        opened.startListening()
        return opened

    def addReader(self, reader):
        """Nobody is accepted here."""

    removeReader = removeWriter = addReader


class House:
    def __init__(self):
        self.clock = Reactor()
        self.reactor = MovableReactor(self.clock)
        self.opened = []

    def bind(self, number=0):
        factory = Factory()
        factory.noisy = False
        self.opened.append(self.reactor.listenTCP(number, factory, interface="127.0.0.1"))
        return self.opened[-1]

    def close(self):
        for port in self.opened:
            port.stopListening()
        self.clock.advance(0)


@pytest.fixture
def house():
    made = House()
    yield made
    made.close()


def shares(port):
    return port.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)


def test_a_port_is_bound_beside_one_that_makes_room(house):
    old = house.bind()
    with house.reactor.making_room([old]):
        new = house.bind(old.getHost().port)
        assert shares(old)
    assert new.getHost().port == old.getHost().port
    assert not shares(old) and not shares(new)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Twisted's own socket that was not bound
def test_one_that_makes_no_room_is_in_the_way_before_a_move_and_after_it(house):
    old = house.bind()
    number = old.getHost().port
    with house.reactor.making_room([]), pytest.raises(CannotListenError):
        house.bind(number)
    with house.reactor.making_room([old]):
        house.bind(number)
    with pytest.raises(CannotListenError):
        house.bind(number)


def test_without_anybody_in_the_way_ports_are_the_reactors_own(house):
    with house.reactor.making_room([]):
        assert type(house.bind()) is tcp.Port
    assert house.reactor.addReader == house.clock.addReader
