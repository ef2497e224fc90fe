"""Endpoints in trouble and clusters with bounds, on real sockets: who is left out, who comes back, who has to wait."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any

import pytest

from harness.peers import Behaviour, Peer, answering, black_hole, deaf, once, peer, refused, resetting
from harness.processes import Gateway
from harness.waiting import DEADLINE, until
from harness.wire import OK, Wire, get

REQUESTS = 30
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"

MESH = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: httpbin}}
spec:
  hosts: [httpbin]
  http: [{{route: [{{destination: {{host: httpbin}}}}]{rule}}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: httpbin}}
spec:
  host: httpbin
  trafficPolicy: {{loadBalancer: {{simple: ROUND_ROBIN}}{policy}}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: httpbin{metadata}}}
spec:
  hosts: [httpbin]
  ports: [{{number: 8000, name: http, protocol: HTTP}}]
  resolution: STATIC
  endpoints: [{endpoints}]
"""
NEVER_AGAIN = ", retries: {attempts: 0}"


def mesh(*ports: object, policy: str = "", rule: str = "", annotations: str = "") -> str:
    endpoints = ", ".join(f"{{address: 127.0.0.1, ports: {{http: {_port(port)}}}}}" for port in ports)
    metadata = f", annotations: {{{annotations}}}" if annotations else ""
    return MESH.format(rule=rule, policy=f", {policy}" if policy else "", metadata=metadata, endpoints=endpoints)


def native(*ports: object, cluster: str = "", rule: str = "") -> str:
    endpoints = ", ".join(f'"127.0.0.1:{_port(port)}"' for port in ports)
    return (
        f"clusters: {{httpbin: {{endpoints: [{endpoints}], balancer: round-robin{cluster}}}}}\n"
        f"routes: [{{hosts: httpbin, to: httpbin{rule}}}]\n"
    )


def _port(one: object) -> int:
    return one.port if isinstance(one, Peer) else int(str(one))


def statuses(gateway: Gateway, method: str = "GET", count: int = REQUESTS, body: bytes = b"") -> list[int]:
    """Send requests one after another on one connection."""
    found = []
    with gateway.connect() as client:
        for _ in range(count):
            client.send(get("/", "httpbin", method=method, body=body))
            found.append(client.answer(method.encode()).status)
    return found


def shown(gateway: Gateway) -> list[dict[str, Any]]:
    """The endpoints of the only cluster, as ``/config`` shows them."""
    (cluster,) = gateway.config()["clusters"]
    return list(cluster["endpoints"])


def slowly(release: Event) -> Behaviour:
    """Answer each request once ``release`` is set."""

    def behave(server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            server.requests.append(request)
            release.wait(DEADLINE)
            wire.send(OK)

    return behave


# One of two endpoints is in trouble

IDEMPOTENT = ["GET", "HEAD", "PUT", "DELETE"]


@pytest.mark.parametrize("method", IDEMPOTENT)
@pytest.mark.parametrize("configuration", [mesh, native], ids=["a mesh's defaults", "native defaults"])
@pytest.mark.parametrize("behaviour", [None, resetting, once(b"")], ids=["dead", "resetting", "closing"])
def test_no_idempotent_request_fails(
    gateway: Gateway, configuration: Callable[..., str], method: str, behaviour: Behaviour | None
):
    with peer() as good, ExitStack() as stack:
        bad = refused() if behaviour is None else stack.enter_context(peer(behaviour))
        gateway.serve(configuration(bad, good))
        assert statuses(gateway, method) == [200] * REQUESTS
        assert len(good.requests) == REQUESTS
        assert behaviour is None or bad.requests, "the balancer tried both"


@pytest.mark.parametrize("configuration", [mesh, native], ids=["a mesh's defaults", "native defaults"])
def test_a_post_goes_elsewhere_only_when_it_was_not_sent(gateway: Gateway, configuration: Callable[..., str]):
    with peer() as good, peer(resetting) as bad:
        gateway.serve(configuration(refused(), good))
        assert statuses(gateway, "POST", body=b"once") == [200] * REQUESTS
        gateway.serve(configuration(bad, good))
        found = statuses(gateway, "POST")
        assert found.count(502) == len(bad.requests) > 0
        assert found.count(200) == REQUESTS - len(bad.requests)


def test_an_endpoint_that_accepts_nobody_costs_a_connect_timeout_and_is_left_out(gateway: Gateway):
    with peer() as good, black_hole() as hole:
        policy = "connectionPool: {tcp: {connectTimeout: 100ms}}, outlierDetection: {consecutive5xxErrors: 2}"
        gateway.serve(mesh(hole, good, policy=policy))
        since = monotonic()
        assert statuses(gateway) == [200] * REQUESTS
        assert monotonic() - since < 5
        assert [endpoint["healthy"] for endpoint in shown(gateway)] == [False, True]


def test_an_endpoint_that_answers_503_is_ejected_and_comes_back_when_its_time_is_over(gateway: Gateway):
    well = Event()

    def moody(server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            server.requests.append(request)
            wire.send(OK if well.is_set() else BUSY)

    with peer(moody) as bad, peer() as good:
        policy = "outlierDetection: {consecutiveGatewayErrors: 3, interval: 100ms, baseEjectionTime: 500ms}"
        gateway.serve(mesh(bad, good, policy=policy, rule=NEVER_AGAIN))
        found = statuses(gateway, count=20)
        assert (found.count(503), found.count(200)) == (3, 17)
        assert gateway.metric("shadowgate_cluster_ejections_total", reason="consecutive_gateway_errors") == 1
        out, _ = shown(gateway)
        assert (out["healthy"], out["ejectedFor"]) == (False, "consecutive_gateway_errors")
        well.set()
        until(lambda: shown(gateway)[0]["healthy"], "the end of the ejection")
        assert statuses(gateway, count=20) == [200] * 20
        assert len(bad.requests) > 3
        assert gateway.metric("shadowgate_cluster_ejected") == 0


def test_an_ejection_outlives_a_reload_and_the_reload_fails_nobody(gateway: Gateway):
    with peer(answering(BUSY)) as bad, peer() as good:
        policy = "outlierDetection: {consecutive5xxErrors: 1, baseEjectionTime: 60s}"
        gateway.serve(mesh(bad, good, policy=policy))
        statuses(gateway, count=4)
        assert len(bad.requests) == 1
        gateway.serve(mesh(bad, good, policy=policy, rule=", timeout: 5s"))
        assert statuses(gateway) == [200] * REQUESTS
        assert len(bad.requests) == 1


# Health checks


def checked(well: Event) -> Behaviour:
    """Answer clients with 503, and ``/healthz`` too, unless ``well`` is set."""

    def behave(server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            if b"/healthz" not in request.start:
                server.requests.append(request)
            wire.send(OK if well.is_set() else BUSY)

    return behave


LINE = "http:/healthz interval=100ms timeout=1s fall=1 rise=1"


@pytest.mark.parametrize(
    "configuration",
    [
        lambda *ports: native(
            *ports,
            cluster=", health: {http: {path: /healthz}, interval: 100ms, fall: 1, rise: 1}",
            rule=", retry: {retry: {attempts: 0}}",
        ),
        lambda *ports: mesh(*ports, rule=NEVER_AGAIN, annotations=f'shadowgate.io/health-check: "{LINE}"'),
    ],
    ids=["native", "annotation"],
)
def test_an_endpoint_that_fails_its_health_check_gets_no_requests_until_it_is_well(
    gateway: Gateway, configuration: Callable[..., str]
):
    well = Event()
    with peer(checked(well)) as bad, peer() as good:
        gateway.serve(configuration(bad, good))
        until(lambda: not shown(gateway)[0]["healthy"], "a bad result")
        assert shown(gateway)[0]["lastProbe"] == "status 503"
        assert statuses(gateway) == [200] * REQUESTS
        assert bad.requests == []
        assert gateway.metric("shadowgate_cluster_unwell") == 1
        well.set()
        until(lambda: shown(gateway)[0]["healthy"], "a good result")
        assert statuses(gateway) == [200] * REQUESTS
        assert len(bad.requests) == REQUESTS // 2


def test_an_endpoint_that_cannot_be_connected_to_is_left_out_before_anybody_is_sent_there(gateway: Gateway):
    with peer() as good:
        health = ", health: {tcp: {}, interval: 100ms, fall: 1}"
        gateway.serve(native(refused(), good, cluster=health, rule=", retry: {retry: {attempts: 0}}"))
        until(lambda: not shown(gateway)[0]["healthy"], "a bad result")
        assert shown(gateway)[0]["lastProbe"] == "connect_refused"
        assert statuses(gateway) == [200] * REQUESTS


def test_an_endpoint_that_never_answers_its_health_check_is_left_out(gateway: Gateway):
    with peer(deaf) as bad, peer() as good:
        health = ", health: {http: /, interval: 100ms, timeout: 200ms, fall: 1}"
        gateway.serve(native(bad, good, cluster=health))
        until(lambda: not shown(gateway)[0]["healthy"], "a bad result")
        assert statuses(gateway) == [200] * REQUESTS


def test_when_too_few_are_well_all_are_used(gateway: Gateway):
    with peer() as good:
        health = ", health: {tcp: {}, interval: 100ms, fall: 1}"
        gateway.serve(native(refused(), refused(), good, cluster=health))
        until(lambda: gateway.metric("shadowgate_cluster_panicking") == 1, "the panic")
        assert statuses(gateway) == [200] * REQUESTS


# Bounds


def bounded(*ports: object, pool: str) -> str:
    return mesh(*ports, policy=f"connectionPool: {{{pool}}}", rule=NEVER_AGAIN)


def test_who_meets_the_bound_on_connections_waits_and_one_more_is_refused(gateway: Gateway):
    release = Event()
    with peer(slowly(release)) as upstream, ExitStack() as stack:
        gateway.serve(bounded(upstream, pool="tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}"))
        refused_before = gateway.metric("shadowgate_cluster_overflows_total", bound="max_pending")
        first, second, third = (stack.enter_context(gateway.connect()) for _ in range(3))
        first.send(get("/1", "httpbin"))
        upstream.next(1)
        second.send(get("/2", "httpbin"))
        until(lambda: gateway.metric("shadowgate_endpoint_in_flight") == 2, "the second request")
        third.send(get("/3", "httpbin"))
        answer = third.answer()
        assert (answer.status, answer.get(b"x-envoy-overloaded")) == (503, b"true")
        assert answer.body.startswith(b"overflow: ")
        release.set()
        assert (first.answer().status, second.answer().status) == (200, 200)
        assert [request.start.split()[1] for request in upstream.requests] == [b"/1", b"/2"]
        assert upstream.connections == 1
        assert gateway.metric("shadowgate_cluster_overflows_total", bound="max_pending") == refused_before + 1
        assert gateway.metric("shadowgate_request_outcomes_total", outcome="overflow") > 0


def test_so_many_requests_are_under_way(gateway: Gateway):
    release = Event()
    with peer(slowly(release)) as upstream, gateway.connect() as first:
        gateway.serve(bounded(upstream, pool="http: {http2MaxRequests: 1}"))
        first.send(get("/1", "httpbin"))
        upstream.next(1)
        assert gateway.ask(get("/2", "httpbin")).status == 503
        release.set()
        assert first.answer().status == 200
        assert gateway.ask(get("/3", "httpbin")).status == 200


def test_a_connection_serves_so_many_requests(gateway: Gateway):
    with peer() as upstream:
        gateway.serve(bounded(upstream, pool="http: {maxRequestsPerConnection: 10}"))
        assert statuses(gateway) == [200] * REQUESTS
        assert upstream.connections == REQUESTS // 10


def test_a_connection_is_idle_for_so_long_and_lives_for_so_long(gateway: Gateway):
    for pool in ("http: {idleTimeout: 200ms}", "tcp: {maxConnectionDuration: 200ms, tcpKeepalive: {time: 60s}}"):
        with peer() as upstream:
            gateway.serve(bounded(upstream, pool=pool))
            assert statuses(gateway, count=1) == [200]
            until(lambda peer=upstream: peer.ended == 1, "the end of the connection")
            assert statuses(gateway, count=1) == [200]


def test_a_mirror_takes_nothing_of_what_clients_may_use(gateway: Gateway):
    release = Event()

    def slow_for_shadows(server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            server.requests.append(request)
            if b"-shadow" in (request.get(b"host") or b""):
                release.wait(DEADLINE)
            wire.send(OK)

    with peer(slow_for_shadows) as upstream:
        pool = "tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}"
        policy, rule = f"connectionPool: {{{pool}}}", ", mirror: {host: httpbin}, retries: {attempts: 0}"
        gateway.serve(mesh(upstream, policy=policy, rule=rule))
        before = gateway.metric("shadowgate_cluster_overflows_total")
        assert statuses(gateway) == [200] * REQUESTS
        assert gateway.metric("shadowgate_mirror_dropped_total", reason="overflow") >= REQUESTS - 2
        assert gateway.metric("shadowgate_cluster_overflows_total") == before
        release.set()


# Upstreams that do not keep to the rules


def flood(server: Peer, wire: Wire) -> None:
    """Answer 103 without end."""
    wire.request()
    while True:
        wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)


def endless(server: Peer, wire: Wire) -> None:
    """Begin an answer whose head has no end."""
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        wire.send(b"x-more: and more\r\n" * 100)


def early(server: Peer, wire: Wire) -> None:
    """Answer at the head of each request and close, without having read its body."""
    server.requests.append(wire.head())
    wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("behaviour", [flood, endless], ids=["a flood of 1xx", "endless headers"])
def test_an_upstream_without_measure_is_502(gateway: Gateway, behaviour: Behaviour):
    with peer(behaviour) as upstream:
        gateway.serve(native(upstream))
        answer = gateway.ask(get("/", "httpbin"))
        assert (answer.status, answer.body[:12]) == (502, b"bad_answer: ")
        until(lambda: upstream.ended, "the end of the upstream's connection")


def test_an_upstream_that_answers_early_is_heard(gateway: Gateway):
    with peer(early) as upstream:
        gateway.serve(native(upstream))
        with gateway.connect() as client:
            client.send(b"POST / HTTP/1.1\r\nHost: httpbin\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
            assert client.answer().status == 413


def test_an_upstream_that_closes_after_each_answer_loses_no_request(gateway: Gateway):
    def answers_and_closes(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.head())
        wire.send(OK)

    with peer(answers_and_closes) as upstream:
        gateway.serve(native(upstream))
        assert statuses(gateway) == [200] * REQUESTS
        assert len(upstream.requests) == REQUESTS


def test_a_post_does_not_meet_a_close_that_came_with_the_answer_before_it(gateway: Gateway):
    def answers_and_closes(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.request())
        # One segment has the answer and the end: whoever reads the one can know of the other.
        wire.socket.send(OK, socket.MSG_MORE)
        wire.end()
        wire.more()

    post = get("/", method="POST", body=b"")
    with peer(answers_and_closes) as upstream, gateway.connect() as client:
        gateway.serve(native(upstream))
        client.send(post * REQUESTS)  # each is begun in the turn in which the answer before it is read
        assert [client.answer().status for _ in range(REQUESTS)] == [200] * REQUESTS
        assert len(upstream.requests) == REQUESTS
