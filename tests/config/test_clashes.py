"""An object has one place: a file, or the store."""

import pytest
from attrs import evolve

from shadowgate.config.clashes import STORE, key_of, without_clashes
from shadowgate.model.gateways import ObjectKey
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


def read(text, source="gw.yaml", origin=""):
    return [evolve(each, origin=origin) for each in read_text(text, source, Report())]


def service(name, namespace=""):
    where = f", namespace: {namespace}" if namespace else ""
    return f"{{apiVersion: v1, kind: Service, metadata: {{name: {name}{where}}}}}\n"


@pytest.fixture
def report():
    return Report()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (service("web"), ObjectKey("", "Service", "default", "web")),
        (service("web", "other"), ObjectKey("", "Service", "other", "web")),
        (
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}",
            ObjectKey("apps", "Deployment", "default", "web"),
        ),
        (
            "{apiVersion: v1, kind: Namespace, metadata: {name: web, namespace: x}}",
            ObjectKey("", "Namespace", "", "web"),
        ),
        ("{routes: [{to: web}]}", None),
        ("{apiVersion: v1, kind: Service}", None),
        ("{kind: Service, metadata: {name: web}}", None),
    ],
)
def test_an_object_is_known_by_group_kind_namespace_and_name(text, key):
    (document,) = read(text)
    assert key_of(document) == key


def test_an_object_in_a_file_and_in_the_store_is_refused_with_both_places(report):
    given = [*read(service("web"), "a.yaml"), *read(service("web"), "/store/web.yaml", STORE)]
    kept = without_clashes(given, [], report)
    assert kept == given[:1]
    assert [str(problem) for problem in report.problems] == [
        "/store/web.yaml:1:1: error [SG1004]: Service default/web stands at a.yaml:1:1 as well; "
        "an object is in a file or applied, not both"
    ]


def test_what_is_generated_clashes_as_well(report):
    given = read(service("web"), "/store/web.yaml", STORE)
    assert without_clashes(given, read(service("web"), "made.yaml"), report) == []
    assert [str(problem) for problem in report.problems] == [
        "/store/web.yaml:1:1: error [SG1004]: Service default/web is generated from what is at made.yaml:1:1 as well; "
        "delete this one or change that"
    ]


@pytest.mark.parametrize("other", [service("web", "other"), service("shop"), "{routes: [{to: web}]}"])
def test_objects_that_differ_in_name_or_namespace_stand_side_by_side(report, other):
    given = [*read(other, "a.yaml"), *read(service("web"), "/store/web.yaml", STORE)]
    assert without_clashes(given, [], report) == given
    assert report.problems == []


def test_what_stands_twice_in_files_is_others_to_judge(report):
    given = [*read(service("web"), "a.yaml"), *read(service("web"), "b.yaml")]
    assert without_clashes(given, [], report) == given
    assert report.problems == []
