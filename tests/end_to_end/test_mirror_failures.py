"""A mirror in every kind of trouble: no answer to a client changes, none comes later, and no shadow goes uncounted.

Nothing here measures milliseconds: a primary that waited for its mirror would wait for the mirror's timeout, which is
set far above the time that the test's requests may take together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from harness.peers import Behaviour, black_hole, deaf, echo, once, peer, refused, resetting, silent
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import Cut, Wire, get

ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MIRROR_TIMEOUT = 60.0
"""Far above what a run of requests takes when nobody waits."""

REQUESTS = 40
BODY = b"0123456789" * 200


def configuration(primary: object, mirror: object, name: str, limits: str = "") -> str:
    limits = limits or f"timeout: {MIRROR_TIMEOUT:g}s, connect: {MIRROR_TIMEOUT:g}s"
    return f"""\
clusters: {{httpbin: "{primary}", candidate: "{mirror}"}}
routes: [{{to: httpbin, mirror: {{to: candidate, name: {name}, limits: {{{limits}}}}}}}]
"""


def ask_repeatedly(gateway: Gateway, requests: int = REQUESTS) -> None:
    """Send POSTs one after another on one connection; every answer is right, and none waited for the mirror."""
    since = monotonic()
    with gateway.connect() as client:
        for number in range(requests):
            body = b"%d %b" % (number, BODY)
            client.send(get(f"/{number}", method="POST", body=body))
            answer = client.answer()
            assert (answer.status, answer.body) == (200, body)
    assert monotonic() - since < MIRROR_TIMEOUT / 2


@contextmanager
def mirrored_to(gateway: Gateway, behaviour: Behaviour, name: str, limits: str = "") -> Iterator[None]:
    with peer(echo) as primary, peer(behaviour) as mirror:
        gateway.serve(configuration(primary, mirror, name, limits))
        yield
    assert len(primary.requests) == REQUESTS, "no request was lost and none was sent twice"


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

    def slow(server, wire: Wire) -> None:
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

    def endless(server, wire: Wire) -> None:
        server.requests.append(wire.request())
        wire.send(ENDLESS)
        while True:
            wire.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with mirrored_to(gateway, endless, "endless"):
        ask_repeatedly(gateway)
        accounts = gateway.settled_accounts("endless", REQUESTS)
    assert accounts.completed == {"2xx": REQUESTS}


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


def test_a_mirror_that_answers_early_and_closes_while_the_upload_goes_on(gateway: Gateway):
    upload = bytes(range(256)) * 16384

    def early(server, wire: Wire) -> None:
        wire.head()
        wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with peer(echo) as primary, peer(early) as mirror:
        gateway.serve(configuration(primary, mirror, "early"))
        answer = gateway.ask(get("/upload", method="PUT", body=upload))
        assert answer.body == upload
        assert gateway.settled_accounts("early", 1).completed == {"4xx": 1}


def test_shadows_past_the_bound_are_dropped(gateway: Gateway):
    with mirrored_to(gateway, silent, "bounded", "in_flight: 5, timeout: 60s"):
        ask_repeatedly(gateway)
        accounts = gateway.accounts("bounded")
    assert accounts.dropped == {"concurrency": REQUESTS - 5}
    assert accounts.sampled == REQUESTS


def test_the_breaker_opens_after_failures_in_a_row_and_tries_again(gateway: Gateway):
    with peer(echo) as primary, peer(once(b"")) as mirror:
        limits = "breaker_failures: 3, breaker_pause: 60s"
        gateway.serve(configuration(primary, mirror, "breaker", limits))
        for number in range(10):
            # Each failure is known before the next request, so that the count is exact.
            assert gateway.ask(get("/")).status == 200
            accounts = gateway.settled_accounts("breaker", number + 1)
        assert accounts.failed == {"upstream_closed": 3}
        assert accounts.dropped == {"breaker_open": 7}
        assert len(primary.requests) == 10


def test_the_client_that_leaves_before_the_end_of_its_request_takes_its_shadow_along(gateway: Gateway):
    with peer(silent) as primary, peer(silent) as mirror:
        gateway.serve(configuration(primary, mirror, "cancelled"))
        with gateway.connect() as client:
            client.send(get("/", "h", "Content-Length: 1000", method="POST") + b"half")
            until(lambda: mirror.received > 0, "the shadow's head")
        until(lambda: primary.ended and mirror.ended, "the end of both")
        assert gateway.settled_accounts("cancelled", 1).failed == {"request_incomplete": 1}


def test_the_client_that_leaves_after_its_request_leaves_the_shadow_running(gateway: Gateway):
    go = []

    def waits(server, wire: Wire) -> None:
        server.requests.append(wire.request())
        until(lambda: go, "the client's end")
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with peer(silent) as primary, peer(waits) as mirror:
        gateway.serve(configuration(primary, mirror, "kept"))
        with gateway.connect() as client:
            client.send(get("/"))
            mirror.next()
        until(lambda: primary.ended, "the end of the primary")
        go.append(True)
        assert gateway.settled_accounts("kept", 1).completed == {"2xx": 1}


def test_one_access_line_for_each_shadow_names_its_parent(gateway: Gateway):
    with peer(echo) as primary, peer(echo) as mirror:
        gateway.serve(configuration(primary, mirror, "logged"))
        gateway.ask(get("/logged?x=1", "httpbin:8000", "x-request-id: parent-1"))
        lines = until(
            lambda: (
                found if len(found := [x for x in gateway.access() if x["request_id"] == "parent-1"]) == 2 else None
            ),
            gateway.access,
        )
    request, shadow = sorted(lines, key=lambda line: line["kind"])
    assert (request["kind"], shadow["kind"]) == ("request", "shadow")
    assert request["target"] == shadow["target"] == "/logged?x=1"
    assert (request["host"], shadow["host"]) == ("httpbin:8000", "httpbin-shadow:8000")
    assert (shadow["mirror"], shadow["status"], shadow["outcome"]) == ("logged", 200, "completed")


def test_shadows_do_not_count_among_the_requests_of_clients(gateway: Gateway):
    with peer(echo) as primary, peer(echo) as mirror:
        gateway.serve(configuration(primary, mirror, "apart").replace("{to:", "{name: counted, to:", 1))
        ask_repeatedly(gateway)
        gateway.settled_accounts("apart", REQUESTS)
        assert gateway.metric("shadowgate_requests_total", route="counted") == REQUESTS
        assert gateway.metric("shadowgate_mirror_completed_total", mirror="apart") == REQUESTS


def test_a_cut_client_is_told(gateway: Gateway):
    """An answer that breaks off does so for the client as well, mirror or not."""
    short = once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    with peer(short) as primary, peer(echo) as mirror:
        gateway.serve(configuration(primary, mirror, "cut"))
        with gateway.connect() as client:
            client.send(get("/"))
            with pytest.raises((Cut, ConnectionError)):
                client.answer()
