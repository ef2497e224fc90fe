"""Pods as workloads."""

import pytest

from shadowgate.bundled.dialects.kubernetes import KubernetesDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


def translate(status, metadata="name: web-1, namespace: shop, labels: {app: web}", spec="{}"):
    report = Report()
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{{metadata}}}\nspec: {spec}\nstatus: {{{status}}}\n"
    (document,) = read_text(text, "a.yaml", report)
    fragments = list(KubernetesDialect().translate(document, report))
    return fragments[0] if fragments else None, [str(problem) for problem in report.problems]


def test_a_pod_has_its_labels_address_and_named_ports():
    workload, problems = translate(
        "podIP: 10.0.0.1",
        spec="{containers: [{ports: [{name: http, containerPort: 80}, {containerPort: 81}]}, {image: x}]}",
    )
    assert (workload.name, workload.namespace) == ("web-1", "shop")
    assert (workload.endpoint.address, workload.endpoint.labels) == ("10.0.0.1", {"app": "web"})
    assert workload.port_names == {"http": 80}
    assert problems == []


def test_the_first_of_several_addresses_will_do():
    workload, _ = translate('podIPs: [{ip: "2001:db8::1"}, {ip: 10.0.0.1}]')
    assert workload.endpoint.address == "2001:db8::1"


@pytest.mark.parametrize("conditions", ["[]", '[{type: Ready, status: "True"}, {type: Initialized, status: "False"}]'])
def test_a_pod_that_does_not_say_otherwise_is_ready(conditions):
    assert translate(f"podIP: 10.0.0.1, conditions: {conditions}")[0] is not None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("phase: Pending", "it has no address"),
        ("phase: Succeeded, podIP: 10.0.0.1", "it has ended"),
        ("phase: Failed, podIP: 10.0.0.1", "it has ended"),
        ('podIP: 10.0.0.1, conditions: [{type: Ready, status: "False"}]', "it is not ready"),
        ("podIP: 10.0.0.1, conditions: [{type: Ready, status: Unknown}]", "it is not ready"),
    ],
)
def test_a_pod_that_cannot_answer_is_left_out_with_the_reason(status, reason):
    assert translate(status) == (None, [f"a.yaml:1:1: info [SG0307]: left out: {reason}"])


def test_a_pod_that_is_being_deleted_is_left_out():
    workload, problems = translate("podIP: 10.0.0.1", 'name: web-1, deletionTimestamp: "2026-01-01T00:00:00Z"')
    assert workload is None
    assert problems == ["a.yaml:1:1: info [SG0307]: left out: it is being deleted"]


def test_an_address_that_is_none_is_an_error():
    _, problems = translate("podIP: here")
    assert problems == ['a.yaml:5:9: error [SG0306]: status.podIP: this is not an IP address; found "here"']
