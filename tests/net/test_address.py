"""Dialling an address: real sockets on the loopback, and a kernel that says how it went."""

import errno
import select
import socket

import pytest
from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.python.failure import Failure

from shadowgate.model import Endpoint
from shadowgate.net.address import Address, address_of
from shadowgate.net.readiness import Readiness
from shadowgate.runtime.timers import Timers

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's")


@define(eq=False, slots=False)
class Connection:
    """A protocol that is adopted as a client connection is, and writes down what it hears."""

    readiness: Readiness
    heard: list
    transport: object = None

    def makeConnection(self, transport):
        self.transport = transport
        assert self.readiness.adopt(transport, self.heard.append, "primary")

    def connectionLost(self, reason):
        self.heard.append(reason.type)


@define(eq=False, slots=False)
class Caller:
    """Whom a connection is made for, and what it was told."""

    readiness: Readiness
    told: list = field(factory=list)
    heard: list = field(factory=list)

    def build(self):
        return Connection(self.readiness, self.heard)

    def connected(self, connection):
        self.told.append(connection)

    def failed(self, outcome):
        self.told.append(outcome.name)


@define(eq=False, slots=False)
class House:
    """A gateway's end of the network; ``sockets`` are all that were opened by it."""

    reactor: object
    sockets: list = field(factory=list)

    def __attrs_post_init__(self):
        self.readiness = Readiness(self.reactor)
        self.timers = Timers(self.reactor)

    def dial(self, at, timeout=5, **options):
        caller = Caller(self.readiness)
        address = Address(*address_of(at), self.readiness, self.timers, **options)
        caller.dial = address.dial(caller, timeout)
        assert caller.told == []
        return caller

    def turn(self):
        self.readiness.doRead()

    def told(self, caller):
        """Return what somebody is told, as soon as the kernel knows."""
        select.select([self.readiness], [], [], 5)
        self.turn()
        (told,) = caller.told
        return told

    def open(self):
        return [each for each in self.sockets if each.fileno() >= 0]


@pytest.fixture
def house(monkeypatch, descriptor_reactor):
    house = House(descriptor_reactor())

    class Recorded(socket.socket):
        def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
            super().__init__(family, type, proto, fileno)
            if type >= 0 and type & socket.SOCK_NONBLOCK:  # nobody else here wants one like that
                house.sockets.append(self)

    monkeypatch.setattr(socket, "socket", Recorded)
    yield house
    house.readiness.connectionLost(Failure(ConnectionDone()))
    for each in house.sockets:
        each.close()


@pytest.fixture(params=["127.0.0.1", "::1"])
def listening(request):
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    try:
        server = socket.create_server((request.param, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {request.param}")
    with server:
        yield server


def endpoint(server):
    return Endpoint(*server.getsockname()[:2])


@pytest.fixture
def refusing():
    """An endpoint where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = endpoint(server)
    return found


def test_a_connection_is_made_and_speaks_both_ways(house, listening):
    caller = house.dial(endpoint(listening))
    connection = house.told(caller)
    far, seen = listening.accept()
    with far:
        far.sendall(b"hello")
        house.turn()
        assert caller.heard == [b"hello"]
        connection.transport.write(b"hi")
        house.turn()
        assert far.recv(100) == b"hi"
        kind = IPv6Address if listening.family == socket.AF_INET6 else IPv4Address
        assert connection.transport.getHost() == kind("TCP", *seen)
        assert connection.transport.getPeer() == kind("TCP", *listening.getsockname())
    house.turn()
    assert caller.heard == [b"hello", ConnectionDone]
    assert house.open() == []
    assert len(house.timers) == 0


def test_a_connection_can_be_aborted(house, listening):
    caller = house.dial(endpoint(listening))
    house.told(caller).transport.abortConnection()
    house.reactor.advance(0)
    assert caller.heard == [ConnectionAborted]
    assert house.open() == []


def test_where_nobody_listens_the_connection_is_refused(house, refusing):
    assert house.told(house.dial(refusing)) == "connect_refused"
    assert house.open() == []
    assert len(house.timers) == 0


def test_what_takes_too_long_is_given_up(house, listening):
    caller = house.dial(endpoint(listening), timeout=5)
    house.reactor.advance(5.2)
    assert caller.told == ["connect_timeout"]
    assert house.open() == []
    house.turn()
    assert caller.told == ["connect_timeout"]


def test_without_a_timeout_nothing_is_given_up(house, listening):
    caller = house.dial(endpoint(listening), timeout=0)
    house.reactor.advance(86400)
    assert house.told(caller).transport


def test_after_it_was_called_off_nobody_is_told(house, listening):
    caller = house.dial(endpoint(listening))
    caller.dial.cancel()
    caller.dial.cancel()
    assert house.open() == []
    house.reactor.advance(10)
    house.turn()
    assert caller.told == []


def test_a_number_that_is_used_again_is_the_new_connections(house, listening):
    first = house.dial(endpoint(listening))
    number = house.sockets[0].fileno()
    first.dial.cancel()
    second = house.dial(endpoint(listening))
    assert house.sockets[1].fileno() == number
    assert house.told(second).transport
    assert first.told == []


@pytest.mark.parametrize(
    ("number", "outcome"),
    [(errno.EMFILE, "no_socket"), (errno.ENETUNREACH, "connect_failed"), (errno.EADDRNOTAVAIL, "no_socket")],
)
@pytest.mark.parametrize("raising", [True, False], ids=["no socket", "no connection"])
def test_what_fails_at_once_is_told_in_the_next_turn(house, monkeypatch, refusing, number, outcome, raising):
    def fail(*_):
        raise OSError(number, "trouble")

    class Refused(socket.socket):
        def connect_ex(self, address):
            return number

    monkeypatch.setattr(socket, "socket", fail if raising else Refused)
    caller = house.dial(refusing)
    assert house.open() == []
    house.reactor.advance(0)
    assert caller.told == [outcome]


def test_what_failed_at_once_can_be_called_off_before_it_is_told(house, monkeypatch, refusing):
    def fail(*_):
        raise OSError(errno.EMFILE, "trouble")

    monkeypatch.setattr(socket, "socket", fail)
    caller = house.dial(refusing)
    caller.dial.cancel()
    house.reactor.advance(10)
    assert caller.told == []


def test_in_a_turn_a_shadows_connection_waits_for_its_end_and_a_primarys_does_not(house, in_a_batch, listening):
    opened = []

    def receive(data):
        kinds[data]()
        opened.append(len(house.open()))

    at, callers = endpoint(listening), []
    kinds = {
        b"shadow": lambda: callers.append(house.dial(at, shadow=True)),
        b"primary": lambda: callers.append(house.dial(at)),
        b"cancel": lambda: house.dial(at, shadow=True).dial.cancel(),
    }
    for said, during, after in ((b"shadow", 1, 2), (b"cancel", 2, 2), (b"primary", 3, 3)):
        in_a_batch(lambda said=said: receive(said))
        assert opened.pop() == during
        assert len(house.open()) == after
    assert house.told(callers[1]).transport


def test_out_of_a_turn_a_shadows_connection_waits_for_nothing(house, listening):
    caller = house.dial(endpoint(listening), shadow=True)
    assert len(house.open()) == 1
    assert house.told(caller).transport


@pytest.fixture
def in_a_batch(house, listening):
    """Act while a batch is served, as a client's request would; ``before`` and ``after`` are done around its coming."""
    acts = []
    client = house.told(house.dial(endpoint(listening)))
    far, _ = listening.accept()
    house.readiness._readers[client.transport.fileno()] = lambda: client.transport.socket.recv(100) and acts.pop()()
    client.transport.stopReading()
    client.transport.startReading()

    def serve(act, before=lambda: None, after=lambda: None):
        acts.append(act)
        before()
        far.sendall(b"now")
        after()
        house.turn()

    with far:
        yield serve


def test_an_event_of_a_socket_that_was_closed_in_this_batch_is_not_the_next_ones(
    house, in_a_batch, listening, refusing
):
    """The first socket was refused when its dial is called off, and another one gets its number."""
    callers = []

    def again():
        callers[0].dial.cancel()
        callers.append(house.dial(endpoint(listening)))

    in_a_batch(again, after=lambda: callers.append(house.dial(refusing)))
    assert house.readiness._connecting.keys() == {house.sockets[-1].fileno()}
    assert [caller.told for caller in callers] == [[], []]
    assert house.told(callers[1]).transport


@pytest.mark.parametrize(("shadow", "order"), [(False, ["connected", "said"]), (True, ["said", "connected"])])
def test_a_shadows_connection_is_told_of_behind_everybody_else(house, in_a_batch, listening, shadow, order):
    found = []

    def dial():
        house.dial(endpoint(listening), shadow=shadow).connected = lambda connection: found.append("connected")

    in_a_batch(lambda: found.append("said"), before=dial)
    assert found == order


def test_when_the_reactor_ends_whoever_waits_is_told_and_nobody_dials_any_more(house, listening, failures):
    failing, again = house.dial(endpoint(listening)), house.dial(endpoint(listening))
    failing.failed = lambda outcome: 1 / 0
    again.failed = lambda outcome: again.told.append(house.dial(endpoint(listening)))
    house.readiness.connectionLost(Failure(ConnectionDone()))
    assert failures == [ZeroDivisionError]
    house.reactor.advance(0)
    assert again.told[0].told == ["connect_failed"]
    assert house.open() == []


@pytest.mark.parametrize("where", ["build", "connected"])
def test_one_that_fails_when_it_is_told_is_closed_and_its_number_the_next_ones(house, listening, failures, where):
    failing = house.dial(endpoint(listening))
    setattr(failing, where, lambda *_: 1 / 0)
    number = house.sockets[-1].fileno()
    select.select([house.readiness], [], [], 5)
    house.turn()
    assert failures == [ZeroDivisionError]
    assert failing.heard == ([ZeroDivisionError] if where == "connected" else [])
    house.sockets[-1].close()
    caller = house.dial(endpoint(listening))
    assert house.sockets[-1].fileno() == number
    house.told(caller)
    for _ in range(2):
        far, _ = listening.accept()
        with far:
            far.sendall(b"hello")
            house.turn()
    assert b"hello" in caller.heard


def test_what_is_being_made_is_waited_for_before_the_end(house, listening):
    caller = house.dial(endpoint(listening))
    house.readiness.close()
    assert house.reactor.readers
    caller.dial.cancel()
    house.reactor.advance(0)
    assert house.reactor.readers == []


def test_the_end_comes_as_well_when_what_is_being_made_is_refused(house, refusing):
    caller = house.dial(refusing)
    house.readiness.close()
    assert house.told(caller) == "connect_refused"
    house.reactor.advance(0)
    assert house.reactor.readers == []


def test_only_addresses_are_dialled_by_number():
    assert address_of(Endpoint("10.0.0.1", 80)) == (socket.AF_INET, ("10.0.0.1", 80))
    assert address_of(Endpoint("2001:db8::1", 80)) == (socket.AF_INET6, ("2001:db8::1", 80, 0, 0))
    assert address_of(Endpoint("api.test", 80)) is None
    assert address_of(Endpoint("unix:/run/api")) is None
    assert address_of(Endpoint("fe80::1%nowhere", 80)) is None
