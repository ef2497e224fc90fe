"""VirtualServices and HTTPRoutes side by side in one gateway: one route table, one order."""

import pytest

EDGE = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec: {gatewayClassName: ours, listeners: [{name: http, port: 80, protocol: HTTP}]}
"""
VIRTUAL = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: virtual, creationTimestamp: %s}
spec:
  hosts: [%s]
  gateways: [edge]
  http:
  - match: [{uri: {prefix: /shared}}, {uri: {prefix: /virtual}}]
    directResponse: {status: 200, body: {string: virtual}}
  - directResponse: {status: 200, body: {string: virtual at last}}
"""
HTTP = """
---
apiVersion: shadowgate.io/v1
kind: Filter
metadata: {name: %(name)s}
spec: {respond: {body: %(name)s}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %(name)s, creationTimestamp: "%(created)s"}
spec:
  parentRefs: [%(parent)s]
  hostnames: [%(host)s]
  rules:
  - matches: [%(matches)s]
    filters: [{type: ExtensionRef, extensionRef: {group: shadowgate.io, kind: Filter, name: %(name)s}}]
"""
OLD, MIDDLE, YOUNG = (f"{year}-01-01T00:00:00Z" for year in (2023, 2024, 2025))


def http(name, created, matches, host="a.test", parent="{name: edge}"):
    return HTTP % {"name": name, "created": created, "matches": matches, "host": host, "parent": parent}


@pytest.fixture
def serve(in_memory):
    def serving(text):
        it = in_memory(listen=["tcp:8000"])
        it.apply(text)
        it.gateway.listen()
        return it

    return serving


def ask(it, target, host="a.test", port=80):
    client = it.client(port)
    client.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head, _, body = client.take().decode().partition("\r\n\r\n")
    return body if " 200 " in head else head.split()[1]


def test_gateways_of_one_name_and_port_serve_their_own_hosts(serve):
    it = serve(EDGE + VIRTUAL % (MIDDLE, "v.test") + http("route", MIDDLE, "{path: {value: /}}"))
    assert ask(it, "/", "v.test") == "virtual at last"
    assert ask(it, "/", "a.test") == "route"
    assert ask(it, "/", "other.test") == "404"
    (listener,) = (each for each in it.gateway.snapshot.configuration.listeners if each.gateway)
    assert listener.gateway == "default/edge, default/edge/http"


@pytest.mark.parametrize(("created", "shared"), [(OLD, "route"), (YOUNG, "virtual")])
def test_on_one_host_the_older_object_goes_first_and_what_matches_everything_last(serve, created, shared):
    matches = "{path: {value: /shared}}, {path: {value: /route}}, {path: {value: /}, method: POST}"
    it = serve(EDGE + VIRTUAL % (MIDDLE, "a.test") + http("route", created, matches))
    assert ask(it, "/shared") == shared
    assert ask(it, "/virtual") == "virtual"
    assert ask(it, "/route") == "route"
    assert ask(it, "/else") == "virtual at last"
    assert [problem.code for problem in it.gateway.problems if problem.code.startswith("SG08")] == ["SG0850", "SG0880"]


def test_routes_of_one_host_stay_together_and_stand_where_the_oldest_would(serve):
    it = serve(
        EDGE
        + VIRTUAL % (MIDDLE, "a.test")
        + http("young", YOUNG, "{path: {value: /shared/exactly}}")
        + http("old", OLD, "{path: {value: /shared}}")
    )
    assert ask(it, "/shared/exactly") == "young"
    assert ask(it, "/shared/else") == "old"


def test_a_route_that_matches_everything_does_not_hide_a_virtual_service(serve):
    it = serve(EDGE + VIRTUAL % (MIDDLE, "a.test") + http("route", OLD, "{path: {value: /}}"))
    assert ask(it, "/virtual") == "virtual"
    assert ask(it, "/else") == "route"


def test_at_the_gateways_own_listeners_both_serve_the_clients_of_a_service(serve):
    service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
    mesh = VIRTUAL.replace("  gateways: [edge]\n", "")
    route = http("route", OLD, "{path: {value: /shared}}", "ignored.test", "{kind: Service, name: web}")
    it = serve(EDGE + service + mesh % (MIDDLE, "web") + route)
    assert ask(it, "/shared", "web", 8000) == "route"
    assert ask(it, "/virtual", "web", 8000) == "virtual"
    assert ask(it, "/virtual", "web.default", 8000) == "virtual"


def test_a_narrower_listener_without_routes_keeps_istios_wider_one_away(serve):
    narrow = EDGE.replace("port: 80, protocol: HTTP}]}", "port: 80, protocol: HTTP, hostname: a.test}]}")
    it = serve(narrow + VIRTUAL % (MIDDLE, '"*"'))
    assert ask(it, "/", "b.test") == "virtual at last"
    assert ask(it, "/", "a.test") == "404"
