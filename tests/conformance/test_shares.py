"""Cases of the conformance suite that count: shares of backends and mirrors.

``HTTPRouteWeight`` and ``MeshHTTPRouteWeight``, ``HTTPRouteRequestPercentageMirror``, and
``HTTPRouteRequestHeaderModifierBackendWeights``.
"""

from collections import Counter

import pytest

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shares, namespace: infra}
spec:
  parentRefs: [{name: same-namespace}]
  rules:
"""
TIMES = 1000


AT_SERVICE = "{kind: Service, name: v1, port: 8080}"


def ask_often(served, target="/", host="", fields=()):
    return [served.ask("GET", target, host, fields) for _ in range(TIMES)]


@pytest.mark.parametrize("mesh", [False, True])
def test_requests_are_divided_by_weight(serve, mesh):
    route = ROUTE.replace("{name: same-namespace}", AT_SERVICE) if mesh else ROUTE
    served = serve(
        f"""{route}
  - backendRefs:
    - {{name: v1, port: 8080, weight: 70}}
    - {{name: v2, port: 8080, weight: 30}}
    - {{name: v3, port: 8080, weight: 0}}
""",
        mesh=mesh,
    )
    counted = Counter(done.backend for done in ask_often(served, host="v1.infra"))
    assert set(counted) == {"v1", "v2"}
    # The suite's own tolerance.
    assert abs(counted["v1"] / TIMES - 0.7) < 0.05


def test_a_backend_gets_the_requests_that_its_own_filters_changed(serve):
    served = serve(
        ROUTE
        + "  - backendRefs:\n"
        + "".join(
            f"""    - name: {name}
      port: 8080
      weight: 10
      filters:
      - {{type: RequestHeaderModifier, requestHeaderModifier: {{set: [{{name: Backend, value: {name}}}]}}}}
"""
            for name in ("v1", "v2")
        )
    )
    for _ in range(100):
        done = served.ask("GET", "/")
        assert done.seen[0][1].fields["backend"] == done.backend


@pytest.mark.parametrize(
    ("share", "percent"), [("percent: 20", 20), ("fraction: {numerator: 25, denominator: 50}", 50), ("percent: 35", 35)]
)
def test_a_share_of_the_requests_is_mirrored(serve, share, percent):
    served = serve(
        f"""{ROUTE}
  - filters:
    - {{type: RequestHeaderModifier, requestHeaderModifier: {{set: [{{name: X-Header-Set, value: changed}}]}}}}
    - {{type: RequestMirror, requestMirror: {{backendRef: {{name: v2, port: 8080}}, {share}}}}}
    backendRefs: [{{name: v1, port: 8080}}]
"""
    )
    done = ask_often(served, fields=[("X-Header-Set", "asked")])
    assert all(each.backend == "v1" for each in done)
    copies = [request for each in done for name, request in each.seen[1:] if name == "v2"]
    # Seeded, and well within the suite's tolerance of 15 per cent of the share.
    assert abs(len(copies) - TIMES * percent / 100) < TIMES * percent / 100 * 0.15
    assert all(request.fields["x-header-set"] == "changed" for request in copies)
