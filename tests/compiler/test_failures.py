"""Rules and destinations that fail: decided when they are compiled, answered 500, and told to those who ask."""

import pytest

from shadowgate.compiler.explain import explain
from shadowgate.model import Settings
from shadowgate.testing import request

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec: {gatewayClassName: ours, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: v1
kind: Service
metadata: {name: v1}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: empty}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: v1-a, labels: {kubernetes.io/service-name: v1}}
addressType: IPv4
ports: [{port: 80}]
endpoints: [{addresses: [10.0.0.1]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api}
spec:
  parentRefs: [{name: web}]
  rules:
"""
MISSING = "BackendNotFound: there is no Service default/nobody"


@pytest.fixture
def serve(in_memory):
    def serving(rule):
        it = in_memory(listen=["tcp:8000"], settings=Settings())
        it.apply(GATEWAY + rule)
        it.gateway.listen()
        return it

    return serving


def ask(it, target="/"):
    client = it.client(80)
    client.send(f"GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
    head, _, body = client.take().decode().partition("\r\n\r\n")
    return head.partition("\r\n")[0].split()[1:2], body


def explained(it, target="/"):
    head = request("GET", target, authority="a.test")
    head.listener = "port 80"
    return explain(it.gateway.snapshot, head, it.gateway.catalog)


def test_a_destination_that_fails_is_answered_500_and_logged_with_the_reason(serve):
    it = serve("  - backendRefs: [{name: nobody, port: 80}]\n")
    assert ask(it) == (["500"], "route_invalid: the route cannot be followed as it is configured\n")
    (line,) = it.log_lines
    assert (line["status"], line["outcome"], line["reason"]) == (500, "route_invalid", MISSING)
    assert line["route"] == "api"


def test_its_share_alone_fails(serve):
    it = serve("  - backendRefs: [{name: nobody, port: 80}, {name: empty, port: 80, weight: 3}]\n")
    statuses = [ask(it)[0][0] for _ in range(400)]
    # A Service without endpoints is 503 as ever.
    assert set(statuses) == {"500", "503"}
    assert 60 < statuses.count("500") < 140


def test_an_explanation_says_which_share_fails_and_why(serve):
    it = serve("  - backendRefs: [{name: nobody, port: 80}, {name: v1, port: 80, weight: 3}]\n")
    bad, good = explained(it).destinations
    assert (bad.percent, bad.problem) == (25.0, f"{MISSING}: answered 500")
    assert (good.percent, good.problem) == (75.0, "")


def test_an_explanation_of_a_rule_with_one_destination_that_fails_gives_the_answer(serve):
    told = explained(serve("  - backendRefs: [{name: nobody, port: 80}]\n"))
    assert (told.answer.status, told.answer.by) == (500, MISSING)


def test_a_rule_that_fails_runs_none_of_its_filters(serve):
    it = serve(
        """
  - matches: [{path: {value: /old}}]
    filters:
    - {type: RequestRedirect, requestRedirect: {hostname: new.test}}
    - {type: ExtensionRef, extensionRef: {group: shadowgate.io, kind: Filter, name: nobody}}
"""
    )
    assert ask(it, "/old")[0] == ["500"]
    told = explained(it, "/old")
    assert (told.answer.status, told.answer.by) == (500, "there is no Filter default/nobody")
    assert told.filters == ()
    assert it.log_lines[0]["reason"] == "there is no Filter default/nobody"


def test_weights_that_are_all_0_are_answered_500(serve):
    it = serve("  - backendRefs: [{name: v1, port: 80, weight: 0}, {name: v1, port: 80, weight: 0}]\n")
    assert ask(it)[0] == ["500"]
    assert explained(it).answer.by == "the weights of all backendRefs are 0"


def test_nothing_is_mirrored_of_a_share_that_fails(serve):
    it = serve(
        """
  - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: v1, port: 80}}}]
    backendRefs: [{name: nobody, port: 80}]
"""
    )
    assert ask(it)[0] == ["500"]
    assert it.dialled == []


def test_a_mirror_that_cannot_be_used_changes_nothing_for_the_client(serve):
    it = serve(
        """
  - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: nobody, port: 80}}}]
    backendRefs: [{name: v1, port: 80}]
"""
    )
    assert ask(it)[0] == []
    assert it.dialled == ["10.0.0.1:80"]
    assert explained(it).mirrors == ()


def test_what_a_request_finds_is_what_an_explanation_finds_however_specific(serve):
    it = serve(
        """
  - matches: [{path: {value: /}}]
    backendRefs: [{name: v1, port: 80}]
  - matches: [{path: {value: /a}, method: GET}, {path: {type: Exact, value: /a/b}}]
    filters: [{type: RequestRedirect, requestRedirect: {hostname: one.test}}]
  - matches: [{path: {value: /a/b}}, {path: {type: RegularExpression, value: "/a/b/[0-9]"}}]
    filters: [{type: RequestRedirect, requestRedirect: {hostname: two.test}}]
"""
    )
    rules = {target: explained(it, target).rule for target in ("/", "/a", "/a/b", "/a/b/", "/a/b/1", "/a/c")}
    assert rules == {
        "/": "HTTPRoute default/api: rule[0]",
        "/a": "HTTPRoute default/api: rule[1].match[0]",
        "/a/b": "HTTPRoute default/api: rule[1].match[1]",
        "/a/b/": "HTTPRoute default/api: rule[2].match[0]",
        "/a/b/1": "HTTPRoute default/api: rule[2].match[1]",
        "/a/c": "HTTPRoute default/api: rule[1].match[0]",
    }
    for target, rule in rules.items():
        head = request("GET", target, authority="a.test")
        head.listener = "port 80"
        found = it.gateway.snapshot.find(head)
        assert explained(it, target).search.winner.rule is found, rule
