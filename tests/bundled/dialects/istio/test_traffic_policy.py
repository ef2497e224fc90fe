"""Which block ends up where; whole documents are in tests/cases/istio."""

import pytest

from shadowgate.bundled.dialects.istio.traffic_policy import TrafficPolicy
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE
from shadowgate.model import ConnectionPool, OutlierDetection, RetryBudget
from shadowgate.model import TrafficPolicy as Policy
from shadowgate.plugin import Report, read
from shadowgate.plugin.yaml import read_text


def translate(text, base=Policy()):  # noqa: B008 - a frozen value
    report = Report()
    (document,) = read_text(f"policy: {text}\n", "a.yaml", report)
    scope = Scope(report, "policy", "default", NOWHERE)
    policy = read(TrafficPolicy, document.root.get("policy"), report, scope.path)
    made = (policy.translate(scope, base), policy.translate_ports(scope))
    return *made, [f"{problem.severity} {problem.path}" for problem in report.problems]


def test_each_block_stands_for_itself():
    policy, _, problems = translate("{connectionPool: {http: {maxRetries: 3}}}")
    assert policy == Policy(pool=ConnectionPool(max_retries=3))
    assert problems == []


def test_an_empty_outlier_detection_is_on_with_istios_defaults():
    policy, _, _ = translate("{outlierDetection: {}}")
    assert policy.outlier == OutlierDetection(5, 0, False, 5, 10.0, 30.0, 10, 0)


def test_a_retry_budget_is_a_policy():
    assert translate("{retryBudget: {}}")[0] == Policy(retry_budget=RetryBudget(20.0, 3))


def test_a_port_has_a_policy_that_inherits_nothing():
    policy, ports, problems = translate("{portLevelSettings: [{port: {number: 80}, outlierDetection: {}}]}")
    assert policy == Policy()
    assert ports == {80: Policy(outlier=OutlierDetection(), inherits=False)}
    assert problems == []


def test_a_subset_may_fail_over_by_the_ejection_of_its_host():
    text = "{loadBalancer: {localityLbSetting: {failoverPriority: [region]}}}"
    assert translate(text, Policy(outlier=OutlierDetection()))[2] == []
    assert translate(text)[2] == ["warning policy.loadBalancer.localityLbSetting.failoverPriority"]


def test_an_empty_policy_is_an_error():
    assert translate("{}")[2] == ["error policy"]
    assert translate("{portLevelSettings: []}")[2] == ["error policy"]


@pytest.mark.parametrize(
    ("mode", "problems"),
    [
        ("mode: DISABLE", []),
        ("mode: ISTIO_MUTUAL", ["warning policy.tls.mode"]),
        ("mode: SIMPLE, sni: web, caCertificates: /ca", ["error policy.tls.mode"]),
        ("mode: MUTUAL, credentialName: a", ["error policy.tls.mode"]),
        ("mode: MUTUAL, privateKey: /key", ["error policy.tls.clientCertificate", "error policy.tls.mode"]),
        (
            "mode: SIMPLE, credentialName: a, caCertificates: /ca",
            ["error policy.tls.caCertificates", "error policy.tls.mode"],
        ),
        ("mode: ISTIO_MUTUAL, privateKey: /key", ["error policy.tls.privateKey", "warning policy.tls.mode"]),
    ],
)
def test_tls_that_would_be_missing_is_an_error_and_the_meshs_own_a_warning(mode, problems):
    assert translate(f"{{tls: {{{mode}}}}}")[2] == problems


def test_tunnels_are_refused():
    assert translate("{tunnel: {targetHost: a}}")[2] == ["error policy.tunnel"]
