"""Clusters in the native form: how they are looked up and warmed up.  What is refused is in tests/cases/native."""

import pytest

from shadowgate.bundled.dialects.native import NativeDialect
from shadowgate.model import Endpoint, PluginUse, Subset, TrafficPolicy, Warmup
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


def cluster_of(text):
    report = Report()
    (document,) = read_text(f"clusters: {{a: {text}}}\n", "f.yaml", report)
    (cluster,) = NativeDialect().translate(document, report)
    assert report.problems == []
    return cluster


def test_names_are_looked_up_where_it_is_said():
    assert cluster_of("{endpoints: web.example:80}").resolution == "static"
    assert cluster_of("{endpoints: web.example:80, resolution: dns}").resolution == "dns"


@pytest.mark.parametrize("endpoint", ["_http._tcp.web.example", "{address: _http._tcp.web.example}"])
def test_service_records_need_no_port(endpoint):
    cluster = cluster_of(f"{{endpoints: {endpoint}, resolution: dns-srv}}")
    assert (cluster.endpoints, cluster.resolution) == ((Endpoint("_http._tcp.web.example"),), "dns-srv")


@pytest.mark.parametrize(
    ("written", "warmup"),
    [("30s", Warmup(30.0)), ("{duration: 1m, minimumPercent: 5, aggression: 2}", Warmup(60.0, 5.0, 2.0))],
)
def test_warm_up_in_short_and_in_full(written, warmup):
    assert cluster_of(f"{{endpoints: b:1, warmup: {written}}}").policy == TrafficPolicy(warmup=warmup)


def test_an_endpoint_has_a_place():
    assert cluster_of("[{address: b, port: 1, locality: eu/west}]").endpoints == (Endpoint("b", 1, locality="eu/west"),)


@pytest.mark.parametrize(
    ("written", "subset"),
    [
        ("{version: v1}", Subset("v1", {"version": "v1"})),
        ("{}", Subset("v1", {})),
        ("{labels: {version: v1}}", Subset("v1", {"version": "v1"})),
        ("{labels: v1}", Subset("v1", {"labels": "v1"})),
        ("{labels: {}, balancer: random}", Subset("v1", {}, TrafficPolicy(PluginUse("random")))),
    ],
)
def test_subsets_in_short_and_in_full(written, subset):
    assert cluster_of(f"{{endpoints: b:1, subsets: {{v1: {written}}}}}").subsets == (subset,)


def test_a_subset_with_a_balancer_of_its_own_warms_up_like_its_cluster():
    cluster = cluster_of("{endpoints: b:1, warmup: 5s, subsets: {v1: {labels: {}, balancer: round-robin}}}")
    assert cluster.subsets[0].policy.over(cluster.policy) == TrafficPolicy(PluginUse("round-robin"), Warmup(5.0))
