"""What would become of a request: filters, answers, destinations with their shares, mirrors with their odds."""

import json

import pytest
from attrs import frozen
from zope.interface import implementer

from shadowgate.cli.explanation import lines_of
from shadowgate.compiler.explain import explain
from shadowgate.config.catalog import Catalog
from shadowgate.model import Settings, Timeouts
from shadowgate.plugin import FilterHooks, IFilter, IMirrorPolicy, Plugin
from shadowgate.testing import request

CLUSTERS = """
clusters:
  v1:
    endpoints: [10.0.0.1:80, {address: 10.0.0.2, port: 80, weight: 2, labels: {zone: a}}]
    subsets: {a: {zone: a}, b: {zone: b}}
  v2: 10.0.1.1:80
  empty: []
"""


@implementer(IFilter)
@frozen
class Impure:
    """A filter that must not be run to explain anything."""

    def compile(self, env):
        def on_request(head):
            raise AssertionError("this filter was run")

        return FilterHooks(on_request=on_request)


@implementer(IFilter)
@frozen
class Broken:
    """A pure filter that raises."""

    def compile(self, env):
        def on_request(head):
            raise ValueError("no")

        return FilterHooks(on_request=on_request, pure=True)


@implementer(IMirrorPolicy)
@frozen
class OwnPolicy:
    """A policy without a percentage."""

    def compile(self, env):
        return lambda head: True


@pytest.fixture
def ask(in_memory, bundled):
    """Explain a request to a.test under some routes."""
    own = [
        Plugin("impure", IFilter, f"{__name__}.Impure"),
        Plugin("broken", IFilter, f"{__name__}.Broken"),
        Plugin("own-policy", IMirrorPolicy, f"{__name__}.OwnPolicy"),
    ]
    catalog = Catalog.of(own)
    catalog = Catalog((*bundled.entries, *catalog.entries))
    for declared in own:
        catalog._classes[catalog.entry(declared.point, declared.name)] = globals()[declared.target.rpartition(".")[2]]

    def ask(routes, head=None, **given):
        it = in_memory(**given)
        it.gateway.catalog = catalog
        it.apply(f"{CLUSTERS}routes:\n{routes}")
        head = head or request("GET", "/x?y=1", authority="a.test:8000")
        before = head.copy()
        found = explain(it.gateway.snapshot, head, catalog)
        assert (head.target, head.authority, head.headers) == (before.target, before.authority, before.headers)
        return found

    return ask


def effects(steps):
    return [(step.filter["plugin"], step.ran, step.effect) for step in steps]


def test_a_request_that_no_rule_takes_is_answered_404(ask):
    found = ask("- {hosts: b.test, to: v1}")
    assert not found.found
    assert (found.request, found.answer.status) == ("GET http://a.test:8000/x?y=1", 404)


def test_the_winner_is_told_with_its_place_and_its_timeouts(ask):
    found = ask("- {name: web, rules: [{name: r, to: v1, timeouts: {connect: 1s}}]}")
    assert found.found
    assert (found.rule, found.position) == ("Route default/web: rule r", "gw.yaml:9:23")
    assert found.timeouts == Timeouts(connect=1)
    assert (found.answer, found.retry) == (None, {"plugin": "retry"})


# Destinations


def shares(found):
    return [(share.destination, share.percent) for share in found.destinations]


@pytest.mark.parametrize(
    ("destinations", "expected"),
    [
        ("v1", [("v1", 100)]),
        ("{cluster: v1, weight: 0}", [("v1", 100)]),
        ("[{cluster: v1, weight: 30}, {cluster: v2, weight: 10}]", [("v1", 75), ("v2", 25)]),
        ("[{cluster: v1, weight: 0}, v2]", [("v1", 0), ("v2", 100)]),
        ("[v1, v2], balancer: round-robin", [("v1", None), ("v2", None)]),
    ],
)
def test_each_destination_has_its_share(ask, destinations, expected):
    assert shares(ask(f"- {{to: {destinations}}}")) == expected


def test_a_destination_shows_the_endpoints_that_are_there(ask):
    (share,) = ask("- {to: v1}").destinations
    assert [endpoint["address"] for endpoint in share.endpoints] == ["10.0.0.1:80", "10.0.0.2:80"]
    (subset,) = ask("- {to: v1/a}").destinations
    assert [(endpoint["address"], endpoint["weight"]) for endpoint in subset.endpoints] == [("10.0.0.2:80", 2)]
    assert (subset.cluster, subset.subset, subset.problem) == ("v1", "a", "")


@pytest.mark.parametrize(
    ("destination", "problem"),
    [
        ("v1/c", 'v1 has no subset "c": answered 503'),
        ("v1/b", "there are no endpoints: answered 503"),
        ("empty", "there are no endpoints: answered 503"),
    ],
)
def test_a_destination_that_cannot_be_reached_says_why_and_nothing_is_mirrored(ask, destination, problem):
    found = ask(f"- {{to: {destination}, mirror: v2}}")
    assert [share.problem for share in found.destinations] == [problem]
    assert found.mirrors == ()


def test_a_host_that_nothing_is_known_of_is_said_to_be_answered_503(in_memory, bundled):
    it = in_memory()
    it.apply(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\n"
        "spec: {hosts: [a.test], http: [{route: [{destination: {host: b.test}}]}]}\n"
    )
    found = explain(it.gateway.snapshot, request("GET", "/", authority="a.test"), bundled)
    assert [share.problem for share in found.destinations] == ["nothing is known of this host: answered 503"]


def test_what_goes_upstream_is_what_the_filters_made_of_it(ask):
    found = ask(
        "- to:\n"
        "  - {cluster: v1, filters: {path-rewrite: {prefix: /x, replacement: /z}}}\n"
        "  - {cluster: v2, filters: {header-rewrite: {request: {set: {Host: v2.test}}}}}\n"
        "  filters: {header-rewrite: {request: {set: {x-a: '1'}, remove: [x-b]}}}"
    )
    assert effects(found.filters) == [("header-rewrite", True, "changes x-a")]
    assert [(share.target, share.authority) for share in found.destinations] == [
        ("/z?y=1", "a.test:8000"),
        ("/x?y=1", "v2.test"),
    ]
    assert effects(found.destinations[0].filters) == [("path-rewrite", True, "target /x?y=1 becomes /z?y=1")]
    assert effects(found.destinations[1].filters) == [("header-rewrite", True, "Host a.test:8000 becomes v2.test")]


# Filters


def test_a_filter_that_answers_is_the_answer(ask):
    found = ask(
        "- {to: v1, mirror: v2, filters: [{respond: {status: 418, body: tea, headers: {x-a: '1', set-cookie: a=b}}},"
        " {path-rewrite: {replacement: /z}}]}"
    )
    assert effects(found.filters) == [("respond", True, "answers 418"), ("path-rewrite", True, "not reached")]
    assert (found.answer.status, found.answer.by, found.answer.body) == (418, "respond", "tea")
    assert found.answer.headers == {"x-a": "1", "set-cookie": "[redacted]", "content-type": "text/plain; charset=utf-8"}
    assert found.destinations == () and found.mirrors == ()


def test_a_redirect_is_the_answer(ask):
    found = ask("- {to: v1, filters: {redirect: {scheme: https, authority: b.test}}}")
    assert (found.answer.status, found.answer.headers) == (301, {"Location": "https://b.test/x?y=1"})


def test_a_filter_that_is_not_pure_is_told_and_not_run(ask):
    found = ask("- {to: v1, filters: [impure, {path-rewrite: {replacement: /z}}]}")
    assert effects(found.filters) == [("impure", False, ""), ("path-rewrite", True, "target /x?y=1 becomes /z?y=1")]
    assert not found.certain
    assert found.destinations[0].target == "/z?y=1"


def test_a_filter_that_acts_on_the_answer_alone_has_no_effect_here(ask):
    found = ask("- {to: v1, filters: {header-rewrite: {response: {remove: [server]}}}}")
    assert effects(found.filters) == [("header-rewrite", True, "")]
    assert found.certain


def test_a_filter_that_raises_is_answered_500_unless_it_may_be_skipped(ask):
    found = ask("- {to: v1, filters: broken}")
    assert (found.answer.status, found.answer.by) == (500, "broken raised ValueError: no")
    assert ask("- {to: v1, filters: {broken: {}, onError: skip}}").answer is None


def test_a_destinations_filter_that_answers_mirrors_nothing(ask):
    found = ask("- {to: {cluster: v1, filters: {respond: {status: 204}}}, mirror: v2}")
    assert found.answer is None
    assert found.destinations[0].answer.status == 204
    assert found.mirrors == ()


# Mirrors


@pytest.mark.parametrize(
    ("mirror", "odds"),
    [
        ("v2", 100),
        ("{to: v2, percent: 0.5}", 0.5),
        ("{to: v2, by: {hash: {header: x-a, percent: 20}}}", 20),
        ("{to: v2, by: random}", 100),
        ("{to: v2, by: own-policy}", None),
    ],
)
def test_a_mirror_has_its_odds(ask, mirror, odds):
    (copy,) = ask(f"- {{to: v1, mirror: {mirror}}}").mirrors
    assert copy.odds == odds
    assert [endpoint["address"] for endpoint in copy.endpoints] == ["10.0.1.1:80"]


@pytest.mark.parametrize(
    ("mirror", "hosts"),
    [
        ("v2", ("a.test-shadow:8000",)),
        ("{to: v2, suffix: -x}", ("a.test-x:8000",)),
        ("{to: v2, suffix: ''}", ("a.test:8000",)),
        ("{to: v2, host: other}", ("other",)),
        ("{to: v2, headers: {set: {Host: mine}}}", ("mine",)),
        ("{to: v2, filters: {respond: {}}}", ()),
    ],
)
def test_a_copy_has_its_host(ask, mirror, hosts):
    assert ask(f"- {{to: v1, mirror: {mirror}}}").mirrors[0].hosts == hosts


def test_the_gateways_own_suffix_is_the_one_that_is_told(ask):
    assert ask("- {to: v1, mirror: v2}", settings=Settings(shadow_suffix="-copy")).mirrors[0].hosts == (
        "a.test-copy:8000",
    )


def test_a_copy_has_the_host_that_filters_gave_the_request_and_one_for_each_destination(ask):
    found = ask(
        "- to: [v1, {cluster: v2, filters: {header-rewrite: {request: {set: {Host: two}}}}}]\n"
        "  filters: {header-rewrite: {request: {set: {Host: one}}}}\n"
        "  mirror: v2"
    )
    assert found.mirrors[0].hosts == ("one-shadow", "two-shadow")


def test_a_destination_that_gets_nothing_gives_a_copy_no_host(ask):
    found = ask(
        "- to: [v1, {cluster: v2, weight: 0, filters: {header-rewrite: {request: {set: {Host: two}}}}}]\n  mirror: v2"
    )
    assert found.mirrors[0].hosts == ("a.test-shadow:8000",)


def test_a_mirror_that_leads_nowhere_says_so(ask):
    (copy,) = ask("- {to: v1, mirror: nowhere}").mirrors
    assert copy.problem == "nothing is known of this host: nothing is copied"


def test_limits_of_a_mirror_are_those_in_effect(ask):
    (copy,) = ask("- {to: v1, mirror: {to: v2, limits: {inFlight: 3}}}").mirrors
    assert copy.limits.in_flight == 3
    assert copy.limits.timeout == 15


# As JSON


def test_as_json_it_has_no_object_of_ours_and_no_secret(ask):
    found = ask(
        "- {to: v1, mirror: v2, match: {headers: {authorization: Bearer s3cret}},"
        " filters: {header-rewrite: {request: {set: {authorization: s3cret}}}}}",
        request("GET", "/", {"authorization": "Bearer s3cret"}, authority="a.test"),
    )
    text = json.dumps(found.plain())
    assert "s3cret" not in text
    assert json.loads(text)["search"]["tried"][0]["result"] == "won"
    assert "winner" not in json.loads(text)["search"]


GATEWAY_API = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{kind: Service, name: a, port: 80}]
  rules:
  - backendRefs:
    - name: a
      port: 80
      filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}}}]
    - {name: b, port: 80, weight: 3}
""" + "".join(
    f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
    f"spec: {{type: ExternalName, externalName: {name}.example, ports: [{{port: 80}}]}}\n"
    for name in "ab"
)


def test_a_mirror_of_one_destination_says_whose_copies_it_gets(in_memory, bundled):
    it = in_memory()
    it.apply(GATEWAY_API)
    found = explain(it.gateway.snapshot, request(authority="a"), bundled)
    (copy,) = found.mirrors
    assert (copy.destination, copy.only) == ("b.default.svc.cluster.local:80", "a.default.svc.cluster.local:80")
    assert [share.percent for share in found.destinations] == [25, 75]
    assert any("only of what goes to a.default" in line for line in lines_of(found.plain()))
