"""What becomes of shadows that meet a bound or lose their client, and that each is counted and written down."""

from __future__ import annotations

import pytest

from harness.mirroring import REQUESTS, ask_repeatedly, configuration, mirrored_to
from harness.peers import Peer, echo, once, peer, silent
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import Cut, Wire, get


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

    def waits(server: Peer, wire: Wire) -> None:
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
