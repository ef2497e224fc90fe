"""The native form: what each short and long way of writing amounts to.  What is refused is in tests/cases/native."""

import pytest

from shadowgate.bundled.dialects.native import NativeDialect
from shadowgate.model import (
    ClientNetwork,
    Cluster,
    Destination,
    Endpoint,
    Listener,
    MirrorLimits,
    PathMatch,
    Route,
)
from shadowgate.plugin import Mapping, Report, Sequence
from shadowgate.plugin.yaml import read_text


def fragments_of(text):
    report = Report()
    dialect = NativeDialect()
    fragments = []
    for document in read_text(text, "f.yaml", report):
        assert (document.group, document.kind) in dialect.kinds
        fragments.extend(dialect.translate(document, report))
    assert report.problems == []
    return fragments


def rule_of(text):
    """The one rule of a route whose keys are given."""
    (route,) = fragments_of("routes:\n- to: httpbin\n" + "".join(f"  {line}\n" for line in text.splitlines()))
    (rule,) = route.rules
    return rule


def mirror_of(text):
    (mirror,) = rule_of(f"mirror: {text}").mirrors
    return mirror


def plain(node):
    """A node as plain values, all of them text."""
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node]
    return None if node is None else node.text


def uses(found):
    return [(use.name, plain(use.options)) for use in found]


# The whole


def test_ten_lines_mirror_one_service_to_another():
    fragments = fragments_of(
        "clusters:\n  httpbin: 127.0.0.1:8001\n  candidate: 127.0.0.1:8002\n"
        "routes:\n- to: httpbin\n  mirror: {to: candidate, percent: 10}\n"
    )
    httpbin, candidate, route = fragments
    assert httpbin == Cluster("httpbin", (Endpoint("127.0.0.1", 8001),))
    assert candidate == Cluster("candidate", (Endpoint("127.0.0.1", 8002),))
    assert route.hosts == ("*",)
    (rule,) = route.rules
    assert rule.destinations == (Destination("httpbin"),)
    assert rule.mirrors[0].destination == Destination("candidate")
    assert uses([rule.mirrors[0].policy]) == [("random", {"percent": "10"})]


def test_a_document_may_say_what_it_is():
    text = (
        "apiVersion: shadowgate.io/v1\nkind: Config\nmetadata: {name: x, namespace: prod}\nclusters: {a: 127.0.0.1:1}\n"
    )
    (cluster,) = fragments_of(text)
    assert cluster.namespace == "prod"


def test_everything_that_is_said_knows_its_place():
    cluster, route = fragments_of(
        "clusters:\n  a: 127.0.0.1:1\nroutes:\n- match: {path: {exact: /}}\n  to: [{cluster: a}]\n  mirror: a\n"
    )
    (rule,) = route.rules
    places = [
        cluster.position,
        cluster.endpoints[0].position,
        route.position,
        rule.position,
        rule.matches[0].position,
        rule.matches[0].path.position,
        rule.destinations[0].position,
        rule.mirrors[0].position,
        rule.mirrors[0].destination.position,
    ]
    assert [(place.line, place.column) for place in places] == [
        (2, 6),
        (2, 6),
        (4, 3),
        (4, 3),
        (4, 10),
        (4, 17),
        (5, 8),
        (6, 11),
        (6, 11),
    ]


# Clusters


@pytest.mark.parametrize(
    ("written", "endpoints"),
    [
        ("127.0.0.1:8001", (Endpoint("127.0.0.1", 8001),)),
        ("'[::1]:8001'", (Endpoint("::1", 8001),)),
        ("httpbin.example:80", (Endpoint("httpbin.example", 80),)),
        ("unix:/run/a.sock", (Endpoint("unix:/run/a.sock"),)),
        ("[127.0.0.1:1, {address: b, port: 2, weight: 3}]", (Endpoint("127.0.0.1", 1), Endpoint("b", 2, weight=3))),
        ("{endpoints: a:1}", (Endpoint("a", 1),)),
        ("{endpoints: {address: a, port: 1, labels: {version: v1}}}", (Endpoint("a", 1, {"version": "v1"}),)),
        ("{endpoints: [a:1, b:2]}", (Endpoint("a", 1), Endpoint("b", 2))),
        ("{}", ()),
        ("[]", ()),
    ],
)
def test_endpoints_of_a_cluster(written, endpoints):
    (cluster,) = fragments_of(f"clusters: {{c: {written}}}")
    assert cluster.endpoints == endpoints


def test_subsets_and_balancers_of_a_cluster():
    (cluster,) = fragments_of("clusters: {c: {endpoints: a:1, subsets: {v1: {version: 1}}, balancer: round-robin}}")
    assert [(subset.name, subset.labels) for subset in cluster.subsets] == [("v1", {"version": "1"})]
    assert uses([cluster.policy.balancer]) == [("round-robin", None)]


# Routes


def test_a_route_without_a_name_is_called_after_its_host():
    first, second, third = fragments_of("routes: [{to: a}, {to: a, hosts: [b, c]}, {to: a, name: d}]")
    assert [route.name for route in (first, second, third)] == ["*", "b", "d"]
    assert [route.named for route in (first, second, third)] == [False, False, True]


def test_a_route_may_have_several_rules():
    (route,) = fragments_of(
        "routes:\n  hosts: '*.example.com'\n  listeners: web\n"
        "  rules: [{match: {path: {segments: /a}}, to: a, name: one}, {to: b}]\n"
    )
    assert isinstance(route, Route)
    assert (route.hosts, route.listeners) == (("*.example.com",), ("web",))
    assert [(rule.name, str(rule.destinations[0])) for rule in route.rules] == [("one", "a"), ("", "b")]


@pytest.mark.parametrize(
    ("written", "destinations"),
    [
        ("a", (Destination("a"),)),
        ("a/v1", (Destination("a", "v1"),)),
        ("a/v1:80", (Destination("a", "v1", 80),)),
        ("{cluster: a, subset: v1, port: 80, weight: 0}", (Destination("a", "v1", 80, 0),)),
        ("[{cluster: a, weight: 90}, b/v2]", (Destination("a", weight=90), Destination("b", "v2"))),
    ],
)
def test_where_requests_go(written, destinations):
    (route,) = fragments_of(f"routes: [{{to: {written}}}]")
    assert route.rules[0].destinations == destinations


def test_filters_balancer_and_timeouts_of_a_rule():
    rule = rule_of(
        "filters: [gzip, {header-rewrite: {request: {set: {a: b}}}, onError: skip}]\n"
        "balancer: {hash: {header: x-user}}\ntimeouts: {connect: 2s, idle: 1m}\n"
    )
    assert uses(rule.filters) == [("gzip", None), ("header-rewrite", {"request": {"set": {"a": "b"}}})]
    assert [use.on_error for use in rule.filters] == ["fail", "skip"]
    assert uses([rule.balancer]) == [("hash", {"header": "x-user"})]
    assert rule.timeouts == {"connect": 2.0, "idle": 60.0}


def test_filters_of_a_destination():
    (route,) = fragments_of("routes: {to: {cluster: a, filters: gzip}}")
    assert uses(route.rules[0].destinations[0].filters) == [("gzip", None)]


def test_a_rule_whose_filter_answers_needs_no_destination():
    (route,) = fragments_of("routes: {filters: {respond: {status: 404}}}")
    assert route.rules[0].destinations == ()


# Matches


@pytest.mark.parametrize("kind", ["exact", "prefix", "segments", "regex"])
def test_paths_are_compared_in_four_ways(kind):
    (match,) = rule_of(f"match: {{path: {{{kind}: /a, ignoreCase: true}}}}").matches
    assert match.path == PathMatch(kind, "/a", True)


@pytest.mark.parametrize(
    ("written", "conditions"),
    [
        ("method: GET", [("method", "GET")]),
        ("method: [GET, HEAD]", [("method", {"regex": "GET|HEAD"})]),
        ("method: {exact: GET}", [("method", {"exact": "GET"})]),
        ("headers: {x-user: ann}", [("header", {"name": "x-user", "exact": "ann"})]),
        (
            "headers: {x-user: {prefix: a, invert: true}, y: {present: true}}",
            [
                ("header", {"name": "x-user", "prefix": "a", "invert": "true"}),
                ("header", {"name": "y", "present": "true"}),
            ],
        ),
        ("query: {q: {regex: a+}}", [("query", {"name": "q", "regex": "a+"})]),
        ("authority: {prefix: a}", [("authority", {"prefix": "a"})]),
        ("scheme: https", [("scheme", "https")]),
        ("when: source", [("source", None)]),
        (
            "when: [{header-in: {name: a}}, {cookie: {name: b}}]",
            [("header-in", {"name": "a"}), ("cookie", {"name": "b"})],
        ),
    ],
)
def test_conditions_are_uses_of_matchers(written, conditions):
    (match,) = rule_of(f"match: {{{written}}}").matches
    assert match.path is None
    assert uses(match.conditions) == conditions


def test_several_matches_are_alternatives():
    assert len(rule_of("match: [{method: GET}, {method: PUT}]").matches) == 2


# Mirrors


def test_a_mirror_in_short_copies_everything():
    mirror = mirror_of("candidate/v2")
    assert mirror.destination == Destination("candidate", "v2")
    assert (mirror.policy, mirror.suffix, mirror.host, mirror.limits) == (None, None, None, None)


def test_several_mirrors():
    assert [str(mirror.destination) for mirror in rule_of("mirror: [a, {to: b}]").mirrors] == ["a", "b"]


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        ("percent: 0.5", ("random", {"percent": "0.5"})),
        ("by: counter, percent: 10", ("counter", {"percent": "10"})),
        ("by: {counter: {percent: 10}}", ("counter", {"percent": "10"})),
        ("by: {hash: {header: x-user}}, percent: 10", ("hash", {"header": "x-user", "percent": "10"})),
        ("by: {hash: {cookie: sid}}", ("hash", {"cookie": "sid"})),
    ],
)
def test_what_samples_a_mirror(written, policy):
    assert uses([mirror_of(f"{{to: c, {written}}}").policy]) == [policy]


def test_the_rest_of_a_mirror():
    mirror = mirror_of(
        '{to: c, name: m, suffix: "", headers: {set: {a: b}}, filters: gzip, observers: [{diff: {keep: 1}}], '
        "limits: {budget: 8MiB, timeout: 5s, inFlight: 7}}"
    )
    assert (mirror.name, mirror.suffix) == ("m", "")
    assert uses(mirror.filters) == [("header-rewrite", {"request": {"set": {"a": "b"}}}), ("gzip", None)]
    assert uses(mirror.observers) == [("diff", {"keep": "1"})]
    assert mirror.limits == MirrorLimits(budget=8 << 20, timeout=5.0, in_flight=7)
    assert mirror_of("{to: c, host: other.example}").host == "other.example"


# Listeners


def test_listeners_are_endpoints_with_or_without_a_name():
    assert fragments_of("listeners: [tcp:8000, {name: web, endpoint: 'unix:/run/web.sock'}]") == [
        Listener("tcp:8000", "tcp:8000"),
        Listener("web", "unix:/run/web.sock"),
    ]


def test_networks_of_clients_have_labels():
    written = "clients: [{networks: 10.0.0.0/8, labels: {app: web}}, {networks: [192.0.2.1, '::1']}]"
    assert fragments_of(written) == [
        ClientNetwork(("10.0.0.0/8",), {"app": "web"}),
        ClientNetwork(("192.0.2.1", "::1"), {}),
    ]


def test_retries_and_the_times_of_a_whole_request_and_of_an_attempt():
    (_, route) = fragments_of(
        "clusters: {c: a:1}\nroutes: [{to: c, retry: {retry: {attempts: 3}}, timeouts: {request: 2s, attempt: 500ms}}]"
    )
    (rule,) = route.rules
    assert uses([rule.retry]) == [("retry", {"attempts": "3"})]
    assert rule.timeouts == {"request": 2.0, "attempt": 0.5}
