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
    found, problems = weights(*given)
    assert found == expected
    assert [problem for problem in problems if not problem.startswith("info")] == []


@pytest.mark.parametrize(("given", "sum"), [((3, 1), 4), ((0, 5), 5), ((60, 60), 120)])
def test_weights_that_are_no_percentages_are_worth_a_word(given, sum):
    _, problems = weights(*(f", weight: {each}" for each in given))
    assert problems == [f"info: spec.http[0].route: the weights make {sum} and not 100; shares are of their sum"]


@pytest.mark.parametrize("given", [(100,), (7,), (90, 10)])
def test_weights_that_are_percentages_or_alone_are_not(given):
    _, problems = weights(*(f", weight: {each}" for each in given))
    assert problems == []


def test_several_destinations_without_any_weight_are_an_error():
    _, problems = weights("", "")
    assert problems == ["error: spec.http[0].route: several destinations, and none has a weight above 0"]


@pytest.mark.parametrize("hosts", ['["*"]', "[10.0.0.1]", '["2001:db8::1"]'])
def test_hosts_that_are_no_names_need_gateways(hosts):
    for gateways in ("", ", gateways: [mesh]", ", gateways: [edge, mesh]"):
        _, problems = translate(hosts, more=gateways)
        assert "error: spec.hosts[0]: this host needs gateways" in problems[-1]
    route, problems = translate(hosts, more=", gateways: [edge]")
    assert route is not None
    assert problems == []


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
    for more in ("", ", gateways: [mesh]"):
        route, problems = translate(more=more)
        assert route.listeners == ()
        assert problems == []


def test_gateways_are_named_in_full():
    route, _ = translate(more=", gateways: [edge, other/edge, shop/edge, mesh]")
    assert route.listeners == ("shop/edge", "other/edge", "mesh")


def test_rules_for_tcp_alone_are_no_http_route():
    route, problems = translate(rules="[]", more=", tcp: [{route: []}]")
    assert route is None
    assert problems == ["warning: spec.tcp: tcp is not served yet and has no effect"]


def test_without_hosts_it_is_a_delegate():
    route, problems = translate("[]")
    assert route.hosts == ()
    assert problems == []


def test_its_age_is_that_of_the_object():
    assert translate()[0].created == ""
    head = HEAD.replace("namespace: shop", "namespace: shop, creationTimestamp: '2024-01-01T00:00:00Z'")
    report = Report()
    (document,) = read_text(
        f"{head}spec: {{hosts: [a], http: [{{directResponse: {{status: 200}}}}]}}", "a.yaml", report
    )
    (route,) = IstioDialect().translate(document, report)
    assert route.created == "2024-01-01T00:00:00Z"
