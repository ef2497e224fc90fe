"""What is common to all kinds of the group."""

import pytest
from zope.interface.verify import verifyObject

from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.plugin import IDialect, Report
from shadowgate.plugin.yaml import read_text

RULE = "kind: DestinationRule\nmetadata: {name: web, annotations: {a: b}}\n"


def translate(text):
    report = Report()
    (document,) = read_text(text, "a.yaml", report)
    fragments = list(IstioDialect().translate(document, report))
    return fragments, [str(problem) for problem in report.problems]


def test_it_is_a_dialect():
    verifyObject(IDialect, IstioDialect())


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
def test_all_versions_mean_the_same(version):
    fragments, problems = translate(f"apiVersion: networking.istio.io/{version}\n{RULE}spec: {{host: web}}")
    assert fragments[0].host == "web.default.svc.cluster.local"
    assert problems == []


def test_another_version_is_an_error():
    fragments, problems = translate(f"apiVersion: networking.istio.io/v2\n{RULE}spec: {{host: web}}")
    assert fragments == []
    assert problems == [
        "a.yaml:1:1: error [SG0100]: apiVersion: networking.istio.io has no version v2; "
        "expected one of v1, v1beta1, v1alpha3"
    ]


def test_the_status_that_a_server_adds_is_passed_over():
    _, problems = translate(f"apiVersion: networking.istio.io/v1\n{RULE}spec: {{host: web}}\nstatus: {{x: y}}")
    assert problems == []


def test_a_misspelt_spec_is_an_error():
    _, problems = translate(f"apiVersion: networking.istio.io/v1\n{RULE}sepc: {{host: web}}")
    assert problems == [
        'a.yaml:4:1: error [SG0013]: unknown key "sepc", did you mean "spec"?; expected one of spec',
        'a.yaml:1:1: error [SG0014]: the key "spec" is missing; expected mapping',
    ]


def test_an_object_needs_a_name():
    fragments, problems = translate("apiVersion: networking.istio.io/v1\nkind: DestinationRule\nspec: {host: web}")
    assert fragments == []
    assert problems == ["a.yaml:1:1: error [SG0101]: metadata.name: the name is missing"]
