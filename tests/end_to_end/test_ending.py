"""How the gateway ends: new clients are turned away, and what is under way is finished, within a bound."""

from __future__ import annotations

import signal
import socket

import pytest

from harness.peers import Peer, peer, silent
from harness.processes import RUN, TWISTD
from harness.waiting import until
from harness.wire import OK, Wire, get

GOOD = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'


MIRRORED = 'clusters: {{upstream: "{0}", candidate: "{1}"}}\nroutes: [{{to: upstream, mirror: candidate}}]\n'


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Held:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.go = False

    def __call__(self, server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            server.requests.append(request)
            until(lambda: self.go, "word to answer")
            wire.send(OK)


def test_requests_under_way_are_finished_before_it_ends(start_gateway):
    held = Held()
    with peer(held) as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)})
        port = gateway.port
        with gateway.connect() as busy, gateway.connect() as idle:
            busy.send(get("/"))
            upstream.next()
            gateway.signal(signal.SIGTERM)
            assert idle.ended()
            until(lambda: not is_open(port), "the port's end")
            assert gateway.admin("/ready").status == 503
            assert gateway.admin("/live").status == 200
            held.go = True
            answer = busy.answer()
            assert (answer.status, answer.body, answer.get(b"connection")) == (200, b"ok", b"close")
        assert gateway.ended() == 0
        assert "Traceback" not in gateway.said


def test_it_waits_no_longer_than_the_drain_timeout(start_gateway):
    with peer(silent) as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, "--drain-timeout", "0.3")
        with gateway.connect() as client:
            client.send(get("/"))
            until(lambda: upstream.received, "the request")
            gateway.signal(signal.SIGTERM)
            answer = client.answer()
            assert (answer.status, answer.get(b"connection")) == (503, b"close")
            assert answer.body == b"drained: the gateway is about to end\n"
        assert gateway.ended() == 0
        assert "Traceback" not in gateway.said
        assert [(line["status"], line["outcome"]) for line in gateway.access()] == [(503, "drained")]


@pytest.mark.parametrize("more", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_a_shadow_that_is_under_way_at_the_end_has_its_line_in_the_log(start_gateway, more):
    with peer() as primary, peer(silent) as mirror:
        gateway = start_gateway({"a.yaml": MIRRORED.format(primary, mirror)}, *more)
        assert gateway.ask(get("/")).status == 200
        until(lambda: mirror.received, "the shadow")
        gateway.signal(signal.SIGTERM)
        assert gateway.ended() == 0
        request, shadow = sorted(gateway.access(), key=lambda line: line["kind"])
        assert (shadow["outcome"], shadow["reason"]) == ("failed", "draining")
        assert shadow["request_id"] == request["request_id"]
        assert "Traceback" not in gateway.said


def test_an_interrupt_ends_it_in_good_order_as_well(start_gateway):
    gateway = start_gateway({})
    gateway.signal(signal.SIGINT)
    assert gateway.ended() in (0, 128 + signal.SIGINT, -signal.SIGINT)
    assert "Traceback" not in gateway.said


@pytest.mark.parametrize("command", [RUN, TWISTD], ids=["shadowgate run", "twistd shadowgate"])
@pytest.mark.parametrize("more", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_two_signals_in_one_turn_end_it_in_good_order(start_gateway, command, more):
    gateway = start_gateway({}, *more, command=command)
    with gateway.suspended():
        gateway.signal(signal.SIGTERM)
        gateway.signal(signal.SIGINT)
    # twistd, having stopped in good order, ends by the signal that asked it to.
    assert gateway.ended() in ((0,) if command is RUN else (-signal.SIGTERM, -signal.SIGINT))
    assert "Traceback" not in gateway.said
