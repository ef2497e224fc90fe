"""Listeners, routes, grants and conditions of the Gateway API in a gateway of its own process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.peers import peer
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import Message, connect, get

StartGateway = Callable[..., Gateway]

MAPPED = ("--bind", "127.0.0.1", "--map-port", "80=0", "--map-port", "8080=0")
GATEWAYS = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours, generation: 2}
spec: {controllerName: shadowgate.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, generation: 3}
spec:
  gatewayClassName: ours
  listeners:
  - {name: any, port: 80, protocol: HTTP}
  - {name: example, port: 80, protocol: HTTP, hostname: "*.example.com"}
  - {name: inner, port: 8080, protocol: HTTP, hostname: inner.test}
  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}
"""
ROUTES = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: any}
spec:
  parentRefs: [{name: web, sectionName: any}]
  rules: [{backendRefs: [{name: a, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: example}
spec:
  parentRefs: [{name: web, sectionName: example}]
  rules:
  - matches: [{path: {value: /}, headers: [{name: version, value: two}]}, {path: {value: /b}}]
    backendRefs: [{name: b, namespace: other, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: inner}
spec:
  parentRefs: [{name: web, port: 8080}]
  rules: [{backendRefs: [{name: nobody, port: 80}]}]
"""
GRANT = """\
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: let-in, namespace: other}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}]
  to: [{group: "", kind: Service}]
"""


def service(name: str, namespace: str, port: int) -> str:
    return (
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
        "spec: {ports: [{port: 80}]}\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        f"metadata: {{name: {name}-1, namespace: {namespace}, labels: {{kubernetes.io/service-name: {name}}}}}\n"
        f"addressType: IPv4\nports: [{{port: {port}}}]\nendpoints: [{{addresses: [127.0.0.1]}}]\n"
    )


def ask(gateway: Gateway, target: str, host: str, *fields: str, port: int = 80) -> Message:
    """Ask at the place where a declared port was opened."""
    (listener,) = (each for each in gateway.config()["listeners"] if each["name"] == f"port {port}")
    address, _, number = listener["address"].rpartition(":")
    with connect((address, int(number))) as client:
        client.send(get(target, host, *fields))
        return client.answer()


def reasons(gateway: Gateway, name: str) -> list[str]:
    """Return the reasons of a route's conditions, of its only parent."""
    (status,) = (
        each["status"] for each in gateway.config()["statuses"] if (each["kind"], each["name"]) == ("HTTPRoute", name)
    )
    (parent,) = status["parents"]
    return [condition["reason"] for condition in parent["conditions"]]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_routes_are_served_where_they_are_attached_and_grants_count_at_once(
    start_gateway: StartGateway, workers: str
) -> None:
    with peer() as a, peer() as b:
        services = service("a", "default", a.port) + service("b", "other", b.port)
        gateway = start_gateway({"a.yaml": GATEWAYS + ROUTES + services}, *MAPPED, "--workers", workers)
        assert {each["name"] for each in gateway.config()["listeners"]} >= {"port 80", "port 8080"}
        assert "port 443" not in {each["name"] for each in gateway.config()["listeners"]}

        assert ask(gateway, "/b", "elsewhere.test").status == 200
        assert len(a.requests) == 1
        # The narrower listener serves its hosts, whether it has a rule for the request or not.
        assert ask(gateway, "/c", "www.example.com").status == 404
        refused = ask(gateway, "/b", "www.example.com")
        assert refused.status == 500
        assert reasons(gateway, "example") == ["Accepted", "RefNotPermitted"]

        gateway.write("a.yaml", GATEWAYS + ROUTES + services + GRANT)
        gateway.serve("{}")
        assert ask(gateway, "/b", "www.example.com").status == 200
        assert ask(gateway, "/c", "www.example.com:1234", "Version: two").status == 200
        assert len(b.requests) == 2
        assert reasons(gateway, "example") == ["Accepted", "ResolvedRefs"]


def test_what_a_route_cannot_use_is_told_in_the_log_and_in_the_conditions(start_gateway: StartGateway) -> None:
    with peer() as a:
        gateway = start_gateway({"a.yaml": GATEWAYS + ROUTES + service("a", "default", a.port)}, *MAPPED)
        assert ask(gateway, "/", "inner.test", port=8080).status == 500
        assert ask(gateway, "/", "outer.test", port=8080).status == 404

        def logged() -> dict[str, Any] | None:
            return next((line for line in gateway.access() if line["status"] == 500), None)

        until(lambda: logged() is not None, "the line of the access log")
        line = logged()
        assert line is not None
        assert (line["outcome"], line["reason"]) == (
            "route_invalid",
            "BackendNotFound: there is no Service default/nobody",
        )
        shown = {(each["kind"], each["name"]): each["status"] for each in gateway.config()["statuses"]}
        assert shown["GatewayClass", "ours"]["conditions"][0]["observedGeneration"] == 2
        listeners = {each["name"]: each for each in shown["Gateway", "web"]["listeners"]}
        assert listeners["https"]["conditions"][0]["reason"] == "UnsupportedProtocol"
        assert {name: each["attachedRoutes"] for name, each in listeners.items()} == {
            "any": 1,
            "example": 1,
            "inner": 1,
            "https": 0,
        }
