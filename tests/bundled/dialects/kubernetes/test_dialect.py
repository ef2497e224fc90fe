"""Which kinds are read, and what is said of the others."""

import pytest
from zope.interface.verify import verifyObject

from shadowgate.bundled.dialects.kubernetes import KubernetesDialect
from shadowgate.plugin import IDialect, Report
from shadowgate.plugin.yaml import read_text


def translate(api_version, kind, metadata="{name: x}"):
    report = Report()
    (document,) = read_text(f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {metadata}\n", "a.yaml", report)
    assert (document.group, document.kind) in KubernetesDialect().kinds
    fragments = list(KubernetesDialect().translate(document, report))
    assert fragments == []
    return [str(problem) for problem in report.problems]


def test_it_is_a_dialect():
    verifyObject(IDialect, KubernetesDialect())


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("extensions/v1beta1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "ServiceAccount"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("batch/v1", "Job"),
    ],
)
def test_kinds_without_use_are_passed_over_with_one_line(api_version, kind):
    assert translate(api_version, kind) == ["a.yaml:1:1: info [SG0301]: passed over: a gateway has no use for it"]


def test_of_an_ingress_it_is_said_what_would_be_served():
    (problem,) = translate("networking.k8s.io/v1", "Ingress")
    assert problem.startswith("a.yaml:1:1: info [SG0301]: passed over: its rules are not served; ")


def test_an_object_that_is_read_needs_a_name():
    assert translate("v1", "Service", "{}") == ["a.yaml:1:1: error [SG0302]: metadata.name: the name is missing"]
