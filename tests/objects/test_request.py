"""Texts read into objects that can be kept."""

import pytest

from shadowgate.model.gateways import ObjectKey
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.request import File, read_files

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"


def read(*texts, namespace=""):
    return read_files([File(f"{number}.yaml", text) for number, text in enumerate(texts)], namespace)


def refusal(*texts, namespace=""):
    """Why they are refused: the reason, and the problems as lines."""
    with pytest.raises(Refused) as refused:
        read(*texts, namespace=namespace)
    return refused.value.reason, [str(problem) for problem in refused.value.problems]


def test_objects_of_all_files_are_read_in_order():
    found = read(SERVICE + "---\n" + SERVICE.replace("web", "shop"), SERVICE.replace("Service", "Pod"))
    assert [str(each.key) for each in found] == ["Service default/web", "Service default/shop", "Pod default/web"]
    assert [str(each.document.position) for each in found] == ["0.yaml:1:1", "0.yaml:6:1", "1.yaml:1:1"]


def test_the_command_lines_namespace_is_that_of_objects_that_name_none():
    (found,) = read(SERVICE, namespace="other")
    assert found.key == ObjectKey("", "Service", "other", "web")
    assert found.document.namespace == "other"
    (found,) = read(SERVICE + "  namespace: other\n", namespace="other")
    assert found.key.namespace == "other"
    (found,) = read("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", namespace="other")
    assert found.key == ObjectKey("", "Namespace", "", "a")


def test_a_name_may_look_like_a_number_in_quotes():
    (found,) = read(SERVICE.replace("web", '"12"'), namespace="34")
    assert found.key == ObjectKey("", "Service", "34", "12")


def test_an_object_of_another_namespace_is_refused():
    reason, (problem,) = refusal(SERVICE + "  namespace: mine\n", namespace="other")
    assert reason is Reason.INVALID
    assert problem == (
        "0.yaml:1:1: error [SG1007]: Service web: the object is in the namespace mine, and other is asked for"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clusters: {}\n", "0.yaml:1:1: error [SG1001]: this is no object: it has no apiVersion and no kind and no"),
        ("kind: Service\nmetadata: {name: a}\n", "[SG1001]: Service a: this is no object: it has no apiVersion"),
        ("apiVersion: v1\nkind: Service\n", "this is no object: it has no metadata.name"),
        (
            SERVICE.replace("web", "Web"),
            "0.yaml:4:9: error [SG1002]: Service Web: metadata.name: this cannot be a name",
        ),
        (SERVICE.replace("web", "../../etc/passwd"), "0.yaml:4:9: error [SG1002]"),
        (SERVICE.replace("web", "a" * 254), "0.yaml:4:9: error [SG1002]"),
        (SERVICE + "  namespace: a.b\n", "0.yaml:5:14: error [SG1002]: Service web: metadata.namespace"),
        (
            SERVICE.replace("web", "12"),
            "0.yaml:4:9: error [SG1002]: Service 12: metadata.name: to YAML this is no text",
        ),
        (SERVICE + "  namespace: true\n", "0.yaml:5:14: error [SG1002]: Service web: metadata.namespace: to YAML"),
        (SERVICE.replace("Service", "a/b"), "0.yaml:2:7: error [SG1002]: a/b web: kind"),
        (SERVICE.replace("v1", "../x/v1"), "0.yaml:1:13: error [SG1002]: Service web: apiVersion"),
        (SERVICE + "---\n" + SERVICE, "0.yaml:6:1: error [SG1003]: Service default/web is given a second time; the"),
        (SERVICE.replace("name:", "// it\n  name:"), "0.yaml:4:3: error [SG0006]: YAML comments start with #"),
    ],
)
def test_what_is_no_object_is_refused_with_its_place(text, told):
    reason, problems = refusal(text)
    assert reason is Reason.INVALID
    assert any(told in problem for problem in problems), problems


def test_all_that_is_wrong_is_told_at_once():
    _, problems = refusal("a: [\n", SERVICE.replace("web", "W"), "b: 1\n")
    assert [problem.partition(":")[0] for problem in problems] == ["0.yaml", "1.yaml", "2.yaml"]


@pytest.mark.parametrize("texts", [[], [""], ["# nothing\n", "---\n"]])
def test_no_objects_are_a_mistake(texts):
    assert refusal(*texts) == (Reason.BAD_REQUEST, [])


def test_what_cannot_be_a_namespace_is_refused():
    assert refusal(SERVICE, namespace="../x") == (Reason.BAD_REQUEST, [])
