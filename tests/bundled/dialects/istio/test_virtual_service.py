"""Rules of a VirtualService; whole documents are in tests/cases/istio."""

import pytest

from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

HEAD = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\n"


def translate(hosts="[web.example]", rules="[{route: [{destination: {host: web}}]}]", more=""):
    report = Report()
    (document,) = read_text(f"{HEAD}spec: {{hosts: {hosts}, http: {rules}{more}}}\n", "a.yaml", report)
    fragments = list(IstioDialect().translate(document, report))
    problems = [f"{problem.severity}: {problem.path}: {problem.message}" for problem in report.problems]
    return fragments[0] if fragments else None, problems


def weights(*given):
    items = ", ".join(f"{{destination: {{host: h{index}}}{weight}}}" for index, weight in enumerate(given))
    route, problems = translate(rules=f"[{{route: [{items}]}}]")
    return [destination.weight for destination in route.rules[0].destinations], problems


def test_a_route_is_named_after_its_document():
    route, problems = translate()
    assert (route.kind, route.namespace, route.name, route.hosts) == (
        "VirtualService",
        "shop",
        "web",
        ("web.example",),
    )
    assert str(route.position) == "a.yaml:1:1"
    assert problems == []


def test_a_short_host_stands_for_all_names_of_the_service():
    route, _ = translate("[web]")
    assert route.hosts == ("web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("",), [1]),
        ((", weight: 0",), [1]),
        ((", weight: 100",), [100]),
        ((", weight: 3", ", weight: 1"), [3, 1]),
        ((", weight: 3", ""), [3]),
        ((", weight: 0", ", weight: 5"), [5]),
    ],
)
def test_one_destination_has_everything_and_among_several_no_weight_is_no_share(given, expected):
    assert weights(*given) == (expected, [])


def test_several_destinations_without_any_weight_are_an_error():
    _, problems = weights("", "")
    assert problems == ["error: spec.http[0].route: several destinations, and none has a weight above 0"]


@pytest.mark.parametrize(("text", "seconds"), [("1ms", 0.001), ("2.5s", 2.5), ("1m30s", 90)])
def test_the_timeout_bounds_the_response(text, seconds):
    route, _ = translate(rules=f"[{{timeout: {text}, route: [{{destination: {{host: web}}}}]}}]")
    assert route.rules[0].timeouts.response == seconds


@pytest.mark.parametrize("text", ["0s", "999us", "1.5ms"])
def test_a_timeout_is_a_whole_number_of_milliseconds(text):
    route, problems = translate(rules=f"[{{timeout: {text}, route: [{{destination: {{host: web}}}}]}}]")
    assert route is None
    assert len(problems) == 1
    assert problems[0].startswith("error: spec.http[0].timeout: a timeout is ")


def test_without_a_timeout_the_gateways_own_holds():
    route, _ = translate()
    assert route.rules[0].timeouts is None


@pytest.mark.parametrize("hosts", ['["*"]', "[10.0.0.1]", '["2001:db8::1"]'])
def test_hosts_that_are_no_names_need_gateways(hosts):
    for gateways in ("", ", gateways: [mesh]", ", gateways: [edge, mesh]"):
        _, problems = translate(hosts, more=gateways)
        assert "error: spec.hosts[0]: this host needs gateways" in problems[-1]
    route, problems = translate(hosts, more=", gateways: [edge]")
    assert route is not None
    assert [problem.partition(":")[0] for problem in problems] == ["warning"]


@pytest.mark.parametrize(
    ("hosts", "overlap"),
    [
        ("[a.example, a.example]", True),
        ("[a.example, A.example]", True),
        ('[a.example, "*.example"]', True),
        ('["*.example", "*.a.example"]', True),
        ('[example, "*.example"]', False),
        ("[a.example, b.example]", False),
    ],
)
def test_hosts_of_one_document_do_not_overlap(hosts, overlap):
    _, problems = translate(hosts)
    assert any("overlaps" in problem for problem in problems) is overlap


def test_the_mesh_is_a_gateway_that_needs_no_mention():
    assert translate(more=", gateways: [mesh]")[1] == []


def test_rules_for_tcp_alone_are_no_http_route():
    route, problems = translate(rules="[]", more=", tcp: [{route: []}]")
    assert route is None
    assert problems == ["warning: spec.tcp: tcp is not served yet and has no effect"]


def test_the_rule_after_a_catch_all_is_told_once_for_all_that_follow():
    rule = "{route: [{destination: {host: web}}]}"
    _, problems = translate(rules=f"[{rule}, {rule}, {rule}]")
    assert problems == [
        "warning: spec.http[1]: no request gets here or further down: the rule above matches everything"
    ]


def test_a_rule_is_reachable_while_one_of_its_matches_is_new():
    to = "route: [{destination: {host: web}}]"
    first = f"{{match: [{{uri: {{prefix: /a}}}}], {to}}}"
    both = f"{{match: [{{uri: {{prefix: /a}}}}, {{uri: {{prefix: /b}}}}], {to}}}"
    assert translate(rules=f"[{first}, {both}]")[1] == []
    assert translate(rules=f"[{both}, {first}]")[1] == [
        "warning: spec.http[1]: no request gets here: the rules above match the same"
    ]
