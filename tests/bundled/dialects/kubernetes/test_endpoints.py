"""EndpointSlice and Endpoints."""

import pytest

from shadowgate.bundled.dialects.kubernetes import KubernetesDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

SLICE = (
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
    "metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}\n"
)
ENDPOINTS = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: web, namespace: shop}\n"


def translate(text):
    report = Report()
    (document,) = read_text(text, "a.yaml", report)
    fragments = list(KubernetesDialect().translate(document, report))
    return fragments, [f"{problem.severity}: {problem.path}" for problem in report.problems]


def addresses(fragments):
    return [[endpoint.address for endpoint in each.endpoints] for each in fragments]


def test_a_slice_belongs_to_the_service_of_its_label():
    (found,), problems = translate(SLICE + "ports: [{name: http, port: 80}]\nendpoints: [{addresses: [127.0.0.2]}]")
    assert found.cluster == "web.shop.svc.cluster.local"
    assert found.port_names == {"http": 80}
    assert addresses([found]) == [["127.0.0.2"]]
    assert problems == []


def test_endpoints_that_are_not_ready_are_left_out_and_silence_means_ready():
    fragments, _ = translate(
        SLICE + "endpoints:\n"
        "- {addresses: [10.0.0.1], conditions: {ready: true}}\n"
        "- {addresses: [10.0.0.2], conditions: {ready: false, serving: true, terminating: true}}\n"
        "- {addresses: [10.0.0.3], conditions: {}}\n"
        "- {addresses: [10.0.0.4], conditions: {ready: null}}\n"
    )
    assert addresses(fragments) == [["10.0.0.1", "10.0.0.3", "10.0.0.4"]]


def test_ports_without_a_name_have_the_empty_one_and_only_tcp_counts():
    (found,), _ = translate(
        SLICE + "endpoints: []\nports: [{port: 80, name: null}, {name: dns, port: 53, protocol: UDP}]"
    )
    assert found.port_names == {"": 80}


def test_a_slice_may_hold_names():
    fragments, problems = translate(SLICE + "addressType: FQDN\nendpoints: [{addresses: [web.example]}]")
    assert addresses(fragments) == [["web.example"]]
    assert problems == []


def test_names_elsewhere_are_errors():
    _, problems = translate(SLICE + "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}, {addresses: [web]}]")
    assert problems == ["error: endpoints[1]"]


def test_a_slice_of_no_service_is_a_warning():
    fragments, problems = translate(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x}\nendpoints: []"
    )
    assert (fragments, problems) == ([], ["warning: metadata.labels"])


def test_endpoints_have_the_name_of_their_service_and_ports_by_subset():
    fragments, problems = translate(
        ENDPOINTS + "subsets:\n"
        "- {addresses: [{ip: 10.0.0.1}], notReadyAddresses: [{ip: 10.0.0.2}], ports: [{name: http, port: 80}]}\n"
        "- {addresses: [{ip: 10.0.0.3}], ports: [{name: http, port: 81}]}\n"
    )
    assert {each.cluster for each in fragments} == {"web.shop.svc.cluster.local"}
    assert addresses(fragments) == [["10.0.0.1"], ["10.0.0.3"]]
    assert [each.port_names for each in fragments] == [{"http": 80}, {"http": 81}]
    assert problems == []


def test_endpoints_hold_addresses_alone():
    _, problems = translate(ENDPOINTS + "subsets: [{addresses: [{ip: web.example}]}]")
    assert problems == ["error: subsets[0].addresses[0]"]


def test_endpoints_may_be_empty():
    assert translate(ENDPOINTS) == ([], [])


@pytest.mark.parametrize(
    ("conditions", "ready", "ending"),
    [
        ("{}", True, False),
        ("{ready: true}", True, False),
        ("{ready: false}", False, False),
        ("{ready: null, serving: true}", True, False),
        ("{serving: false}", False, False),
        ("{ready: false, serving: true, terminating: true}", False, True),
        ("{serving: true, terminating: true}", False, True),
        ("{terminating: true}", False, True),
        ("{ready: false, serving: false, terminating: true}", False, False),
        ("{ready: true, serving: true, terminating: true}", True, False),
    ],
)
def test_conditions_tell_who_takes_requests_and_who_is_ending(conditions, ready, ending):
    (found,), _ = translate(SLICE + f"endpoints: [{{addresses: [10.0.0.1], conditions: {conditions}}}]")
    assert ([bool(each) for each in (found.endpoints, found.ending)]) == [ready, ending]
