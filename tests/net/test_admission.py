"""Who may come in, at Twisted's own port, whose socket has clients, errors or nobody to give."""

from errno import EAGAIN, ECONNABORTED, EMFILE, ENFILE

import pytest
from attrs import define, field
from twisted.internet import tcp
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock

from shadowgate.net.admission import LOG_SECONDS, REST_SECONDS, Capacity, Entry
from shadowgate.runtime.stats import Stats


class Listening:
    """A listening socket: what ``waiting`` holds comes out one by one."""

    def __init__(self, waiting):
        self.waiting = waiting

    def accept(self):
        if not self.waiting:
            raise BlockingIOError(EAGAIN, "nobody")
        if isinstance(self.waiting[0], int):
            raise OSError(self.waiting[0], "trouble")
        return self.waiting.pop(0)

    def getsockname(self):
        return ("127.0.0.1", 80)


class Client:
    closed = False

    def close(self):
        self.closed = True


class Said(list):
    def warn(self, sentence, **given):
        self.append(sentence.format(**given))


@define(eq=False, slots=False)
class House:
    """One port with an entry, counting its clients as a server does."""

    most: int = 0
    most_per_client: int = 0
    most_in_process: int = 0
    clock: MemoryReactorClock = field(factory=MemoryReactorClock)
    said: Said = field(factory=Said)
    inside: list = field(factory=list)
    waiting: list = field(factory=list)

    def __attrs_post_init__(self):
        self.stats = Stats()
        self.capacity = Capacity(self.clock, self.stats, self.said, self.most_in_process)
        self.entry, self.port = self.open("web", self.waiting)

    def open(self, name, waiting):
        entry = Entry(self.capacity, name, self.most, self.most_per_client)
        factory = Factory()
        factory.buildProtocol = lambda address: self.let_in(entry, address)
        port = tcp.Port(0, factory, reactor=self.clock)
        port.socket, port.connected, port.numberAccepts = Listening(waiting), True, 100
        port.transport = lambda *given: None
        port.startReading()
        entry.guard(port)
        return entry, port

    def let_in(self, entry, address):
        if not entry.admits(address):
            return None
        protocol = Protocol()
        protocol.makeConnection = lambda transport: (entry.came(address), self.inside.append(address.host))
        return protocol

    def come(self, *hosts):
        """Clients knock; the reactor asks the port, as long as it listens."""
        clients = [Client() for _ in hosts]
        self.waiting.extend(zip(clients, [(host, 1234) for host in hosts], strict=True))
        self.turn()
        return clients

    def turn(self):
        left = -1
        while self.accepting and left != len(self.waiting):
            left = len(self.waiting)
            self.port.doRead()

    def leave(self, host="a"):
        self.inside.remove(host)
        self.entry.left(IPv4Address("TCP", host, 1234))
        self.turn()

    @property
    def accepting(self):
        return self.port in self.clock.getReaders()


def test_without_bounds_everybody_comes_in():
    house = House()
    house.come(*"abc" * 20)
    assert len(house.inside) == 60
    assert house.accepting


def test_a_full_listener_lets_the_next_ones_wait_until_somebody_leaves():
    house = House(most=2)
    house.come("a", "b", "c", "d")
    assert house.inside == ["a", "b"]
    assert len(house.waiting) == 2
    assert not house.accepting
    house.leave("b")
    assert house.inside == ["a", "c"]
    assert not house.accepting
    assert house.stats.accept_pauses == {"listener": 2}
    house.leave("a")
    house.leave("c")
    assert house.inside == ["d"]
    assert house.accepting


def test_exactly_as_many_as_the_bound_are_no_reason_to_pause():
    house = House(most=2)
    house.come("a", "b")
    assert house.stats.accept_pauses == {"listener": 1}  # the port asked whether there is a third
    house.leave("a")
    assert house.accepting


def test_the_process_has_a_bound_for_all_listeners_together():
    house = House(most_in_process=2)
    other_waiting = []
    _, other = house.open("other", other_waiting)
    house.come("a", "b")
    other_waiting.append((Client(), ("c", 1)))
    other.doRead()
    assert house.inside == ["a", "b"]
    assert other not in house.clock.getReaders()
    assert house.stats.accept_pauses == {"descriptors": 2}
    house.leave("a")
    assert other in house.clock.getReaders()
    other.doRead()
    assert house.inside == ["b", "c"]


def test_a_listener_that_is_not_counted_stays_open_when_the_process_is_full():
    house = House(most_in_process=1)
    house.come("a", "b")
    assert Entry(house.capacity, "web").full
    assert not Entry(house.capacity, "admin", counted=False).full


def test_an_address_with_its_share_is_closed_at_once_and_others_are_not():
    house = House(most_per_client=2)
    clients = house.come("a", "a", "a", "b", "a")
    assert house.inside == ["a", "a", "b"]
    assert [client.closed for client in clients] == [False, False, True, False, True]
    assert house.stats.connections_refused == 2
    assert house.accepting
    house.leave("a")
    house.come("a")
    assert house.inside == ["a", "b", "a"]


def test_nothing_is_kept_of_addresses_that_have_left():
    house = House(most_per_client=2)
    house.come("a", "a", "b")
    for host in "aab":
        house.leave(host)
    assert house.entry._clients == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_an_ipv6_client_is_its_network(one, other, same):
    entry = House(most_per_client=1).entry
    entry.came(IPv6Address("TCP", one, 1))
    assert entry.admits(IPv6Address("TCP", other, 1)) is not same


def test_an_ipv4_client_is_the_same_by_either_family():
    entry = House(most_per_client=1).entry
    entry.came(IPv6Address("TCP", "::ffff:192.0.2.1", 1))
    assert not entry.admits(IPv4Address("TCP", "192.0.2.1", 1))


def test_clients_of_a_unix_socket_have_no_address_to_count_by():
    entry = House(most_per_client=1).entry
    for _ in range(3):
        assert entry.admits(UNIXAddress(None))
        entry.came(UNIXAddress(None))


@pytest.mark.parametrize("error", [EMFILE, ENFILE])
def test_without_descriptors_accepting_rests_and_nobody_is_lost(error):
    house = House()
    house.waiting.append(error)
    clients = house.come("a", "b")
    assert house.inside == []
    assert not house.accepting
    house.clock.advance(REST_SECONDS / 2)
    assert not house.accepting
    house.clock.advance(REST_SECONDS / 2)
    assert house.accepting
    house.turn()
    assert not house.accepting  # still none
    house.waiting.remove(error)
    house.clock.advance(REST_SECONDS)
    house.turn()
    assert house.inside == ["a", "b"]
    assert not any(client.closed for client in clients)
    assert house.stats.accept_pauses == {"exhausted": 2}


def test_somebody_who_leaves_does_not_end_the_rest():
    house = House()
    house.come("a")
    house.waiting.append(EMFILE)
    house.turn()
    house.leave("a")
    assert not house.accepting


def test_it_is_said_once_in_a_while():
    house = House()
    house.waiting.append(EMFILE)
    house.turn()
    for _ in range(int(2 * LOG_SECONDS / REST_SECONDS)):
        house.clock.advance(REST_SECONDS)
        house.turn()
    assert len(house.said) in (2, 3)
    assert house.said[0] == "listener web cannot accept: trouble; new clients wait (1 times so far)"


def test_other_errors_are_twisteds():
    house = House()
    house.waiting.append(ECONNABORTED)
    house.turn()
    assert house.accepting
    assert house.stats.accept_pauses == {}


def test_a_port_that_was_closed_meanwhile_is_not_opened_again():
    house = House(most=1)
    house.come("a", "b")
    house.port.disconnecting = True
    house.leave("a")
    assert not house.accepting


def test_everything_else_of_a_socket_stays_as_it_is():
    house = House()
    assert house.port.getHost() == IPv4Address("TCP", "127.0.0.1", 80)
