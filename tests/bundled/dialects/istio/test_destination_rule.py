"""Hosts, subsets and where a rule holds; whole documents are in tests/cases/istio."""

import pytest

from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.model import NO_POLICY
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


def translate(spec, metadata="name: web, namespace: shop"):
    report = Report()
    text = f"apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"
    (document,) = read_text(text, "a.yaml", report)
    fragments = list(IstioDialect().translate(document, report))
    problems = [f"{problem.severity}: {problem.path}: {problem.message}" for problem in report.problems]
    return fragments[0] if fragments else None, problems


def test_without_a_policy_everything_is_left_open():
    policy, problems = translate("host: web")
    assert (policy.host, policy.policy, policy.subsets, policy.ports) == (
        "web.shop.svc.cluster.local",
        NO_POLICY,
        (),
        {},
    )
    assert (policy.created, policy.exported_to, problems) == ("", ("*",), [])


def test_a_subset_has_only_what_it_says_itself():
    policy, _ = translate(
        "host: web, trafficPolicy: {outlierDetection: {}}, subsets: [{name: v1, labels: {version: v1}}, "
        "{name: v2, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]"
    )
    v1, v2 = policy.subsets
    assert (v1.name, v1.labels, v1.policy) == ("v1", {"version": "v1"}, NO_POLICY)
    assert (v2.name, v2.labels, v2.policy.balancer.name, v2.policy.outlier) == ("v2", {}, "random", None)


def test_of_two_subsets_with_one_name_the_first_stays():
    policy, problems = translate("host: web, subsets: [{name: v1, labels: {a: b}}, {name: v1}]")
    assert [subset.labels for subset in policy.subsets] == [{"a": "b"}]
    assert problems == [
        'error: spec.subsets[1].name: the subset "v1" is said a second time; the first is at a.yaml:4:29'
    ]


@pytest.mark.parametrize("host", ["*", "*.example", "web.example", "10.0.0.1", "_http._tcp.web.example"])
def test_wildcards_addresses_and_service_records_are_hosts(host):
    policy, problems = translate(f'host: "{host}"')
    assert (policy.host, problems) == (host, [])


def test_a_rule_knows_when_it_was_made_and_for_whom():
    policy, _ = translate(
        'host: web, exportTo: [".", other]', 'name: web, namespace: shop, creationTimestamp: "2026-01-02T03:04:05Z"'
    )
    assert (policy.created, policy.exported_to) == ("2026-01-02T03:04:05Z", ("shop", "other"))


def test_a_workload_selector_is_a_warning():
    policy, problems = translate("host: web, workloadSelector: {matchLabels: {app: web}}")
    assert policy is not None
    assert [problem.partition(": ")[0] for problem in problems] == ["warning"]
