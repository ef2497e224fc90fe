"""Routes of the Gateway API in a gateway of its own process: ports, sessions, and mirrors of one backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.peers import Peer, peer, resetting
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import Message, connect, get

CLASS = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: shadowgate.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: ours
  listeners:
  - {name: http, port: 80, protocol: HTTP}
  - {name: other, port: 8080, protocol: HTTP}
"""
StartGateway = Callable[..., Gateway]

MAPPED = ("--bind", "127.0.0.1", "--map-port", "80=0", "--map-port", "8080=0")


def route(rules: str) -> str:
    return (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n"
        f"spec: {{parentRefs: [{{name: gw}}], rules: {rules}}}\n"
    )


def service(name: str, peers: Sequence[Peer]) -> str:
    """Return a Service with one slice for each of its endpoints, as they listen on different ports."""
    text = f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: 80}}]}}\n"
    for index, one in enumerate(peers):
        text += (
            "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
            f"metadata: {{name: {name}-{index}, labels: {{kubernetes.io/service-name: {name}}}}}\n"
            f"addressType: IPv4\nports: [{{port: {one.port}}}]\nendpoints: [{{addresses: [127.0.0.1]}}]\n"
        )
    return text


def opened(gateway: Gateway, port: int) -> tuple[str, int]:
    """Return where a declared port was opened."""
    (listener,) = (each for each in gateway.config()["listeners"] if each["name"] == f"port {port}")
    host, _, number = listener["address"].rpartition(":")
    return host, int(number)


def ask(gateway: Gateway, path: str, *fields: str, port: int = 80) -> Message:
    with connect(opened(gateway, port)) as client:
        client.send(get(path, "www.example", *fields))
        return client.answer()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_redirects_speak_of_the_port_that_is_declared_wherever_it_is_opened(
    start_gateway: StartGateway, workers: str
) -> None:
    rules = "[{filters: [{type: RequestRedirect, requestRedirect: {hostname: other.example}}]}]"
    gateway = start_gateway({"a.yaml": CLASS + route(rules)}, *MAPPED, "--workers", workers)
    for declared, port in ((80, b""), (8080, b":8080")):
        assert opened(gateway, declared)[0] == "127.0.0.1"
        answer = ask(gateway, "/x?y", port=declared)
        assert (answer.status, answer.get(b"location")) == (302, b"http://other.example" + port + b"/x?y")


def test_a_session_leads_back_to_its_backend_until_that_is_gone(start_gateway: StartGateway) -> None:
    rules = "[{sessionPersistence: {cookie: {name: sid}}, backendRefs: [{name: a, port: 80}, {name: b, port: 80}]}]"
    with peer() as a, peer() as b, peer() as other_b:
        start = CLASS + route(rules)
        gateway = start_gateway({"a.yaml": start + service("a", [a]) + service("b", [b, other_b])}, *MAPPED)
        cookie = (ask(gateway, "/").get(b"set-cookie") or b"").decode().partition(";")[0]
        (chosen,) = (each for each in (a, b, other_b) if each.requests)
        for _ in range(5):
            assert ask(gateway, "/", f"Cookie: {cookie}").get(b"set-cookie") is None
        assert len(chosen.requests) == 6
        left_a, left_b = ([each for each in peers if each is not chosen] for peers in ([a], [b, other_b]))
        gateway.write("a.yaml", start + service("a", left_a) + service("b", left_b))
        gateway.serve("{}")
        answer = ask(gateway, "/", f"Cookie: {cookie}")
        assert (answer.status == 503) is (answer.get(b"set-cookie") is None)
        assert len(chosen.requests) == 6


def test_a_mirror_of_one_backend_gets_copies_of_what_goes_there(start_gateway: StartGateway) -> None:
    mirror = "{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 80}}}"
    rules = f"[{{backendRefs: [{{name: a, port: 80, filters: [{mirror}]}}, {{name: b, port: 80}}]}}]"
    with peer() as a, peer() as b, peer() as copies:
        text = CLASS + route(rules) + service("a", [a]) + service("b", [b]) + service("m", [copies])
        gateway = start_gateway({"a.yaml": text}, *MAPPED)
        for number in range(20):
            ask(gateway, f"/{number}")
        assert a.requests and b.requests
        until(lambda: len(copies.requests) >= len(a.requests), "the copies")
        assert sorted(each.start for each in copies.requests) == sorted(each.start for each in a.requests)
        assert {each.get(b"host") for each in copies.requests} == {b"www.example"}


def test_connections_that_break_off_are_answered_503_when_retries_are_exhausted(start_gateway: StartGateway) -> None:
    with peer(resetting) as broken:
        rules = "[{retry: {attempts: 2, backoff: 10ms}, backendRefs: [{name: a, port: 80}]}]"
        gateway = start_gateway({"a.yaml": CLASS + route(rules) + service("a", [broken])}, *MAPPED)
        assert ask(gateway, "/").status == 503
        assert broken.connections == 3
