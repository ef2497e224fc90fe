"""Messages on their way through: how bodies are framed on both sides, and what passes between head and body."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.peers import Behaviour, Peer, answering, echo, once, peer
from harness.processes import Gateway
from harness.wire import OK, Cut, Message, Wire, chunked, get

ROUTES = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'
Exchange = Callable[..., tuple[Message, Message]]


def serve(gateway: Gateway, upstream: Peer) -> None:
    gateway.serve(ROUTES.format(upstream))


@pytest.fixture
def exchange(gateway: Gateway) -> Exchange:
    """Sends a request through to an upstream that behaves so; returns what it received and what the client got."""

    def run(request: bytes, behaviour: Behaviour | bytes = OK, method: bytes = b"GET") -> tuple[Message, Message]:
        with peer(behaviour) as upstream:
            serve(gateway, upstream)
            answer = gateway.ask(request, method)
            return upstream.next(), answer

    return run


# Requests' bodies


def test_a_body_of_known_length(exchange: Exchange):
    seen, answer = exchange(get("/", method="POST", body=b"hello"), echo)
    assert (seen.get(b"content-length"), seen.get(b"transfer-encoding")) == (b"5", None)
    assert (answer.get(b"content-length"), answer.body) == (b"5", b"hello")


def test_a_body_of_length_nought_keeps_its_length(exchange: Exchange):
    seen, _ = exchange(get("/", method="POST", body=b""))
    assert seen.get(b"content-length") == b"0"


def test_a_request_without_a_body_gets_no_framing(exchange: Exchange):
    seen, _ = exchange(get("/", method="DELETE"))
    assert (seen.get(b"content-length"), seen.get(b"transfer-encoding")) == (None, None)


def test_a_chunked_body_with_trailers_both_ways(exchange: Exchange):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Down\r\n\r\n"
    down = head + chunked(b"do", b"wn", trailers=b"X-Down: 2\r\n")
    request = get("/", "h", "Transfer-Encoding: chunked", method="POST")
    seen, answer = exchange(request + chunked(b"u", b"p", trailers=b"X-Up: 1\r\n"), down)
    assert (seen.body, seen.trailers) == (b"up", ((b"X-Up", b"1"),))
    assert (answer.body, answer.trailers) == (b"down", ((b"X-Down", b"2"),))


def test_trailers_that_would_change_the_head_are_dropped(exchange: Exchange):
    request = get("/", "h", "Transfer-Encoding: chunked", method="POST")
    trailers = b"Host: evil\r\nContent-Length: 1\r\nX-Fine: 1\r\nAuthorization: x\r\n"
    seen, _ = exchange(request + chunked(b"up", trailers=trailers))
    assert seen.trailers == ((b"X-Fine", b"1"),)


def test_a_body_goes_on_while_the_rest_of_it_is_still_to_come(gateway: Gateway):
    with peer(echo) as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            client.send(get("/", "h", "Content-Length: 6", method="POST"))
            for piece in (b"on", b"e b", b"y"):
                client.send(piece)
            assert client.answer().body == b"one by"


# Answers' bodies


def test_an_answer_that_ends_with_its_connection_is_chunked_for_a_client_that_can_read_that(exchange: Exchange):
    _, answer = exchange(get("/"), once(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"))
    assert answer.get(b"transfer-encoding") == b"chunked"
    assert answer.body == b"until the end"


def test_a_1_0_client_gets_an_unframed_answer_and_the_close(exchange: Exchange):
    body = chunked(b"one ", b"two", trailers=b"X-Lost: 1\r\n")
    seen, answer = exchange(
        b"GET / HTTP/1.0\r\nHost: h\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    )
    assert seen.start == b"GET / HTTP/1.1"
    assert answer.get(b"transfer-encoding") is None
    assert answer.body == b"one two"


def test_a_1_0_client_without_host_is_served_and_may_keep_its_connection(gateway: Gateway):
    with peer() as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            for number in (1, 2):
                client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                head = client.head()
                assert head.get(b"connection") == b"keep-alive"
                assert client.body(head)[0] == b"ok"
                assert upstream.next(number).get(b"host") == b"upstream", "the destination's own"
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            assert client.answer().body == b"ok"
            assert client.ended()


def test_head_tells_the_length_of_a_body_that_does_not_come(gateway: Gateway):
    with peer(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n") as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            for _ in range(2):
                client.send(get("/", method="HEAD"))
                answer = client.answer(b"HEAD")
                assert (answer.status, answer.get(b"content-length")) == (200, b"1234")
        assert upstream.connections == 1, "the connection serves again"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_answers_that_have_no_body(gateway: Gateway, status: bytes):
    with peer(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n") as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            for _ in range(2):
                client.send(get("/"))
                answer = client.answer()
                assert answer.start == b"HTTP/1.1 " + status
                assert answer.get(b"etag") == b"x"
                assert answer.get(b"transfer-encoding") is None
            client.end()
            assert client.ended(), "nothing came after the heads"


def test_a_204_with_a_length_has_no_body_all_the_same(gateway: Gateway):
    with peer(answering(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")) as upstream:
        serve(gateway, upstream)
        assert gateway.ask(get("/")).get(b"content-length") is None, "RFC 9110 section 8.6"


def test_an_answer_that_is_cut_looks_cut(gateway: Gateway):
    answers = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    }
    for answer in answers.values():
        with peer(once(answer)) as upstream:
            serve(gateway, upstream)
            with gateway.connect() as client, pytest.raises((Cut, ConnectionError)):
                client.send(get("/"))
                client.answer()


def test_order_case_and_repetition_of_the_answers_fields_survive(exchange: Exchange):
    fields = [(b"X-B", b"1"), (b"set-COOKIE", b"a=1"), (b"Set-Cookie", b"b=2"), (b"X-A", b""), (b"Server", b"gunicorn")]
    fields.append((b"DATE", b"Fri, 20 Nov 2026 12:00:00 GMT"))
    lines = b"".join(b"%b: %b\r\n" % pair for pair in fields)
    _, answer = exchange(get("/"), b"HTTP/1.1 200 Fine\r\n" + lines + b"Content-Length: 0\r\n\r\n")
    assert answer.start == b"HTTP/1.1 200 Fine"
    assert [pair for pair in answer.fields if pair[0].lower() != b"content-length"] == fields


# Between head and body


def waits_for_continue(server: Peer, wire: Wire) -> None:
    head = wire.head()
    assert not wire.buffer, "the body came before it was asked for"
    wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body, _ = wire.body(head)
    server.requests.append(Message(head.start, head.fields, body))
    wire.send(OK)


def test_expect_100_continue_goes_through_to_the_upstream_and_its_100_comes_back(gateway: Gateway):
    with peer(waits_for_continue) as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            client.send(get("/", "h", "Expect: 100-continue", "Content-Length: 4", method="POST"))
            assert client.head().status == 100
            client.send(b"body")
            assert client.answer().status == 200
        seen = upstream.next()
        assert (seen.get(b"expect"), seen.body) == (b"100-continue", b"body")


def test_an_upstream_that_refuses_the_expectation_never_gets_the_body(gateway: Gateway):
    def refuses(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.head())
        wire.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        assert wire.ended()

    with peer(refuses) as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            client.send(get("/", "h", "Expect: 100-continue", "Content-Length: 4", method="POST"))
            assert client.answer().status == 417


def test_a_mirror_is_not_asked_to_continue(gateway: Gateway):
    with peer(waits_for_continue) as upstream, peer() as mirror:
        gateway.serve(f'clusters: {{up: "{upstream}", candidate: "{mirror}"}}\nroutes: [{{to: up, mirror: candidate}}]')
        with gateway.connect() as client:
            client.send(get("/", "h", "Expect: 100-continue", "Content-Length: 4", method="POST"))
            assert client.head().status == 100
            client.send(b"body")
            assert client.answer().status == 200
        shadow = mirror.next()
        assert (shadow.get(b"expect"), shadow.body) == (None, b"body")


def test_early_hints_reach_a_1_1_client_and_never_count_as_the_answer(exchange: Exchange):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    _, answer = exchange(get("/"), hints + hints + OK)
    assert (answer.informational, answer.status, answer.body) == ((103, 103), 200, b"ok")
    _, answer = exchange(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n", hints + OK)
    assert (answer.informational, answer.status) == ((), 200)


def test_an_answer_before_the_end_of_the_request_is_delivered(gateway: Gateway):
    """The upstream has seen enough; the client learns of it while it is still sending."""

    def too_large(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.head())
        wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbig\n")
        wire.end()
        while wire.more():
            wire.buffer = b""

    with peer(too_large) as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            client.send(get("/", "h", "Content-Length: 1000000000", method="POST") + b"x" * 10000)
            answer = client.answer()
            assert (answer.status, answer.body) == (413, b"big\n")
            assert answer.get(b"connection") == b"close"


def test_pipelined_requests_are_answered_in_their_order(gateway: Gateway):
    def names_its_path(server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            path = request.start.split()[1]
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

    with peer(names_its_path) as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            client.send(b"".join(get(f"/{n}", method="POST", body=b"x" * n) for n in range(100)))
            assert [client.answer().body for _ in range(100)] == [f"/{n}".encode() for n in range(100)]


def test_a_client_that_ends_its_side_after_the_request_still_gets_the_answer(gateway: Gateway):
    with peer() as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            client.send(get("/"))
            client.end()
            assert client.answer().body == b"ok"
            assert client.ended()


def test_connection_close_is_honoured(gateway: Gateway):
    with peer() as upstream:
        serve(gateway, upstream)
        with gateway.connect() as client:
            client.send(get("/", "h", "Connection: close") + get("/too-late"))
            answer = client.answer()
            assert (answer.body, answer.get(b"connection")) == (b"ok", b"close")
            assert client.ended()
        assert len(upstream.requests) == 1


def test_an_upstream_on_a_unix_socket_and_one_with_a_name(gateway: Gateway, directory: Path):
    for address in (str(directory / "upstream"), ("localhost", 0)):
        with peer(OK, address) as upstream:
            serve(gateway, upstream)
            for _ in range(2):
                assert gateway.ask(get("/")).body == b"ok"
            assert upstream.connections == 1, "the connection is kept"
