"""Subsets and balancing; whole documents are in tests/cases/istio."""

import pytest

from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

HEAD = "apiVersion: networking.istio.io/v1beta1\nkind: DestinationRule\nmetadata: {name: web, namespace: shop}\n"


def translate(spec):
    report = Report()
    (document,) = read_text(f"{HEAD}spec: {{{spec}}}\n", "a.yaml", report)
    fragments = list(IstioDialect().translate(document, report))
    problems = [f"{problem.severity}: {problem.path}: {problem.message}" for problem in report.problems]
    return fragments[0] if fragments else None, problems


@pytest.mark.parametrize(
    ("simple", "balancer"),
    [
        ("UNSPECIFIED", "least-request"),
        ("LEAST_REQUEST", "least-request"),
        ("LEAST_CONN", "least-request"),
        ("ROUND_ROBIN", "round-robin"),
        ("RANDOM", "random"),
    ],
)
def test_each_simple_balancer_has_its_plugin(simple, balancer):
    policy, problems = translate(f"host: web, trafficPolicy: {{loadBalancer: {{simple: {simple}}}}}")
    assert (policy.policy.balancer.name, problems) == (balancer, [])


def test_without_a_policy_the_choice_is_left_open():
    policy, _ = translate("host: web")
    assert (policy.host, policy.policy.balancer, policy.subsets) == ("web.shop.svc.cluster.local", None, ())


def test_a_subset_may_have_a_balancer_of_its_own():
    policy, _ = translate(
        "host: web, subsets: [{name: v1, labels: {version: v1}}, "
        "{name: v2, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]"
    )
    v1, v2 = policy.subsets
    assert (v1.name, v1.labels, v1.policy.balancer) == ("v1", {"version": "v1"}, None)
    assert (v2.name, v2.labels, v2.policy.balancer.name) == ("v2", {}, "random")


def test_passthrough_is_an_error():
    _, problems = translate("host: web, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}")
    assert [problem.partition(" goes")[0] for problem in problems] == [
        "error: spec.trafficPolicy.loadBalancer.simple: PASSTHROUGH"
    ]


@pytest.mark.parametrize(
    ("mode", "severity"),
    [("DISABLE", "warning"), ("ISTIO_MUTUAL", "warning"), ("SIMPLE", "error"), ("MUTUAL", "error")],
)
def test_tls_that_would_be_missing_is_an_error_and_the_meshs_own_a_warning(mode, severity):
    _, problems = translate(f"host: web, trafficPolicy: {{tls: {{mode: {mode}, sni: web, caCertificates: /ca}}}}")
    assert [problem.partition(": ")[0] for problem in problems] == [severity]


def test_an_empty_policy_is_an_error():
    _, problems = translate("host: web, trafficPolicy: {}")
    assert problems == ["error: spec.trafficPolicy: the policy is empty"]


@pytest.mark.parametrize("host", ["*", "*.example", "web.example", "10.0.0.1"])
def test_wildcards_and_addresses_are_hosts(host):
    policy, problems = translate(f'host: "{host}"')
    assert (policy.host, problems) == (host, [])
