"""Single workloads; whole documents are in tests/cases/istio."""

import pytest

from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


def translate(spec, metadata="name: one, namespace: shop"):
    report = Report()
    text = f"apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"
    (document,) = read_text(text, "a.yaml", report)
    fragments = list(IstioDialect().translate(document, report))
    return fragments, [f"{problem.severity}: {problem.path}" for problem in report.problems]


def test_a_workload_has_the_labels_of_its_spec_and_of_its_metadata():
    (workload,), problems = translate(
        "address: 10.0.0.1, ports: {http: 8080}, labels: {app: web, version: v0}",
        "name: one, namespace: shop, labels: {version: v1}",
    )
    assert (workload.name, workload.namespace, workload.service_ports) == ("one", "shop", {"http": 8080})
    assert workload.endpoint.labels == {"app": "web", "version": "v1"}
    assert problems == []


def test_a_workload_has_its_weight_and_place():
    (workload,), _ = translate("address: 10.0.0.1, weight: 7, locality: eu/west/a, network: n1")
    assert (workload.endpoint.weight, workload.endpoint.locality) == (7, "eu/west/a")
    assert workload.endpoint.labels["topology.istio.io/network"] == "n1"


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("{}", "spec.address"),
        ("address: 'a b'", "spec.address"),
        ("address: '10.0.0.1:80'", "spec.address"),
        ("address: 'unix:run/a.sock'", "spec.address"),
        ("address: 'unix:///run/a.sock', ports: {http: 1}", "spec.ports"),
        ("address: 10.0.0.1, locality: eu//a", "spec.locality"),
        ("address: 10.0.0.1, locality: 'eu/*'", "spec.locality"),
        ("address: 10.0.0.1, labels: {version: a b}", "spec.labels.version"),
    ],
)
def test_what_cannot_be_reached_or_placed_is_an_error(spec, path):
    assert translate("" if spec == "{}" else spec)[1] == [f"error: {path}"]
