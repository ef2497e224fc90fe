"""Endpoints in trouble beside a good one: with retries the clients see nothing of it."""

from __future__ import annotations

from time import monotonic

import pytest

from harness.peers import Behaviour, Peer, answering, echo, peer, refused, resetting, silent
from harness.processes import Gateway
from harness.waiting import settled
from harness.wire import get

REQUESTS = 30

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"

ROUTE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: httpbin}}
spec:
  hosts: [httpbin]
  http:
  - route: [{{destination: {{host: httpbin}}}}]
    {retries}
"""

ENTRY = """\
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec:
  hosts: [{name}]
  ports: [{{number: 8000, name: http, protocol: HTTP}}]
  resolution: STATIC
  endpoints:
{endpoints}
"""

BY_DEFAULT = ""


def endpoint_lines(*endpoints: Peer | int) -> str:
    ports = [one.port if isinstance(one, Peer) else one for one in endpoints]
    return "\n".join(f"  - {{address: 127.0.0.1, ports: {{http: {port}}}}}" for port in ports)


def serve(gateway: Gateway, retries: str, *endpoints: Peer | int, more: str = "") -> None:
    """Put a VirtualService in service that leads to peers, or to ports."""
    gateway.serve(
        ROUTE.format(retries=retries) + ENTRY.format(name="httpbin", endpoints=endpoint_lines(*endpoints)) + more
    )


def ask_many(gateway: Gateway, request: bytes) -> list[int]:
    """Send requests one after another on one connection; return the statuses."""
    statuses = []
    with gateway.connect() as client:
        for _ in range(REQUESTS):
            client.send(request)
            statuses.append(client.answer().status)
    return statuses


def made(gateway: Gateway, result: str = "made") -> float:
    return gateway.metric("shadowgate_retries_total", result=result)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_with_istios_defaults_an_endpoint_that_refuses_is_not_noticed(gateway: Gateway, method: str):
    with peer() as good:
        serve(gateway, BY_DEFAULT, refused(), good)
        before = made(gateway)
        assert ask_many(gateway, get(method=method, body=b"whole")) == [200] * REQUESTS
        assert [request.body for request in good.requests] == [b"whole"] * REQUESTS
        assert made(gateway) > before


@pytest.mark.parametrize(
    ("behaviour", "retry_on"),
    [
        (resetting, "reset"),
        (resetting, "5xx"),
        (resetting, "gateway-error"),
        (answering(BUSY), "503"),
        (answering(BUSY), "gateway-error"),
        (answering(BUSY), "connect-failure,retriable-status-codes,503"),
    ],
    ids=["reset", "reset as 5xx", "reset as gateway error", "503", "503 as gateway error", "503 among others"],
)
def test_an_endpoint_that_fails_is_not_noticed(gateway: Gateway, behaviour: Behaviour, retry_on: str):
    with peer(behaviour) as bad, peer(echo) as good:
        serve(gateway, f'retries: {{attempts: 2, retryOn: "{retry_on}"}}', bad, good)
        assert ask_many(gateway, get(method="PUT", body=b"whole")) == [200] * REQUESTS
        assert len(good.requests) == REQUESTS
        assert bad.requests, "the balancer tried both"


def test_without_retries_it_is_noticed(gateway: Gateway):
    with peer(answering(BUSY)) as bad, peer() as good:
        serve(gateway, "retries: {attempts: 0}", bad, good)
        statuses = ask_many(gateway, get())
        assert statuses.count(503) == len(bad.requests) > 0
        assert statuses.count(200) == len(good.requests)


def test_the_last_answer_is_the_clients_when_everybody_fails(gateway: Gateway):
    with peer(answering(BUSY)) as one, peer(answering(BUSY)) as two:
        serve(gateway, 'retries: {attempts: 3, retryOn: "503"}', one, two)
        answer = gateway.ask(get())
        assert (answer.status, answer.body) == (503, b"busy")
        assert len(one.requests) + len(two.requests) == 4


def test_after_the_time_for_one_try_another_endpoint_answers(gateway: Gateway):
    with peer(silent) as bad, peer() as good:
        serve(gateway, "retries: {attempts: 2, perTryTimeout: 200ms, retryOn: gateway-error}", bad, good)
        with gateway.connect() as client:
            for _ in range(6):
                client.send(get())
                assert client.answer().status == 200
        assert bad.received, "the balancer tried both"


def test_the_timeout_of_the_route_spans_all_tries(gateway: Gateway):
    with peer(silent) as one, peer(silent) as two:
        retries = "timeout: 700ms\n    retries: {attempts: 9, perTryTimeout: 200ms, retryOn: gateway-error}"
        serve(gateway, retries, one, two)
        since = monotonic()
        answer = gateway.ask(get())
        assert (answer.status, answer.body[:15]) == (504, b"route_timeout: ")
        assert 0.7 <= monotonic() - since < 3
        assert one.received and two.received


def test_a_body_that_is_too_long_to_be_kept_is_sent_once(gateway: Gateway):
    with peer(answering(BUSY)) as bad:
        serve(gateway, 'retries: {attempts: 2, retryOn: "503"}', bad)
        before = made(gateway, "not_repeatable")
        assert gateway.ask(get(method="POST", body=b"x" * 1_000_000)).status == 503
        assert len(bad.requests) == 1
        assert made(gateway, "not_repeatable") == before + 1
        assert gateway.ask(get(method="POST", body=b"x" * 50_000)).status == 503
        assert len(bad.requests) == 1 + 3


def test_a_request_that_is_tried_again_has_one_shadow(gateway: Gateway):
    with peer(answering(BUSY)) as primary, peer() as mirror:
        serve(
            gateway,
            'retries: {attempts: 2, retryOn: "503"}\n    mirror: {host: candidate}',
            primary,
            more=ENTRY.format(name="candidate", endpoints=endpoint_lines(mirror)),
        )
        assert gateway.ask(get(method="POST", body=b"whole")).status == 503
        assert len(primary.requests) == 3
        assert settled(lambda: [request.body for request in mirror.requests]) == [b"whole"]
