"""Upstreams in trouble: the client gets a status and a short reason, never a hang; and what is sent a second time."""

from __future__ import annotations

from time import monotonic

import pytest

from harness.peers import Behaviour, Peer, answering, black_hole, deaf, once, peer, refused, resetting, silent
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import OK, Cut, Message, Wire, get

ROUTE = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream, timeouts: {{{1}}}}}]\n'


def short_answer(gateway: Gateway, status: int, reason: str, request: bytes = b"") -> None:
    """The gateway's own answer: a status, and one line that begins with the reason."""
    answer = gateway.ask(request or get("/"))
    assert answer.status == status
    assert answer.body.startswith(f"{reason}: ".encode()) and answer.body.endswith(b"\n")
    assert len(answer.body) < 200 and b"Traceback" not in answer.body
    assert answer.get(b"content-type") == b"text/plain; charset=utf-8"


def test_refused_is_503(gateway: Gateway):
    gateway.serve(ROUTE.format(f"127.0.0.1:{refused()}", ""))
    short_answer(gateway, 503, "connect_refused")


def test_no_connection_in_time_is_503(gateway: Gateway):
    with black_hole() as port:
        gateway.serve(ROUTE.format(f"127.0.0.1:{port}", "connect: 300ms"))
        short_answer(gateway, 503, "connect_timeout")


def test_a_name_that_does_not_resolve_is_503(gateway: Gateway):
    gateway.serve(ROUTE.format("no-such-host.invalid:80", ""))
    short_answer(gateway, 503, "unresolved")


def test_no_answer_in_time_is_504(gateway: Gateway):
    with peer(silent) as upstream:
        gateway.serve(ROUTE.format(upstream, "response: 300ms"))
        short_answer(gateway, 504, "response_timeout")
        until(lambda: upstream.ended, "the end of the upstream's connection")


def test_a_reset_is_502(gateway: Gateway):
    with peer(resetting) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        short_answer(gateway, 502, "upstream_reset")


def test_a_close_without_an_answer_is_502(gateway: Gateway):
    with peer(once(b"")) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        short_answer(gateway, 502, "upstream_closed")


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
    ids=["no HTTP", "two lengths", "length and chunked", "bare LF", "unasked 101", "endless head", "half a head"],
)
def test_an_answer_that_is_not_valid_is_502(gateway: Gateway, answer: bytes):
    with peer(once(answer)) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        short_answer(gateway, 502, "bad_answer")


def test_an_answer_that_stalls_is_cut_after_the_idle_timeout(gateway: Gateway):
    def stalls(server: Peer, wire: Wire) -> None:
        wire.head()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        wire.ended()

    with peer(stalls) as upstream:
        gateway.serve(ROUTE.format(upstream, "idle: 300ms"))
        with gateway.connect() as client, pytest.raises((Cut, ConnectionError)):
            client.send(get("/"))
            client.answer()


def test_a_request_that_stalls_is_408_after_the_idle_timeout(gateway: Gateway):
    with peer(silent) as upstream:
        gateway.serve(ROUTE.format(upstream, "idle: 300ms"))
        with gateway.connect() as client:
            client.send(get("/", "h", "Content-Length: 100", method="POST") + b"half")
            assert client.answer().status == 408
        until(lambda: upstream.ended, "the end of the upstream's connection")


def test_no_route_is_404(gateway: Gateway):
    with peer() as upstream:
        gateway.serve(f'clusters: {{upstream: "{upstream}"}}\nroutes: [{{hosts: served.test, to: upstream}}]\n')
        short_answer(gateway, 404, "no_route", get("/", "other.test"))
        assert gateway.ask(get("/", "served.test")).status == 200


def test_no_endpoint_is_503(gateway: Gateway):
    gateway.serve("clusters: {upstream: []}\nroutes: [{to: upstream}]\n")
    short_answer(gateway, 503, "no_endpoint")


def test_the_clients_connection_survives_a_failure_of_the_upstream(gateway: Gateway):
    gateway.serve(ROUTE.format(f"127.0.0.1:{refused()}", ""))
    with gateway.connect() as client:
        for _ in range(3):
            client.send(get("/"))
            assert client.answer().status == 503


# Connections that turn out dead


def dies_on_reuse(how: str) -> Behaviour:
    """Answer the first request of the first connection; take the next one on it and end without an answer."""

    def behave(server: Peer, wire: Wire) -> None:
        if server.connections > 1:
            answering(OK)(server, wire)
            return
        for answer in (OK, b""):
            request = wire.request()
            assert request is not None
            server.requests.append(request)
            wire.send(answer)
        if how == "reset":
            wire.reset()

    return behave


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_get_on_a_connection_that_had_died_is_sent_once_more(gateway: Gateway, how: str):
    with peer(dies_on_reuse(how)) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        assert [gateway.ask(get("/")).status for _ in range(2)] == [200, 200]
        assert (len(upstream.requests), upstream.connections) == (3, 2)


def test_a_put_with_its_body_is_sent_once_more_and_whole(gateway: Gateway):
    with peer(dies_on_reuse("reset")) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        assert gateway.ask(get("/")).status == 200
        assert gateway.ask(get("/", method="PUT", body=b"whole")).status == 200
        assert [request.body for request in upstream.requests] == [b"", b"whole", b"whole"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_post_is_never_repeated(gateway: Gateway, how: str):
    with peer(dies_on_reuse(how)) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        assert gateway.ask(get("/")).status == 200
        assert gateway.ask(get("/", method="POST", body=b"pay")).status == 502
        assert [request.body for request in upstream.requests] == [b"", b"pay"]


def test_without_retries_a_request_is_not_repeated_on_a_new_connection(gateway: Gateway):
    with peer(resetting) as upstream:
        gateway.serve(f'clusters: {{a: "{upstream}"}}\nroutes: [{{to: a, retry: {{retry: {{attempts: 0}}}}}}]\n')
        assert gateway.ask(get("/")).status == 502
        assert len(upstream.requests) == 1


def test_an_upstream_that_closes_idle_connections_loses_no_request(gateway: Gateway):
    """Each answer is followed by a close that says nothing; POSTs included, every one arrives exactly once."""

    def closes(server: Peer, wire: Wire) -> None:
        request = wire.request()
        assert request is not None
        server.requests.append(request)
        wire.send(OK)

    with peer(closes) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        with gateway.connect() as client:
            for number in range(50):
                # The next request follows the close, which the gateway may or may not have noticed.
                until(lambda n=number: upstream.ended == n, "the close")
                client.send(get("/", method="POST", body=b"%d" % number))
                assert client.answer().status == 200
        assert [request.body for request in upstream.requests] == [b"%d" % number for number in range(50)]


def test_a_connection_that_speaks_out_of_turn_is_not_used_again(gateway: Gateway):
    """What comes after the end of an answer never becomes the answer to somebody else's request."""
    poisoned = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    with peer(answering(poisoned)) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        with gateway.connect() as client:
            for _ in range(10):
                client.send(get("/"))
                assert client.answer().body == b"ok"
        assert upstream.connections == 10


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("last_act", ["answers unasked", "closes"])
def test_what_an_idle_connection_did_before_it_was_needed_is_seen_in_time(gateway: Gateway, method: str, last_act: str):
    """The next request is read before the upstream's last act, which had arrived all the same."""
    idle: list[Wire] = []

    def behave(server: Peer, wire: Wire) -> None:
        idle.append(wire)
        answering(OK)(server, wire)

    with peer(behave) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        with gateway.connect() as client:
            client.send(get("/"))
            assert client.answer().body == b"ok"
            with gateway.suspended():
                client.send(get("/", method=method, body=b"pay"))
                if last_act == "closes":
                    idle[0].end()
                else:
                    idle[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
            answer = client.answer()
        assert (answer.status, answer.body) == (200, b"ok")
        assert [request.body for request in upstream.requests] == [b"", b"pay"]
        assert upstream.connections == 2


# Clients that leave


def test_the_upstream_is_released_when_the_client_leaves(gateway: Gateway):
    with peer(silent) as upstream:
        gateway.serve(ROUTE.format(upstream, "response: 600s"))
        client = gateway.connect()
        client.send(get("/"))
        until(lambda: upstream.received, "the request")
        since = monotonic()
        client.reset()
        until(lambda: upstream.ended, "the end of the upstream's connection")
        assert monotonic() - since < 5
    until(lambda: gateway.metric("shadowgate_requests_in_flight") == 0, "the end of the exchange")


def test_the_upstream_is_released_when_the_client_closes_in_good_order(gateway: Gateway):
    def falls_silent(server: Peer, wire: Wire) -> None:
        wire.head()
        server.requests.append(Message(b"", ()))
        wire.ended()

    with peer(falls_silent) as upstream:
        gateway.serve(ROUTE.format(upstream, "response: 600s"))
        client = gateway.connect()
        client.send(get("/"))
        upstream.next()
        since = monotonic()
        client.close()
        until(lambda: upstream.ended, "the end of the upstream's connection")
        assert monotonic() - since < 5
    until(lambda: gateway.metric("shadowgate_requests_in_flight") == 0, "the end of the exchange")


def test_the_upstream_is_released_when_a_client_leaves_whose_upload_nobody_takes(gateway: Gateway):
    with peer(deaf) as upstream:
        gateway.serve(ROUTE.format(upstream, "idle: 600s"))
        client = gateway.connect()
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.send(get("/", body=b"x" * (64 << 20), method="POST"))
        client.reset()
        until(lambda: gateway.metric("shadowgate_requests_in_flight") == 0, "the end of the exchange", seconds=5)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_client_that_has_closed_its_side_gets_an_answer_that_pauses(gateway: Gateway, version: bytes):
    def pauses(server: Peer, wire: Wire) -> None:
        wire.head()
        server.closing.wait(1.2)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        server.closing.wait(1.2)
        wire.send(b"after")
        wire.ended()

    with peer(pauses) as upstream:
        gateway.serve(ROUTE.format(upstream, "response: 10s"))
        with gateway.connect() as client:
            client.send(b"GET / HTTP/" + version + b"\r\nHost: a\r\n\r\n")
            client.end()
            answer = client.answer()
            assert (answer.status, answer.body) == (200, b"firstafter")


def test_a_client_that_has_closed_its_side_gets_an_answer_that_takes_long(gateway: Gateway):
    def thinks(server: Peer, wire: Wire) -> None:
        wire.head()
        server.closing.wait(1.5)
        wire.send(OK)
        wire.ended()

    with peer(thinks) as upstream:
        gateway.serve(ROUTE.format(upstream, "response: 600s"))
        with gateway.connect() as client:
            client.send(get("/"))
            client.end()
            answer = client.answer()
        assert (answer.status, answer.body, answer.informational) == (200, b"ok", (100,))


def test_a_client_that_leaves_in_the_middle_never_sends_a_whole_request(gateway: Gateway):
    def reads(server: Peer, wire: Wire) -> None:
        wire.head()
        with pytest.raises((Cut, ConnectionError)):
            wire.exactly(1000)
        server.received = -1

    with peer(reads) as upstream:
        gateway.serve(ROUTE.format(upstream, ""))
        client = gateway.connect()
        client.send(get("/", "h", "Content-Length: 1000", method="POST") + b"half")
        until(lambda: upstream.connections, "the upstream's connection")
        client.close()
        until(lambda: upstream.received == -1, "the cut")
