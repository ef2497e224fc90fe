"""Writing: at once where the kernel takes it, and with word of when it does not."""

from types import SimpleNamespace

import pytest
from attrs import define, field

from shadowgate.net.outbox import MOST_HELD, BufferedOutbox, DirectOutbox, outbox_for


@define(eq=False, slots=False)
class Owner:
    heard: list = field(factory=list)

    def write_full(self):
        self.heard.append("full")

    def write_drained(self):
        self.heard.append("drained")


@define(eq=False)
class Socket:
    """Takes ``room`` bytes, then none; ``broken`` raises."""

    room: int = 10
    sent: bytes = b""
    broken: bool = False
    calls: int = 0

    def send(self, data):
        self.calls += 1
        if self.broken:
            raise OSError("gone")
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.sent += taken
        return len(taken)


@define(eq=False)
class Turns:
    """What a turn is to an outbox."""

    serving: bool = True
    unsent: list = field(factory=list)
    unsent_shadows: list = field(factory=list)

    def end(self):
        self.serving = False
        for outbox in self.unsent + self.unsent_shadows:
            outbox.flush()


class TcpTransport:
    """As much of a TCP transport as a :class:`DirectOutbox` meets; ``drain`` writes its buffer out."""

    def __init__(self):
        self.socket = Socket()
        self.connected, self.disconnecting, self.write_closed = True, False, False
        self.buffer = b""
        self.producer = None

    def write(self, data):
        self.buffer += data

    def registerProducer(self, producer, streaming):
        assert self.producer is None
        assert not streaming
        self.producer = producer
        producer.resumeProducing()

    def unregisterProducer(self):
        self.producer = None

    def loseConnection(self):
        self.disconnecting = True

    def loseWriteConnection(self):
        self.write_closed = True

    def drain(self):
        self.socket.sent += self.buffer
        self.buffer = b""
        self.socket.room = 10
        if self.producer is not None:
            self.producer.resumeProducing()


@pytest.fixture
def owner():
    return Owner()


@pytest.fixture
def tcp():
    return TcpTransport()


def test_what_the_kernel_takes_never_touches_the_transport(tcp, owner):
    outbox = DirectOutbox(tcp, owner)
    outbox.write(b"abc")
    assert (tcp.socket.sent, tcp.buffer, owner.heard, outbox.full) == (b"abc", b"", [], False)


@pytest.mark.parametrize("room", [0, 4])
def test_what_it_does_not_take_waits_in_the_transport_and_the_owner_hears(tcp, owner, room):
    tcp.socket.room = room
    outbox = DirectOutbox(tcp, owner)
    outbox.write(b"abcdef")
    assert (tcp.socket.sent, tcp.buffer) == (b"abcdef"[:room], b"abcdef"[room:])
    assert owner.heard == ["full"]
    tcp.drain()
    assert owner.heard == ["full", "drained"]
    assert not outbox.full


def test_nothing_overtakes_what_waits(tcp, owner):
    tcp.socket.room = 1
    outbox = DirectOutbox(tcp, owner)
    outbox.write(b"abc")
    tcp.socket.room = 10
    outbox.write(b"def")
    tcp.drain()
    outbox.write(b"ghi")
    assert tcp.socket.sent == b"abcdefghi"
    assert owner.heard == ["full", "drained"]


def test_a_broken_socket_is_the_transports_to_report(tcp, owner):
    tcp.socket.broken = True
    DirectOutbox(tcp, owner).write(b"abc")
    assert (tcp.buffer, owner.heard) == (b"abc", [])


def test_a_closing_transport_is_not_passed_by(tcp, owner):
    outbox = DirectOutbox(tcp, owner)
    outbox.close()
    outbox.write(b"abc")
    assert tcp.socket.sent == b""


@pytest.mark.parametrize(("how", "mark"), [("close", "disconnecting"), ("close_write", "write_closed")])
def test_closing_lets_the_transport_write_what_waits_and_tells_nobody(tcp, owner, how, mark):
    tcp.socket.room = 1
    outbox = DirectOutbox(tcp, owner)
    outbox.write(b"abc")
    getattr(outbox, how)()
    assert getattr(tcp, mark)
    assert tcp.producer is None
    tcp.drain()
    assert tcp.socket.sent == b"abc"
    assert owner.heard == ["full"]


def test_what_is_written_in_a_turn_is_sent_at_its_end_and_at_once(tcp, owner):
    turns = Turns()
    outbox = DirectOutbox(tcp, owner, turns)
    outbox.write(b"abc")
    outbox.write(b"def")
    assert (tcp.socket.calls, turns.unsent) == (0, [outbox])
    turns.end()
    assert (tcp.socket.calls, tcp.socket.sent, owner.heard) == (1, b"abcdef", [])
    outbox.flush()
    outbox.write(b"ghi")
    assert (tcp.socket.calls, tcp.socket.sent) == (2, b"abcdefghi")


def test_what_goes_to_shadows_waits_for_everything_else(owner):
    turns, order = Turns(), []
    for shadow in (True, False, True, False):
        transport = TcpTransport()
        transport.socket = SimpleNamespace(send=lambda data: order.append(data) or len(data))
        outbox_of = DirectOutbox(transport, owner, turns, shadow=shadow)
        outbox_of.write(b"shadow" if shadow else b"primary")
    turns.end()
    assert order == [b"primary", b"primary", b"shadow", b"shadow"]


def test_no_more_than_so_much_waits_for_the_end_of_a_turn(tcp, owner):
    tcp.socket.room = 10 * MOST_HELD
    turns = Turns()
    outbox = DirectOutbox(tcp, owner, turns)
    outbox.write(bytes(MOST_HELD))
    assert tcp.socket.sent == b""
    outbox.write(b"x")
    assert len(tcp.socket.sent) == MOST_HELD + 1
    outbox.write(b"y")
    assert tcp.socket.sent[-1:] == b"x"
    turns.end()
    assert tcp.socket.sent[-2:] == b"xy"


def test_an_owner_hears_in_the_turn_that_there_is_no_room_for_more(tcp, owner):
    turns = Turns()
    outbox = DirectOutbox(tcp, owner, turns)
    outbox.write(bytes(MOST_HELD + 1))
    assert (outbox.full, owner.heard) == (True, ["full"])
    outbox.write(b"end")
    turns.end()
    tcp.drain()
    assert tcp.socket.sent == bytes(MOST_HELD + 1) + b"end"
    assert owner.heard == ["full", "drained"]


def test_what_is_written_while_others_are_flushed_stays_behind_what_waits(tcp, owner):
    turns = Turns()
    first, last = DirectOutbox(TcpTransport(), owner, turns), DirectOutbox(tcp, owner, turns)
    first._transport.socket.room = 0
    owner.write_full = lambda: last.write(b"def")
    first.write(b"x")
    last.write(b"abc")
    turns.end()
    assert tcp.socket.sent == b"abcdef"


@pytest.mark.parametrize(("how", "mark"), [("close", "disconnecting"), ("close_write", "write_closed")])
def test_closing_in_a_turn_sends_what_waits_first(tcp, owner, how, mark):
    turns = Turns()
    outbox = DirectOutbox(tcp, owner, turns)
    outbox.write(b"abc")
    getattr(outbox, how)()
    assert tcp.socket.sent == b"abc"
    assert getattr(tcp, mark)
    turns.end()
    assert tcp.socket.calls == 1


def test_any_other_transport_says_itself_when_it_is_full(wire, owner):
    outbox = outbox_for(wire, owner)
    assert isinstance(outbox, BufferedOutbox)
    outbox.write(b"abc")
    for _ in range(2):
        wire.producer.pauseProducing()
    assert outbox.full
    for _ in range(2):
        wire.producer.resumeProducing()
    assert not outbox.full
    assert owner.heard == ["full", "drained"]
    assert wire.take() == b"abc"


def test_it_may_be_closed_twice(wire, owner):
    outbox = BufferedOutbox(wire, owner)
    outbox.close_write()
    outbox.close()
    outbox.close()
    assert (wire.write_closed, wire.disconnecting, wire.producer) == (True, True, None)


def test_a_plain_socket_is_written_to_directly_and_tls_is_not(owner, monkeypatch):
    class Plain(TcpTransport):
        TLS = False

    monkeypatch.setattr("shadowgate.net.outbox.Connection", Plain)
    plain = Plain()
    assert isinstance(outbox_for(plain, owner), DirectOutbox)
    encrypted = Plain()
    encrypted.TLS = True
    encrypted.registerProducer = lambda producer, streaming: None
    assert isinstance(outbox_for(encrypted, owner), BufferedOutbox)
