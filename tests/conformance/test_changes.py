"""Cases of the conformance suite about objects that change, and one about a protocol that is no longer HTTP.

``HTTPRouteObservedGenerationBump``, ``GatewayObservedGenerationBump``, ``GatewayClassObservedGenerationBump``,
``GatewayModifyListeners``, the second half of ``HTTPRouteReferenceGrant``, and ``HTTPRouteBackendProtocolWebSocket``.
"""

import pytest

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: changing, namespace: infra, generation: %d}
spec:
  gatewayClassName: ours
  listeners:
"""
LISTENER = "  - {name: %s, port: %d, protocol: HTTP}\n"
ROUTE = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: to-%s, namespace: infra, generation: %d}
spec:
  parentRefs: [{name: changing}]
  rules:
  - backendRefs: [{name: %s, namespace: %s, port: %d}]
"""


def conditions(status):
    yield from status.get("conditions", ())
    for part in (*status.get("listeners", ()), *status.get("parents", ())):
        yield from part["conditions"]


@pytest.mark.parametrize(
    ("kind", "name", "generation"), [("GatewayClass", "ours", 1), ("Gateway", "changing", 4), ("HTTPRoute", "to-v1", 7)]
)
def test_conditions_are_about_the_generation_that_was_read(serve, kind, name, generation):
    served = serve(GATEWAY % 4 + LISTENER % ("http", 80) + ROUTE % ("v1", 7, "v1", "infra", 8080))
    observed = {each["observedGeneration"] for each in conditions(served.status(kind, name))}
    assert observed == {generation}


def test_a_listener_that_comes_or_goes_is_opened_or_closed(serve):
    route = ROUTE % ("v1", 1, "v1", "infra", 8080)
    one, both = LISTENER % ("http", 80), LISTENER % ("http", 80) + LISTENER % ("more", 8080)
    served = serve(GATEWAY % 1 + one + route)
    served.check("/ -> v1")
    served.reload(GATEWAY % 2 + both + route)
    served.check("/ @8080 -> v1")
    assert [each["name"] for each in served.status("Gateway", "changing")["listeners"]] == ["http", "more"]
    assert [each["attachedRoutes"] for each in served.status("Gateway", "changing")["listeners"]] == [1, 1]
    served.reload(GATEWAY % 3 + LISTENER % ("more", 8080) + route)
    assert 80 not in served.it.reactor.ports
    served.check("/ @8080 -> v1")


def test_without_its_grant_a_backend_is_refused(serve):
    grant = """
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: let-in, namespace: web}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: infra}]
  to: [{group: "", kind: Service, name: web}]
"""
    documents = GATEWAY % 1 + LISTENER % ("http", 80) + ROUTE % ("web", 1, "web", "web", 8080)
    served = serve(documents + grant)
    served.check("/ -> web")
    served.reload(documents)
    served.check("/ -> 500")
    (parent,) = served.status("HTTPRoute", "to-web")["parents"]
    assert [each["reason"] for each in parent["conditions"]] == ["Accepted", "RefNotPermitted"]


def test_a_websocket_reaches_a_backend_that_says_it_speaks_it(serve):
    served = serve(GATEWAY % 1 + LISTENER % ("http", 80) + ROUTE % ("v1", 1, "v1", "infra", 8082))
    client = served.it.client(80)
    client.send(
        b"GET /ws HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ws://gateway\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    backend = served.it.upstream()
    asked = backend.take()
    assert asked.startswith(b"GET /ws HTTP/1.1\r\n")
    assert b"ws://gateway" in asked
    backend.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert client.take().startswith(b"HTTP/1.1 101 ")
    client.send(b"\x81\x05Hello")
    assert backend.take() == b"\x81\x05Hello"
    backend.send(b"\x82\x03\x01\x02\x03")
    assert client.take() == b"\x82\x03\x01\x02\x03"
