"""WebSockets through the gateway: a real client and a real server, and what either of them may do to it."""

from __future__ import annotations

import signal
from threading import Event, Thread

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from harness.peers import Peer, answering, peer
from harness.waiting import DEADLINE, settled, until
from harness.websocket import websocket, websocket_server
from harness.wire import OK, Wire, get

ROUTE = 'clusters: {{chat: "{0}"}}\nroutes: [{{name: chat, to: chat}}]\n'
MIRRORED = (
    'clusters: {{chat: "{0}", candidate: "{1}"}}\nroutes: [{{to: chat, mirror: {{to: candidate, name: m{2}}}}}]\n'
)
HANDSHAKE = get(
    "/chat",
    "httpbin:8000",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
GRANT = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
PIECE = bytes(range(256)) * 4096
PIECES = 64
ROOM = 16 << 20
"""Far more than what a tunnel may hold, far less than what is sent through it."""


def ended_tunnel(gateway):
    """Wait for the end of the only tunnel, and return its access line."""
    until(lambda: gateway.metric("shadowgate_tunnels_open") == 0, "the end of the tunnel")
    lines = until(
        lambda: [line for line in gateway.access() if line["kind"] == "request" and line["status"] == 101],
        lambda: gateway.access_path.read_text(),
    )
    gateway.access_path.write_text("")
    (line,) = lines
    return line


def grant_and_echo(server: Peer, wire: Wire) -> None:
    """Grant every upgrade, and send back every byte behind it until the client has no more."""
    server.requests.append(wire.head())
    wire.send(GRANT)
    while wire.buffer or wire.more():
        wire.send(wire.exactly(len(wire.buffer)))
    wire.send(b"bye")
    wire.end()
    until(lambda: wire.ended(), "the end")


def test_messages_go_both_ways(gateway):
    with websocket_server() as server:
        gateway.serve(ROUTE.format(server))
        with websocket(gateway) as client:
            for message in ("text", "", "ünïcödé " * 100, b"", b"\x00\xff" * 1000, "x" * 70_000):
                client.send(message)
                assert client.recv(DEADLINE) == message
            assert gateway.metric("shadowgate_tunnels_open") == 1
            assert client.ping().wait(DEADLINE)
        line = ended_tunnel(gateway)
        assert (line["outcome"], line["target"], line["upstream"]) == ("tunnel", "/chat", server)
        assert line["received"] > 73_000
        assert line["sent"] > 73_000
        assert line["duration_ms"] > 0
        assert gateway.metric("shadowgate_request_outcomes_total", route="chat", outcome="tunnel") == 1
        assert gateway.metric("shadowgate_requests_total", route="chat", **{"class": "1xx"}) == 1
        assert gateway.metric("shadowgate_request_bytes_total", route="chat") == line["received"]


def test_extensions_and_subprotocols_are_between_the_ends(gateway):
    with websocket_server(compression="deflate", subprotocols=["b", "a"]) as server:
        gateway.serve(ROUTE.format(server))
        with websocket(gateway, compression="deflate", subprotocols=["a"]) as client:
            assert client.subprotocol == "a"
            client.send("x" * 100_000)
            assert client.recv(DEADLINE) == "x" * 100_000
        assert ended_tunnel(gateway)["sent"] < 50_000, "compressed, as the ends agreed"


@pytest.mark.parametrize("slow", ["client", "server"])
def test_a_slow_reader_holds_up_the_other_side_and_no_memory(gateway, slow):
    go, received = Event(), []

    def take(connection):
        go.wait(DEADLINE)
        received.extend(connection.recv(DEADLINE) == PIECE for _ in range(PIECES))

    def give(connection):
        for _ in range(PIECES):
            connection.send(PIECE)

    def serve(connection):
        if slow == "server":
            take(connection)
            connection.send("all")
        else:
            give(connection)
            connection.recv()

    with websocket_server(serve, max_queue=1) as server:
        gateway.serve(ROUTE.format(server))
        before = gateway.memory()
        with websocket(gateway, max_queue=1) as client:
            if slow == "server":
                giving = Thread(target=give, args=[client])
                giving.start()
                settled(gateway.memory, 1)
                assert giving.is_alive(), "it is held up"
                go.set()
                giving.join(DEADLINE)
                assert client.recv(DEADLINE) == "all"
            else:
                settled(gateway.memory, 1)
                go.set()
                take(client)
            assert received == [True] * PIECES
        assert gateway.memory("VmHWM") - before < ROOM
    line = ended_tunnel(gateway)
    assert max(line["received"], line["sent"]) > PIECES * len(PIECE)


def test_bytes_behind_either_head_in_the_same_segment_come_first(gateway):
    with peer(grant_and_echo) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(HANDSHAKE + b"GET / HTTP/1.1\r\n\r\n")
            head = client.head()
            assert head.start == b"HTTP/1.1 101 Switching Protocols"
            assert (head.get(b"connection"), head.get(b"upgrade")) == (b"Upgrade", b"websocket")
            assert client.exactly(18) == b"GET / HTTP/1.1\r\n\r\n"
    assert server.next().get(b"connection") == b"Upgrade"
    assert server.next().get(b"upgrade") == b"websocket"
    ended_tunnel(gateway)

    def greet(server: Peer, wire: Wire) -> None:
        wire.head()
        wire.send(GRANT + b"early")
        wire.ended()

    with peer(greet) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(HANDSHAKE)
            client.head()
            assert client.exactly(5) == b"early"
        assert ended_tunnel(gateway)["sent"] == 5


def test_either_side_may_end_while_the_other_goes_on(gateway):
    with peer(grant_and_echo) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(HANDSHAKE)
            client.head()
            client.send(b"last words")
            client.end()
            assert client.exactly(13) == b"last wordsbye"
            assert client.ended()
        line = ended_tunnel(gateway)
        assert (line["received"], line["sent"]) == (10, 13)


def test_a_close_is_passed_on_from_the_client(gateway):
    codes = []

    def note(connection):
        with pytest.raises(ConnectionClosed) as caught:
            connection.recv()
        codes.append((caught.value.rcvd.code, caught.value.rcvd.reason))

    with websocket_server(note) as server:
        gateway.serve(ROUTE.format(server))
        with websocket(gateway) as client:
            client.close(4001, "enough")
        until(lambda: codes == [(4001, "enough")], lambda: codes)
        assert ended_tunnel(gateway)["outcome"] == "tunnel"


def test_a_close_is_passed_on_from_the_server(gateway):
    with websocket_server(lambda connection: connection.close(4002, "done")) as server:
        gateway.serve(ROUTE.format(server))
        with websocket(gateway) as client, pytest.raises(ConnectionClosed) as caught:
            client.recv(DEADLINE)
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4002, "done")
        assert ended_tunnel(gateway)["outcome"] == "tunnel"


def test_a_side_that_dies_takes_the_other_along(gateway):
    with peer(grant_and_echo) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(HANDSHAKE)
            client.head()
            client.reset()
        until(lambda: server.ended, "the end of the upstream's connection")
        assert ended_tunnel(gateway)["outcome"] == "tunnel"

    def die(server: Peer, wire: Wire) -> None:
        wire.head()
        wire.send(GRANT)
        wire.exactly(2)
        wire.reset()

    with peer(die) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(HANDSHAKE)
            client.head()
            client.send(b"hi")
            assert client.ended()
        assert ended_tunnel(gateway)["outcome"] == "tunnel"


def test_a_tunnel_in_which_nothing_moves_is_cut(start_gateway):
    with websocket_server() as server:
        gateway = start_gateway({"a.yaml": ROUTE.format(server)}, "--limit", "tunnel-idle=500ms")
        with websocket(gateway) as client:
            client.send("still here")
            assert client.recv(DEADLINE) == "still here"
            with pytest.raises(ConnectionClosedError):
                client.recv(DEADLINE)
        assert ended_tunnel(gateway)["outcome"] == "tunnel_idle"


def test_tunnels_stand_until_the_drain_timeout_and_are_counted(start_gateway):
    with websocket_server() as server:
        gateway = start_gateway({"a.yaml": ROUTE.format(server)}, "--drain-timeout", "2")
        with websocket(gateway) as client:
            gateway.signal(signal.SIGTERM)
            until(lambda: gateway.admin("/ready").status == 503, "the end's begin")
            client.send("still here")
            assert client.recv(DEADLINE) == "still here"
            with pytest.raises(ConnectionClosedError):
                client.recv(DEADLINE)
        assert gateway.ended() == 0
        (line,) = gateway.access()
        assert (line["status"], line["outcome"]) == (101, "tunnel_drained")
        assert "Traceback" not in gateway.said


def test_a_gateway_whose_tunnels_have_ended_does_not_wait(start_gateway):
    with websocket_server() as server:
        gateway = start_gateway({"a.yaml": ROUTE.format(server)}, "--drain-timeout", "300")
        with websocket(gateway):
            gateway.signal(signal.SIGTERM)
            until(lambda: gateway.admin("/ready").status == 503, "the end's begin")
        assert gateway.ended() == 0


@pytest.mark.parametrize("status", [400, 426])
def test_an_upstream_that_refuses_is_heard(gateway, status):
    def refuse(connection, request):
        return connection.respond(status, "not like this\n")

    with websocket_server(process_request=refuse) as server:
        gateway.serve(ROUTE.format(server))
        with pytest.raises(InvalidStatus) as caught:
            websocket(gateway)
        assert (caught.value.response.status_code, caught.value.response.body) == (status, b"not like this\n")


def test_a_connection_serves_on_after_a_refusal(gateway):
    with peer(answering(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nno", OK)) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(HANDSHAKE + get("/next"))
            assert client.answer().status == 426
            assert client.answer().body == b"ok"
        assert server.connections == 1


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (get("/"), GRANT),
        (get("/", "h", "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"), GRANT),
        (get("/", "h", "Connection: Upgrade", "Upgrade: websocket", method="POST", body=b"x"), GRANT),
        (HANDSHAKE, GRANT.replace(b"websocket", b"h2c")),
        (HANDSHAKE, GRANT.replace(b"Upgrade: websocket\r\n", b"")),
    ],
    ids=["ordinary", "h2c", "with a body", "granted another", "granted nothing"],
)
def test_a_101_that_was_not_asked_for_is_a_502(gateway, request_bytes, answer):
    with peer(answering(answer)) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(request_bytes)
            refusal = client.answer()
            assert (refusal.status, refusal.body[:11]) == (502, b"bad_answer:")


def test_connect_never_becomes_a_tunnel(gateway):
    with peer(grant_and_echo) as server:
        gateway.serve(ROUTE.format(server))
        with gateway.connect() as client:
            client.send(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            assert client.answer().status == 405
        assert server.connections == 0


def test_a_rule_may_refuse_upgrades_where_others_are_served(gateway):
    with peer(grant_and_echo) as server:
        gateway.serve(f"""\
clusters: {{chat: "{server}"}}
routes:
- {{match: {{path: {{segments: /private}}, headers: {{upgrade: websocket}}}}, filters: {{respond: {{status: 403}}}}}}
- to: chat
""")
        with gateway.connect() as client:
            client.send(HANDSHAKE.replace(b"/chat", b"/private"))
            assert client.answer().status == 403
            client.send(HANDSHAKE)
            assert client.head().status == 101
    ended_tunnel(gateway)


def test_no_protocol_may_be_changed_to_when_none_is_allowed(start_gateway):
    with peer(OK) as server:
        gateway = start_gateway({"a.yaml": ROUTE.format(server)}, "--upgrades", "none")
        assert gateway.ask(HANDSHAKE).body == b"ok"
        assert server.next().get(b"upgrade") is None


def test_a_mirror_gets_nothing_of_a_websocket(gateway):
    with websocket_server() as server, peer(OK) as candidate:
        gateway.serve(MIRRORED.format(server, candidate, "-nothing"))
        with websocket(gateway) as client:
            client.send("secret")
            client.recv(DEADLINE)
        ended_tunnel(gateway)
        assert gateway.accounts("m-nothing").sampled == 0
        assert candidate.connections == 0


def test_a_mirror_that_asks_for_handshakes_gets_the_handshake_alone(gateway):
    heard = []

    def candidate(connection):
        try:
            heard.append(connection.recv())
        except ConnectionClosedError:
            heard.append(connection.request.headers["Host"])

    with websocket_server() as server, websocket_server(candidate) as mirror:
        gateway.serve(MIRRORED.format(server, mirror, "-handshake, upgrades: handshake"))
        with websocket(gateway) as client:
            until(lambda: heard, "the end of the candidate's connection")
            client.send("secret")
            assert client.recv(DEADLINE) == "secret"
        assert heard == [f"127.0.0.1-shadow:{gateway.port}"]
        accounts = gateway.settled_accounts("m-handshake", 1)
        assert accounts.completed == {"1xx": 1}
        ended_tunnel(gateway)


def test_reloading_leaves_tunnels_alone(gateway):
    with websocket_server() as server:
        gateway.serve(ROUTE.format(server))
        with websocket(gateway) as client, peer(OK) as other:
            gateway.serve(ROUTE.format(other))
            assert gateway.ask(get("/")).body == b"ok"
            client.send("still here")
            assert client.recv(DEADLINE) == "still here"
        ended_tunnel(gateway)
