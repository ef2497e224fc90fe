"""UDP ports that nothing is said of, on real sockets of the loopback interface."""

import socket
from types import SimpleNamespace

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorFDSet, IReactorUDP
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from zope.interface import implementer

from shadowgate.net.quiet import QuietReactor


@implementer(IReactorUDP, IReactorFDSet)
class Reactor(Clock):
    """A clock to which readers can be given."""

    def __init__(self):
        super().__init__()
        self.readers = []

    def addReader(self, reader):
        self.readers.append(reader)

    def removeReader(self, reader):
        if reader in self.readers:
            self.readers.remove(reader)

    def removeWriter(self, writer):
        """Nothing waits to be written."""


@pytest.fixture
def said():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)


class Heard(DatagramProtocol):
    noisy = False

    def __init__(self):
        self.data = []
        self.stopped = False

    def datagramReceived(self, data, address):
        self.data.append(data)

    def stopProtocol(self):
        self.stopped = True


def test_it_opens_hears_and_closes_without_a_word(said):
    reactor, heard = Reactor(), Heard()
    port = QuietReactor(reactor).listenUDP(0, heard, interface="127.0.0.1")
    assert reactor.readers == [port]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", port.getHost().port))
        port.doRead()
    assert heard.data == [b"x"]
    closed = []
    port.stopListening().addCallback(closed.append)
    reactor.advance(0)
    assert (closed, heard.stopped, reactor.readers) == ([None], True, [])
    assert said == []


def test_a_port_that_is_taken_is_told_as_ever():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(CannotListenError):
            QuietReactor(Reactor()).listenUDP(other.getsockname()[1], Heard(), interface="127.0.0.1")


def test_a_reactor_without_sockets_opens_none():
    class InMemory(Clock):
        def listenUDP(self, *given):
            return given

    heard = Heard()
    assert QuietReactor(InMemory()).listenUDP(53, heard) == (53, heard, "", 8192)


def test_everything_else_is_the_reactors():
    reactor = SimpleNamespace(listenTCP="theirs")
    assert QuietReactor(reactor).listenTCP == "theirs"
