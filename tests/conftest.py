"""What tests of several layers share: a wire in memory, and a whole gateway on a reactor without sockets."""

import gc
import json
from collections import Counter
from random import Random

import pytest
from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from shadowgate.config.catalog import Catalog
from shadowgate.gateway import Gateway
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text
from shadowgate.runtime.access_log import AccessLog


class Wire(StringTransport):
    """A transport in memory that tells the ways of closing apart, and is full once it holds ``room`` bytes."""

    def __init__(self, room=None):
        super().__init__(IPv4Address("TCP", "198.51.100.1", 80), IPv4Address("TCP", "192.0.2.1", 4711), lenient=True)
        self.write_closed = False
        self.room = room

    @property
    def state(self):
        if self.disconnected:
            return "aborted"
        if self.disconnecting:
            return "closed"
        return "half closed" if self.write_closed else "open"

    def write(self, data):
        super().write(data)
        if self.room is not None and len(self.value()) >= self.room:
            self.room = None
            self.producer.pauseProducing()

    def loseWriteConnection(self):
        self.write_closed = True

    def take(self):
        """Return what was written since the last time."""
        written = self.value()
        self.clear()
        return written


class Port:
    """A port that is bound; ``factory`` serves its clients."""

    def __init__(self, reactor, number, factory):
        self.reactor, self.number, self.factory = reactor, number, factory

    def getHost(self):
        return IPv4Address("TCP", "0.0.0.0", self.number)

    def stopListening(self):
        del self.reactor.ports[self.number]
        return succeed(None)


class Reactor(MemoryReactorClock):
    """A reactor on which each port can be bound once; ``taken`` are somebody else's.  Threads are turns here."""

    def __init__(self):
        super().__init__()
        self.ports = {}
        self.taken = set()

    def getThreadPool(self):
        return self

    def callInThreadWithCallback(self, done, work):
        done(True, work())

    def callFromThread(self, act, *given):
        self.callLater(0, act, *given)

    def settle(self):
        """Do everything that is due now."""
        while any(call.getTime() <= self.seconds() for call in self.getDelayedCalls()):
            self.advance(0)

    def listenTCP(self, port, factory, backlog=50, interface=""):
        if port in self.ports or port in self.taken:
            raise CannotListenError(interface, port, OSError(98, "Address already in use"))
        self.ports[port] = Port(self, port, factory)
        return self.ports[port]

    def wait(self, seconds):
        self.pump([seconds / 20] * 20)


@define(eq=False)
class Peer:
    """One end of a connection of the gateway: a client of it, or an upstream."""

    protocol: object
    wire: Wire

    def send(self, data):
        self.protocol.dataReceived(data)

    def take(self):
        return self.wire.take()

    @property
    def state(self):
        return self.wire.state

    def leave(self):
        self.wire.producer = None  # as Twisted's own transports let go of it
        self.protocol.connectionLost(Failure(ConnectionDone()))


def documents(text, source="gw.yaml"):
    """Return the documents of a YAML text, and the problems of reading it."""
    report = Report()
    return read_text(text, source, report), report.problems


@define(eq=False, slots=False)
class InMemory:
    """A gateway on a reactor in memory, whose time and ports a test moves."""

    catalog: Catalog
    given: dict
    reactor: Reactor = field(factory=Reactor)
    log_batches: list = field(factory=list)
    gateway: Gateway = field(init=False)

    def __attrs_post_init__(self):
        self.gateway = Gateway(
            self.reactor,
            self.catalog,
            access_log=AccessLog(self.reactor, self.log_batches.append),
            random=Random(1),
            now=self.reactor.seconds,
            **self.given,
        )

    def apply(self, text):
        return self.gateway.apply(*documents(text))

    def offer(self, text):
        """Publish a configuration as a source does, and wait until it was looked at."""
        self.publish(text)
        self.reactor.settle()

    def publish(self, text):
        """Publish a configuration as a source does, and do not wait."""
        self.gateway.offer(*documents(text))

    def client(self, port=8000):
        """Connect a client to a port that the gateway listens on."""
        return self.connect(self.reactor.ports[port].factory)

    def upstream(self, room=None):
        """Accept the connection that the gateway began last."""
        return self.connect(self.reactor.tcpClients.pop()[2], room)

    @property
    def dialled(self):
        """The addresses that the gateway is connecting to now."""
        return [f"{host}:{port}" for host, port, *_ in self.reactor.tcpClients]

    def connect(self, factory, room=None):
        """Connect somebody to a factory."""
        wire = Wire(room)
        protocol = factory.buildProtocol(wire.getPeer())
        protocol.makeConnection(wire)
        return Peer(protocol, wire)

    @property
    def log_lines(self):
        self.gateway.core.access_log.flush()
        return [json.loads(line) for line in b"".join(self.log_batches).splitlines()]


@pytest.fixture(scope="session")
def bundled():
    """The catalog of what is installed."""
    return Catalog.discover()


@pytest.fixture
def in_memory(bundled):
    """Make a gateway: ``in_memory(listen=["tcp:8000"], settings=...)``."""
    return lambda **given: InMemory(bundled, given)


@pytest.fixture
def new_wire():
    """The class of transports in memory."""
    return Wire


@pytest.fixture
def new_reactor():
    """The class of reactors in memory."""
    return Reactor


@pytest.fixture
def left_to_the_collector():
    """Count what an act leaves to the cyclic collector of what is the gateway's, by type."""

    def count(act):
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            act()
            gc.collect()
            found = [each for each in gc.garbage if type(each).__module__.startswith("shadowgate.")]
            return Counter(type(each).__name__ for each in found)
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    return count
