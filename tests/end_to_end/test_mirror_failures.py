"""A mirror in every kind of trouble: no answer to a client changes, none comes later, and no shadow goes uncounted.

Nothing here measures milliseconds: a primary that waited for its mirror would wait for the mirror's timeout, which is
set far above the time that the test's requests may take together.
"""

from __future__ import annotations

import pytest

from harness.mirroring import REQUESTS, ask_repeatedly, configuration, mirrored_to
from harness.peers import Peer, black_hole, deaf, echo, once, peer, refused, resetting, silent
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import Wire, get

ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_mirror_that_refuses(gateway: Gateway):
    with peer(echo) as primary:
        gateway.serve(configuration(primary, f"127.0.0.1:{refused()}", "refuses"))
        ask_repeatedly(gateway)
        accounts = gateway.settled_accounts("refuses", REQUESTS)
    assert accounts.sent == 0
    assert accounts.dropped.keys() <= {"connect_refused", "breaker_open"}
    assert accounts.dropped["connect_refused"] >= 20


def test_a_mirror_that_is_a_black_hole(gateway: Gateway):
    with peer(echo) as primary, black_hole() as port:
        gateway.serve(configuration(primary, f"127.0.0.1:{port}", "black-hole"))
        ask_repeatedly(gateway)
        now = gateway.accounts("black-hole")
        assert (now.sampled, now.sent, now.connecting) == (REQUESTS, 0, REQUESTS)


def test_a_black_hole_is_given_up_after_the_connect_timeout(gateway: Gateway):
    with peer(echo) as primary, black_hole() as port:
        limits = "connect: 300ms, timeout: 60s, breaker_failures: 1000"
        gateway.serve(configuration(primary, f"127.0.0.1:{port}", "given-up", limits))
        ask_repeatedly(gateway)
        assert gateway.settled_accounts("given-up", REQUESTS).dropped == {"connect_timeout": REQUESTS}


def test_a_mirror_that_accepts_and_is_silent(gateway: Gateway):
    with mirrored_to(gateway, silent, "silent"):
        ask_repeatedly(gateway)
        until(lambda: gateway.accounts("silent").answering == REQUESTS, lambda: gateway.accounts("silent"))


def test_a_silent_mirror_is_given_up_after_the_shadows_timeout(gateway: Gateway):
    with mirrored_to(gateway, silent, "timed-out", "timeout: 500ms, breaker_failures: 1000"):
        ask_repeatedly(gateway)
        assert gateway.settled_accounts("timed-out", REQUESTS).failed == {"timeout": REQUESTS}


def test_a_mirror_that_never_accepts_nor_reads(gateway: Gateway):
    with mirrored_to(gateway, deaf, "deaf"):
        ask_repeatedly(gateway)
        accounts = gateway.accounts("deaf")
        assert accounts.sampled == REQUESTS
        assert accounts.connecting + accounts.answering == REQUESTS


def test_a_mirror_that_answers_later_than_the_client_waits(gateway: Gateway):
    """The mirror's answers are held back until the client has all of its own: it cannot have waited for them."""
    go = []

    def slow(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.request())
        until(lambda: go, "the client's last answer")
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with mirrored_to(gateway, slow, "slow"):
        try:
            ask_repeatedly(gateway)
        finally:
            go.append(True)
        assert gateway.settled_accounts("slow", REQUESTS).completed == {"2xx": REQUESTS}


def test_a_mirror_that_resets(gateway: Gateway):
    with mirrored_to(gateway, resetting, "resets"):
        ask_repeatedly(gateway)
        accounts = gateway.settled_accounts("resets", REQUESTS)
    assert accounts.completed == {}
    assert accounts.failed["upstream_reset"] >= 20
    assert accounts.dropped.keys() <= {"breaker_open"}


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02 this is no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["bytes", "two lengths", "chunk", "status", "ssh"],
)
def test_a_mirror_that_answers_with_garbage(gateway: Gateway, garbage: bytes):
    name = f"garbage-{abs(hash(garbage))}"
    with mirrored_to(gateway, once(garbage), name):
        ask_repeatedly(gateway)
        accounts = gateway.settled_accounts(name, REQUESTS)
    assert accounts.completed == {}
    assert accounts.failed.keys() == {"bad_answer"}


def test_a_mirror_that_closes_without_an_answer(gateway: Gateway):
    with mirrored_to(gateway, once(b""), "closes"):
        ask_repeatedly(gateway)
        accounts = gateway.settled_accounts("closes", REQUESTS)
    assert accounts.failed.keys() == {"upstream_closed"}


def test_a_mirror_with_an_endless_body(gateway: Gateway):
    """It is cut off once it is longer than is worth reading; the shadow has told its status by then."""

    def endless(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.request())
        wire.send(ENDLESS)
        while True:
            wire.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with mirrored_to(gateway, endless, "endless"):
        ask_repeatedly(gateway)
        accounts = gateway.settled_accounts("endless", REQUESTS)
    assert accounts.completed == {"2xx": REQUESTS}


def test_a_mirror_with_an_endless_body_of_tiny_chunks(gateway: Gateway):
    """Every chunk takes time that clients wait for: far less is read of it than of a body in one piece."""

    def endless(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.request())
        wire.send(ENDLESS)
        while True:
            wire.send(b"1\r\nx\r\n" * 10_000)

    with mirrored_to(gateway, endless, "tiny-chunks"):
        ask_repeatedly(gateway)
        accounts = gateway.settled_accounts("tiny-chunks", REQUESTS)
    assert accounts.completed == {"2xx": REQUESTS}
    assert gateway.metric("shadowgate_mirror_received_bytes_total", mirror="tiny-chunks") < REQUESTS * 64 * 1024


def test_a_mirror_that_stops_reading_during_an_upload(gateway: Gateway):
    """16 MB fit into no socket's buffers: an upload that waited for this mirror would never end."""
    upload = bytes(range(256)) * 65536
    with peer(echo) as primary, peer(deaf) as mirror:
        gateway.serve(configuration(primary, mirror, "stops-reading"))
        with gateway.connect() as client:
            client.send(get("/upload", method="PUT", body=upload))
            answer = client.answer()
            assert answer.status == 200 and answer.body == upload
        assert primary.requests[0].body == upload
        accounts = gateway.settled_accounts("stops-reading", 1)
    assert accounts.failed == {"buffer_full": 1}


def test_a_mirror_that_reads_late_gets_the_whole_body_within_its_buffer(gateway: Gateway):
    upload = bytes(range(256)) * 16384
    go = []

    def late(server: Peer, wire: Wire) -> None:
        until(lambda: go, "the client's answer")
        echo(server, wire)

    with peer(echo) as primary, peer(late) as mirror:
        gateway.serve(configuration(primary, mirror, "late", "buffer: 16MiB, timeout: 60s"))
        answer = gateway.ask(get("/upload", method="PUT", body=upload))
        assert answer.body == upload
        go.append(True)
        assert mirror.next().body == upload
        assert gateway.settled_accounts("late", 1).completed == {"2xx": 1}


def test_a_mirror_whose_name_does_not_resolve(gateway: Gateway):
    with peer(echo) as primary:
        limits = "timeout: 60s, breaker_failures: 1000"
        gateway.serve(configuration(primary, "no-such-host.invalid:80", "unresolved", limits))
        ask_repeatedly(gateway)
        assert gateway.settled_accounts("unresolved", REQUESTS).dropped == {"unresolved": REQUESTS}


def test_a_mirror_that_answers_early_and_closes_while_the_upload_goes_on(gateway: Gateway):
    upload = bytes(range(256)) * 16384

    def early(server: Peer, wire: Wire) -> None:
        wire.head()
        wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with peer(echo) as primary, peer(early) as mirror:
        gateway.serve(configuration(primary, mirror, "early"))
        answer = gateway.ask(get("/upload", method="PUT", body=upload))
        assert answer.body == upload
        assert gateway.settled_accounts("early", 1).completed == {"4xx": 1}
