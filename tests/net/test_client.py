"""One connection to an endpoint: what it writes, what it makes of answers, and whether it may serve again."""

import socket

import pytest
from attrs import define, field
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from shadowgate.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, WireLimits
from shadowgate.net.client import MOST_INFORMATIONAL, ClientConnection
from shadowgate.testing import request

OK = b"HTTP/1.1 200 OK\r\n"


@define(eq=False)
class Connection:
    """A connection in memory with a receiver; ``released`` is what its pool was told."""

    wire: object
    events: object
    shadow: bool = False
    released: list = field(factory=list)
    protocol: ClientConnection = field(init=False)

    def __attrs_post_init__(self):
        self.protocol = ClientConnection(
            WireLimits(), lambda it, usable: self.released.append(usable), shadow=self.shadow
        )
        self.protocol.makeConnection(self.wire)

    def ask(self, method="GET", length=NO_BODY, data=b"", ended=True):
        self.protocol.assign(self.events)
        self.protocol.send_head(request(method, "/x", authority="a"), length, data, ended)
        return self.wire.take()

    def hear(self, *pieces):
        for piece in pieces:
            self.protocol.dataReceived(piece)

    def lose(self, reason=ConnectionDone):
        self.protocol.connectionLost(Failure(reason()))

    @property
    def kept(self):
        return self.released == [True] and self.wire.state == "open"


@pytest.fixture
def it(wire, events):
    return Connection(wire, events())


# What reading a shadow's answer costs


def test_what_stands_beside_the_payload_of_a_shadows_answer_is_counted(wire, events):
    it = Connection(wire, events(), shadow=True)
    for _ in range(2):
        it.ask()
        it.hear(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na", b"\r\n1\r\nb\r\n")
        assert it.protocol.overhead == 3 + 7
        it.hear(b"0\r\n\r\n")
    it.ask()
    it.hear(OK + b"Content-Length: 3\r\n\r\na", b"b")
    assert it.protocol.overhead == 0


# Requests


def test_a_request_without_a_body(it):
    assert it.ask() == b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_request_of_known_length(it):
    assert it.ask("PUT", 4, b"ab", False) == b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"
    it.protocol.send(b"cd")
    it.protocol.end(())
    assert it.wire.take() == b"cd"


def test_a_chunked_request_with_trailers(it):
    assert it.ask("PUT", CHUNKED, b"ab", False).endswith(b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    it.protocol.send(b"")
    it.protocol.send(b"cde")
    it.protocol.end([(b"X-T", b"1")])
    assert it.wire.take() == b"3\r\ncde\r\n0\r\nX-T: 1\r\n\r\n"


def test_a_chunked_request_in_one_piece(it):
    assert it.ask("PUT", CHUNKED, b"ab").endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")


def test_a_head_that_http_cannot_carry_is_not_sent(it):
    it.protocol.assign(it.events)
    it.protocol.send_head(request("GET", "/a b"), NO_BODY, b"", True)
    assert it.wire.take() == b""
    assert it.events.heard == [("failed", "plugin_failed")]
    assert it.wire.state == "aborted"


# Answers

ANSWERS = {
    "length": (OK + b"Content-Length: 5\r\n\r\nhello", 5, b"hello", True),
    "empty": (OK + b"Content-Length: 0\r\n\r\n", 0, b"", True),
    "chunked": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", CHUNKED, b"hello", True),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", NO_BODY, b"", True),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", NO_BODY, b"", True),
    "closing": (OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", 5, b"hello", False),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 5, b"hello", False),
    "1.0 kept": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", 5, b"hello", True),
}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_the_same_however_it_was_cut(it, name, whole):
    text, length, body, kept = ANSWERS[name]
    it.ask()
    it.hear(*([text] if whole else [bytes([byte]) for byte in text]))
    assert it.events.heard[0][:3] == ("response", int(text[9:12]), length)
    assert it.events.body == body
    assert it.events.heard[-1][0] == "end" or it.events.heard[-1][4] is True
    assert it.kept is kept
    assert len(it.released) == 1


def test_an_answer_to_head_has_no_body_whatever_it_says(it):
    it.ask("HEAD")
    it.hear(OK + b"Content-Length: 5\r\n\r\n")
    assert it.events.heard == [("response", 200, NO_BODY, b"", True)]
    assert it.kept


@pytest.mark.parametrize("whole", [True, False])
def test_trailers_end_an_answer(it, whole):
    text = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n"
    it.ask()
    it.hear(*([text] if whole else [bytes([byte]) for byte in text]))
    assert it.events.body == b"a"
    assert it.events.heard[-1] == ("end", [(b"X-T", b"1")])
    assert it.kept


def test_an_answer_that_ends_with_the_connection(it):
    it.ask()
    it.hear(OK + b"\r\nab", b"cd")
    it.lose()
    assert it.events.heard == [("response", 200, UNTIL_CLOSE, b"ab", False), ("data", b"cd"), ("end", [])]
    assert it.released == [False]


def test_an_answer_that_ends_with_the_connection_is_not_ended_by_a_reset(it):
    it.ask()
    it.hear(OK + b"\r\nab")
    it.lose(ConnectionLost)
    assert it.events.heard[-1] == ("failed", "upstream_reset")


def test_interim_answers_come_before_the_answer(it):
    it.ask()
    it.hear(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n")
    assert it.events.heard == [
        ("informational", 100),
        ("informational", 103),
        ("response", 200, 0, b"", True),
    ]
    assert it.kept


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * (MOST_INFORMATIONAL + 1),
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_what_is_no_answer_fails(it, text):
    it.ask()
    it.hear(text)
    assert it.events.heard[-1] == ("failed", "bad_answer")
    assert it.wire.state == "aborted"
    assert it.released == [False]


def test_a_body_that_cannot_be_delimited_fails(it):
    it.ask()
    it.hear(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"zz\r\n")
    assert it.events.kinds == ["response", "failed"]


# Connections that end


@pytest.mark.parametrize(
    ("before", "reason", "outcome"),
    [
        (b"", ConnectionDone, "upstream_closed"),
        (b"", ConnectionLost, "upstream_reset"),
        (b"HTTP/1.1 2", ConnectionDone, "bad_answer"),
        (b"HTTP/1.1 2", ConnectionLost, "bad_answer"),
        (OK + b"Content-Length: 5\r\n\r\nab", ConnectionDone, "upstream_closed"),
        (OK + b"Content-Length: 5\r\n\r\nab", ConnectionLost, "upstream_reset"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ConnectionDone, "upstream_closed"),
    ],
)
def test_a_connection_that_ends_too_early(it, before, reason, outcome):
    it.ask()
    it.hear(*([before] if before else []))
    it.lose(reason)
    assert it.events.heard[-1] == ("failed", outcome)
    assert it.released == [False]


def test_an_idle_connection_that_ends_is_nobodys_failure(it):
    it.lose()
    assert it.released == [False]


# Whether it may serve again


@pytest.mark.parametrize("where", ["behind an answer", "in between"])
def test_bytes_that_nobody_asked_for_become_nobodys_answer(it, where):
    it.ask()
    answer = OK + b"Content-Length: 1\r\n\r\na"
    if where == "in between":
        it.hear(answer)
        assert it.kept
        it.hear(answer)
    else:
        it.hear(answer + answer)
    assert it.events.kinds == ["response"]
    assert it.wire.state == "aborted"
    assert it.released[-1] is False


def test_a_connection_serves_one_request_after_another(it):
    for number in range(3):
        it.ask()
        assert it.protocol.reused is (number > 0)
        it.hear(OK + b"Content-Length: 1\r\n\r\na")
    assert it.released == [True] * 3


def test_an_answer_before_the_end_of_its_request_ends_the_connection(it):
    it.ask("PUT", 9, b"abc", False)
    it.hear(OK + b"Content-Length: 0\r\n\r\n")
    assert it.events.kinds == ["response"]
    assert it.wire.state == "aborted"
    assert it.released == [False]


def test_a_request_that_is_not_yet_written_ends_the_connection(it):
    it.ask()
    it.wire.producer.pauseProducing()
    it.hear(OK + b"Content-Length: 0\r\n\r\n")
    assert it.wire.state == "aborted"


def test_what_was_given_up_reports_nothing_more(it):
    it.ask()
    it.protocol.abort()
    it.lose()
    assert it.events.heard == []
    assert it.wire.state == "aborted"
    assert it.released[0] is False


def test_an_answer_given_up_at_its_last_piece_is_not_ended(it):
    class GivesUp(type(it.events)):
        def response_data(self, data):
            super().response_data(data)
            it.protocol.abort()

    it.events = GivesUp()
    it.ask()
    it.hear(OK + b"Content-Length: 4\r\n\r\nab", b"cd")
    assert it.events.kinds == ["response", "data"]


# Back-pressure


def test_a_receiver_may_pause_the_answer(it):
    it.ask()
    it.protocol.pause()
    assert it.wire.producerState == "paused"
    it.protocol.resume()
    assert it.wire.producerState == "producing"


@pytest.mark.parametrize("text", [b"Content-Length: 4", b"Transfer-Encoding: chunked"])
def test_a_connection_that_was_paused_at_the_last_piece_is_not_kept_paused(it, text):
    class Slow(type(it.events)):
        def response(self, *given):
            super().response(*given)
            it.protocol.pause()

        def response_data(self, data):
            super().response_data(data)
            it.protocol.pause()

    it.events = Slow()
    it.ask()
    if b"chunked" in text:
        it.hear(OK + text + b"\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n")
    else:
        it.hear(OK + text + b"\r\n\r\nab", b"cd")
    assert it.kept
    assert it.wire.producerState == "producing"


def test_the_receiver_hears_when_the_socket_is_full_and_when_it_has_drained(it):
    it.ask("PUT", 9, b"", False)
    it.wire.producer.pauseProducing()
    it.wire.producer.resumeProducing()
    assert it.events.kinds == ["full", "drained"]


# Stale connections


@pytest.mark.parametrize(("peer_did", "stale"), [("nothing", False), ("close", True), ("write", True)])
def test_a_stale_connection_is_seen_before_the_reactor_sees_it(it, peer_did, stale):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    it.wire.socket = ours
    if peer_did == "close":
        theirs.close()
    elif peer_did == "write":
        theirs.send(b"x")
    assert it.protocol.stale() is stale
    ours.close()
    theirs.close()


def test_a_transport_without_a_socket_is_never_stale(it):
    assert it.protocol.stale() is False


def test_a_broken_socket_is_stale(it):
    broken = socket.socket()
    broken.close()
    it.wire.socket = broken
    assert it.protocol.stale() is True
