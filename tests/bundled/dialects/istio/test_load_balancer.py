"""Balancers by their names, and options that the balancers understand."""

import pytest

from shadowgate.bundled.balancers.maglev import Maglev
from shadowgate.bundled.balancers.ring_hash import RingHash
from shadowgate.bundled.dialects.istio.load_balancer import LoadBalancer
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE
from shadowgate.model import Locality, Warmup
from shadowgate.plugin import Report, read
from shadowgate.plugin.yaml import read_text

COMPONENTS = {"ring-hash": RingHash, "maglev": Maglev}


def translate(text, ejects=True):
    report = Report()
    (document,) = read_text(f"loadBalancer: {text}\n", "a.yaml", report)
    scope = Scope(report, "loadBalancer", "default", NOWHERE)
    balancer = read(LoadBalancer, document.root.get("loadBalancer"), report, scope.path)
    policy = None if balancer is None else balancer.translate(scope, ejects=ejects)
    return policy, [f"{problem.severity} {problem.path}" for problem in report.problems]


@pytest.mark.parametrize(
    ("simple", "balancer"),
    [
        ("UNSPECIFIED", "least-request"),
        ("LEAST_REQUEST", "least-request"),
        ("LEAST_CONN", "least-request"),
        ("ROUND_ROBIN", "round-robin"),
        ("RANDOM", "random"),
        ("PASSTHROUGH", "passthrough"),
    ],
)
def test_each_simple_balancer_has_its_plugin(simple, balancer):
    policy, problems = translate(f"{{simple: {simple}}}")
    assert (policy.balancer.name, problems) == (balancer, [])


def test_saying_nothing_is_least_request_and_not_the_hosts_balancer():
    policy, problems = translate("{}")
    assert (policy.balancer.name, problems) == ("least-request", [])


@pytest.mark.parametrize(
    ("hashed", "name"),
    [
        ("{httpHeaderName: x-user}", "ring-hash"),
        ('{httpHeaderName: ":authority"}', "ring-hash"),
        ("{useSourceIp: true, ringHash: {minimumRingSize: 2048}}", "ring-hash"),
        ("{httpQueryParameterName: user, maglev: {}}", "maglev"),
        ("{httpCookie: {name: user}, maglev: {tableSize: 251}}", "maglev"),
        ("{httpCookie: {name: user, path: /, ttl: 0s, attributes: [{name: SameSite, value: Lax}]}}", "ring-hash"),
        ("{useSourceIp: true, ringHash: {minimumRingSize: 8388608}}", "ring-hash"),
    ],
)
def test_the_balancers_understand_what_they_are_told(hashed, name):
    policy, _ = translate(f"{{consistentHash: {hashed}}}")
    report = Report()
    assert policy.balancer.name == name
    assert read(COMPONENTS[name], policy.balancer.options, report) is not None
    assert report.problems == []


def test_a_cookie_is_handed_on_with_all_that_was_said():
    cookie = "{name: user, path: /shop, ttl: 90s, attributes: [{name: Secure}]}"
    policy, _ = translate(f"{{consistentHash: {{httpCookie: {cookie}}}}}")
    ring = read(RingHash, policy.balancer.options, Report())
    assert (ring.cookie.name, ring.cookie.path, ring.cookie.ttl) == ("user", "/shop", 90)
    assert [str(attribute) for attribute in ring.cookie.attributes] == ["Secure"]


def test_the_older_ring_size_means_the_same():
    policy, problems = translate("{consistentHash: {useSourceIp: true, minimumRingSize: 99}}")
    assert policy.balancer.options["minimum_ring_size"] == 99
    assert problems == ["warning loadBalancer.consistentHash.minimumRingSize"]


@pytest.mark.parametrize(("size", "prime"), [(0, False), (1, False), (2, True), (49, False), (65537, True)])
def test_only_prime_sizes_are_tables(size, prime):
    problems = translate(f"{{consistentHash: {{useSourceIp: true, maglev: {{tableSize: {size}}}}}}}")[1]
    assert (problems == []) is prime


def test_warm_up_has_istios_defaults():
    policy, _ = translate("{warmup: {duration: 30s}}")
    assert policy.warmup == Warmup(30.0, 10.0, 1.0)


def test_the_newer_warm_up_goes_before_the_older():
    policy, problems = translate("{warmup: {duration: 30s}, warmupDurationSecs: 10s}")
    assert policy.warmup.duration == 30.0
    assert problems == ["warning loadBalancer.warmupDurationSecs"]


def test_failover_without_ejection_is_told_and_kept():
    policy, problems = translate("{localityLbSetting: {failover: [{from: eu, to: us}]}}", ejects=False)
    assert policy.locality == Locality(failover=(("eu", "us"),))
    assert problems == ["warning loadBalancer.localityLbSetting.failover"]
