"""Cases of the suite's mesh part: routes for the clients of a Service, who come to the gateway's own listener here.

``MeshBasic``, ``MeshPorts``, ``MeshTrafficSplit`` and ``MeshFrontend``, and the cases that are the same as for Gateways
but for the parent (``MeshHTTPRouteMatching`` and so on); what a client sends elsewhere by itself, a gateway cannot see.
"""

from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"
THE_SAME = (
    "303Redirect",
    "307Redirect",
    "308Redirect",
    "BackendRequestHeaderModifier",
    "Matching",
    "NamedRule",
    "QueryParamMatching",
    "RedirectHostAndStatus",
    "RedirectPath",
    "RedirectPort",
    "RedirectScheme",
    "RequestHeaderModifier",
    "RewritePath",
    "SimpleSameNamespace",
)

ROUTE = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s, namespace: %s}
spec:
  parentRefs: [{group: "", kind: Service, namespace: infra, %s}]
  rules:
"""
MARKED = """
  - filters:
    - {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-Header-Set, value: %s}]}}
    backendRefs: [{name: %s, namespace: infra, port: 8080}]
"""


@pytest.fixture
def ask(serve):
    def asking(documents, *lines):
        served = serve(documents, mesh=True)
        for line in lines:
            served.check(line)
        return served

    return asking


@pytest.mark.parametrize("name", THE_SAME)
def test_a_service_is_a_parent_like_a_gateway(ask, name):
    documents, _, rest = (CASES / f"HTTPRoute{name}.yaml").read_text().partition("# ---- requests\n")
    lines = [line for line in rest.partition("# ---- statuses\n")[0].splitlines() if not line.startswith("#")]
    documents = documents.replace("{name: same-namespace}", "{kind: Service, name: v1, port: 8080}")
    assert "kind: Service" in documents
    ask(documents, *(at_service(line) for line in lines))


def at_service(line):
    """Return the line of a case for Gateways with the Service as the host that is asked for."""
    method, target = line.split(" ", 1) if line.split(" ", 1)[0].isupper() else ("GET", line)
    return f"{method} v1.infra/{target.partition('/')[2]}".replace("://a.test", "://v1.infra")


def test_a_service_without_routes_serves_itself(ask):
    ask("", "v2.infra/ -> v2", "v2.infra.svc.cluster.local/ -> v2", "v2.infra:8080/ -> v2")


def test_a_route_is_for_the_clients_of_its_service(ask):
    documents = ROUTE % ("mark", "infra", "name: v2") + MARKED % ("set", "v2")
    ask(documents, "v2.infra/ -> v2 <X-Header-Set=set", "v3.infra/ -> v3 <-X-Header-Set", "elsewhere.infra/ -> 404")


def test_a_route_can_be_for_one_port_of_its_service(ask):
    documents = (
        ROUTE % ("first", "infra", "name: v1, port: 8080")
        + MARKED % ("first", "v1")
        + ROUTE % ("whole", "infra", "name: v2")
        + MARKED % ("whole", "v2")
    )
    ask(
        documents,
        "v1.infra:8080/ -> v1 <X-Header-Set=first",
        # Clients of a gateway often name no port, or the gateway's.
        "v1.infra/ -> v1 <X-Header-Set=first",
        "v1.infra:80/ -> v1 <X-Header-Set=first",
        "v1.infra:8082/ -> v1 <-X-Header-Set",
        "v2.infra:8080/ -> v2 <X-Header-Set=whole",
    )


def test_a_route_for_another_port_leaves_the_first_alone(ask):
    documents = ROUTE % ("third", "infra", "name: v1, port: 8082") + MARKED % ("third", "v1")
    ask(documents, "v1.infra:8082/ -> v1 <X-Header-Set=third", "v1.infra/ -> v1 <-X-Header-Set")


def test_a_service_can_stand_in_front_of_others(ask):
    documents = (
        ROUTE % ("split", "infra", "name: v1, port: 8080")
        + "  - {matches: [{path: {type: Exact, value: /v1}}], backendRefs: [{name: v2, port: 8080}]}\n"
        + "  - {matches: [{path: {type: Exact, value: /v2}}], backendRefs: [{name: v3, port: 8080}]}\n"
    )
    ask(documents, "v1.infra/v1 -> v2", "v1.infra/v2 -> v3", "v1.infra/ -> 404")


@pytest.mark.parametrize(
    ("namespace", "parent", "reason"),
    [
        ("infra", "name: nobody", "NoMatchingParent"),
        ("infra", "name: v1, port: 81", "NoMatchingParent"),
        ("web", "name: v1", "NotAllowedByListeners"),
    ],
)
def test_a_service_may_refuse_a_route(ask, namespace, parent, reason):
    served = ask(ROUTE % ("refused", namespace, parent) + MARKED % ("set", "v2"), "v1.infra/ -> v1 <-X-Header-Set")
    (status,) = served.status("HTTPRoute", "refused")["parents"]
    assert status["conditions"][0]["reason"] == reason
