"""Connections that leave HTTP: what a client and an upstream must have said before, and what goes through after."""

import pytest
from attrs import define, field
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.python.failure import Failure

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.model import Settings
from shadowgate.net.client import ClientConnection
from shadowgate.net.outbox import BufferedOutbox
from shadowgate.net.raw import Raw
from shadowgate.testing import request

ASK = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
GRANT = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n"


@define(eq=False)
class Heard:
    """A ``streams.RawReceiver`` that writes down what it hears."""

    events: list = field(factory=list)

    def data(self, data):
        self.events.append(data)

    def end(self):
        self.events.append("end")

    def lost(self):
        self.events.append("lost")

    def full(self):
        self.events.append("full")

    def drained(self):
        self.events.append("drained")


# The client's side


@pytest.fixture
def it(served):
    return served()


@pytest.fixture
def upgraded(it):
    """A client whose upgrade was granted; the upstream's end is ``it.asked[0].raw``."""
    client = it.connect()
    client.send(ASK)
    it.asked[0].grant()
    client.take()
    return client


def test_a_client_may_ask_for_a_websocket(it):
    it.connect().send(ASK)
    (asked,) = it.asked
    assert asked.head.upgrading
    assert (asked.head.upgrade, asked.head.headers.get(b"upgrade")) == (b"websocket", b"websocket")


@pytest.mark.parametrize(
    "lines",
    [
        b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        b"Connection: Upgrade\r\nUpgrade: nonsense\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket/13\r\n",
        b"Connection: Upgrade\r\n",
        b"Upgrade: websocket\r\n",
        b"Connection: close\r\nUpgrade: websocket\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_what_may_not_be_upgraded_is_an_ordinary_request(it, lines):
    it.connect().send(b"GET /chat HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
    (asked,) = it.asked
    assert not asked.head.upgrading
    assert b"upgrade" not in asked.head.headers


def test_an_upgrade_from_1_0_is_an_ordinary_request(it):
    it.connect().send(ASK.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert not it.asked[0].head.upgrading


def test_of_several_protocols_the_first_that_may_be_is_asked_for(served):
    it = served(settings=Settings(upgrades=("websocket", "chat/2")))
    it.connect().send(ASK.replace(b"WebSocket", b"h2c, chat/2 ,websocket"))
    assert it.asked[0].head.upgrade == b"chat/2"


def test_no_protocol_may_be_when_none_is_set(served):
    it = served(settings=Settings(upgrades=()))
    it.connect().send(ASK)
    assert not it.asked[0].head.upgrading


def test_an_empty_body_is_none(it):
    it.connect().send(ASK.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"))
    assert it.asked[0].head.upgrading


def test_the_client_reads_one_101_of_our_own_making(it):
    client = it.connect()
    client.send(ASK)
    it.asked[0].grant([(b"Sec-WebSocket-Accept", b"x"), (b"Connection", b"close"), (b"Content-Length", b"9")])
    assert client.take() == (
        b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )


def test_bytes_go_through_in_both_directions(it, upgraded):
    far = it.asked[0].raw
    upgraded.send(b"GET / HTTP/1.1\r\n\r\n")
    far.receiver.data(b"\x81\x00")
    assert far.body == b"GET / HTTP/1.1\r\n\r\n"
    assert upgraded.take() == b"\x81\x00"
    assert len(it.asked) == 1, "it is no request"


@pytest.mark.parametrize("pieces", [[ASK + b"early"], [ASK, b"ear", b"ly"]])
def test_bytes_behind_the_request_wait_for_the_101(it, pieces):
    client = it.connect()
    client.send(*pieces)
    assert it.asked[0].body == b""
    assert it.asked[0].grant().body == b"early"


def test_bytes_behind_a_request_that_was_not_upgraded_are_the_next_request(it):
    client = it.connect()
    client.send(ASK + b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
    it.asked[0].answer(403, body=b"no")
    denied, given = client.take().split(b"HTTP/1.1 ")[1:]
    assert denied.endswith(b"\r\n\r\nno")
    assert given.startswith(b"200 ") and given.endswith(b"\r\n\r\n/now")


def test_too_many_bytes_behind_the_request_stop_the_client_until_the_101(it):
    client = it.connect()
    client.send(ASK + b"x" * 70_000)
    assert client.wire.producerState == "paused"
    assert len(it.asked[0].grant().body) == 70_000
    assert client.wire.producerState == "producing"


def test_a_slow_client_pauses_the_upstream(it, upgraded):
    far = it.asked[0].raw
    upgraded.read_slowly()
    upgraded.read_on()
    assert far.calls == ["pause", "resume"]


def test_a_client_that_had_not_read_the_101_pauses_the_upstream_from_the_start(it):
    client = it.connect()
    client.wire.room = 1
    client.send(ASK)
    assert it.asked[0].grant().calls == ["pause"]


def test_a_slow_upstream_pauses_the_client(it, upgraded):
    far = it.asked[0].raw
    far.receiver.full()
    assert upgraded.wire.producerState == "paused"
    far.receiver.drained()
    assert upgraded.wire.producerState == "producing"


def test_each_side_may_say_that_it_has_no_more(it, upgraded):
    far = it.asked[0].raw
    upgraded.shut_down()
    assert far.calls == ["end"]
    far.receiver.data(b"rest")
    far.receiver.end()
    assert upgraded.take() == b"rest"
    assert upgraded.state == "closed"
    upgraded.leave()
    far.receiver.lost()
    assert [record.outcome for record in it.log.records] == ["tunnel"]


def test_the_upstream_may_end_first(it, upgraded):
    it.asked[0].raw.receiver.end()
    assert upgraded.state == "half closed"
    upgraded.send(b"more")
    assert it.asked[0].raw.body == b"more"


def test_a_client_that_has_ended_before_the_101_is_heard(it):
    client = it.connect()
    client.send(ASK + b"all")
    client.shut_down()
    far = it.asked[0].grant()
    assert (far.body, far.calls) == (b"all", ["end"])


def test_a_client_that_has_ended_is_not_read_again(it, upgraded):
    far = it.asked[0].raw
    far.receiver.full()
    upgraded.shut_down()
    far.receiver.drained()
    assert upgraded.wire.producerState == "paused"


def test_a_client_that_leaves_takes_the_upstream_along(it, upgraded):
    upgraded.leave()
    far = it.asked[0].raw
    assert far.calls == ["close"]
    assert it.log.records == []
    far.receiver.lost()
    (record,) = it.log.records
    assert (record.status, record.outcome) == (101, "tunnel")
    assert it.stats.connections_open == 0


def test_no_timeout_of_http_ends_a_tunnel(it, upgraded):
    it.wait(1000)
    assert upgraded.state == "open"


def test_draining_leaves_tunnels_alone(it, upgraded):
    it.factory.drain()
    assert upgraded.state == "open"
    upgraded.send(b"on")
    assert it.asked[0].raw.body == b"on"


def test_a_line_break_in_the_101_ends_both(it):
    client = it.connect()
    client.send(ASK)
    far = it.asked[0].grant([(b"X", b"a\r\nB: c")])
    assert client.take() == b""
    assert client.state == "aborted"
    client.leave()
    assert far.calls == ["close"]
    assert it.stats.plugin_failures["response head"] == 1


def test_a_tls_connection_is_closed_whole(wire):
    wire.TLS = True
    raw = Raw(wire, BufferedOutbox(wire, None), b"")
    raw.end()
    assert wire.state == "closed"


# The upstream's side


@define(eq=False)
class Connection:
    """A connection to an upstream, with the request for a websocket on its way."""

    wire: object
    events: object
    released: list = field(factory=list)
    protocol: ClientConnection = field(init=False)

    def __attrs_post_init__(self):
        self.protocol = ClientConnection(WireLimits(), lambda it, usable: self.released.append(usable))
        self.protocol.makeConnection(self.wire)

    def ask(self, protocol=b"websocket"):
        head = request("GET", "/chat", {"te": "trailers"}, authority="a")
        if protocol is not None:
            head.ask_upgrade(protocol)
        self.protocol.assign(self.events)
        self.protocol.send_head(head, NO_BODY, b"", True)
        return self.wire.take()

    def hear(self, *pieces):
        for piece in pieces:
            self.protocol.dataReceived(piece)

    def lose(self, reason=ConnectionDone):
        self.protocol.connectionLost(Failure(reason()))


@pytest.fixture
def upstream(wire, events):
    return Connection(wire, events())


@pytest.fixture
def granted(upstream):
    """An upstream that has changed the protocol, and who hears its end."""
    upstream.ask()
    upstream.hear(GRANT)
    heard = Heard()
    raw = upstream.protocol.switch()
    raw.start(heard)
    return upstream, raw, heard


def test_the_request_for_an_upgrade_is_of_our_own_making(upstream):
    assert upstream.ask() == (b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


@pytest.mark.parametrize("whole", [True, False])
def test_a_101_that_was_asked_for_is_an_answer_without_end(upstream, whole):
    upstream.ask()
    upstream.hear(*([GRANT] if whole else [bytes([byte]) for byte in GRANT]))
    assert upstream.events.heard == [("response", 101, NO_BODY, b"", False)]
    assert upstream.released == []


def test_other_interim_answers_may_come_before_it(upstream):
    upstream.ask()
    upstream.hear(b"HTTP/1.1 103 Early Hints\r\n\r\n" + GRANT)
    assert upstream.events.kinds == ["informational", "response"]


@pytest.mark.parametrize(
    "answer",
    [
        GRANT.replace(b"WebSocket", b"h2c"),
        GRANT.replace(b"WebSocket", b"websocket, h2c"),
        GRANT.replace(b"Upgrade: WebSocket\r\n", b""),
        GRANT.replace(b"Connection: upgrade\r\n", b""),
        GRANT.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_a_101_to_anything_else_is_no_answer(upstream, answer):
    upstream.ask()
    upstream.hear(answer)
    assert upstream.events.heard == [("failed", "bad_answer")]
    assert upstream.wire.state == "aborted"


def test_a_101_that_nobody_asked_for_is_no_answer(upstream):
    upstream.ask(None)
    upstream.hear(GRANT)
    assert upstream.events.heard == [("failed", "bad_answer")]


def test_a_101_to_a_request_that_a_filter_made_ordinary_is_no_answer(upstream):
    head = request("GET", "/chat")
    head.ask_upgrade(b"websocket")
    head.headers.remove(b"upgrade")
    upstream.protocol.assign(upstream.events)
    upstream.protocol.send_head(head, NO_BODY, b"", True)
    assert b"pgrade" not in upstream.wire.take()
    upstream.hear(GRANT)
    assert upstream.events.heard == [("failed", "bad_answer")]


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request", b"426 Upgrade Required"])
def test_any_other_answer_is_an_ordinary_one_and_the_connection_is_kept(upstream, status):
    upstream.ask()
    upstream.hear(
        b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 1\r\n\r\nx"
    )
    assert upstream.events.heard == [("response", int(status[:3]), 1, b"x", True)]
    assert upstream.released == [True]


def test_the_next_request_of_a_connection_asks_for_itself(upstream):
    upstream.ask()
    upstream.hear(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    upstream.ask(None)
    upstream.hear(GRANT)
    assert upstream.events.heard[-1] == ("failed", "bad_answer")


def test_bytes_behind_the_101_come_first(upstream):
    upstream.ask()
    switched = Heard()

    class Switches(type(upstream.events)):
        def response(self, *given):
            upstream.protocol.switch().start(switched)

    upstream.protocol._receiver = Switches()
    upstream.hear(GRANT + b"\x81\x02h", b"i")
    assert switched.events == [b"\x81\x02h", b"i"]
    assert upstream.wire.state == "open"
    assert upstream.released == []


def test_what_an_upstream_says_and_does_is_heard(granted):
    upstream, _, heard = granted
    upstream.hear(b"one", b"two")
    upstream.wire.producer.pauseProducing()
    upstream.wire.producer.resumeProducing()
    upstream.protocol.readConnectionLost()
    upstream.lose(ConnectionLost)
    assert heard.events == [b"one", b"two", "full", "drained", "end", "lost"]
    assert upstream.released == [False]


def test_what_an_upstream_is_told_is_done(granted):
    upstream, raw, _ = granted
    raw.write(b"bytes")
    assert upstream.wire.take() == b"bytes"
    raw.pause()
    assert upstream.wire.producerState == "paused"
    raw.resume()
    assert upstream.wire.producerState == "producing"
    raw.end()
    assert upstream.wire.state == "half closed"
    raw.close()
    assert upstream.wire.state == "closed"
    raw.abort()
    assert upstream.wire.state == "aborted"


def test_only_an_upgraded_upstream_may_close_one_side_alone(upstream):
    lost = []
    upstream.wire.connectionLost = lost.append
    assert IHalfCloseableProtocol.providedBy(upstream.protocol)
    upstream.ask()
    upstream.protocol.readConnectionLost()
    assert [failure.type for failure in lost] == [ConnectionDone]


def test_an_upgraded_upstream_that_closes_its_side_is_still_there(granted):
    upstream, _, receiver = granted
    lost = []
    upstream.wire.connectionLost = lost.append
    upstream.protocol.readConnectionLost()
    assert receiver.events == ["end"]
    assert not lost


def test_an_upstream_that_was_paused_is_read_again(upstream):
    upstream.ask()
    upstream.hear(GRANT)
    upstream.protocol.pause()
    upstream.protocol.switch()
    assert upstream.wire.producerState == "producing"
