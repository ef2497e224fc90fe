"""Labels as Kubernetes has them."""

import pytest

from shadowgate.bundled.dialects.istio.labels import check_labels
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE
from shadowgate.plugin import Report


def problems(labels):
    scope = Scope(Report(), "labels", "default", NOWHERE)
    check_labels(labels, NOWHERE, scope)
    return [problem.path for problem in scope.report.problems]


@pytest.mark.parametrize("key", ["app", "App_1.x", "example.com/app", "a" * 63])
@pytest.mark.parametrize("value", ["", "v1", "v1.2_3-a"])
def test_names_and_values(key, value):
    assert problems({key: value}) == []


@pytest.mark.parametrize("key", ["", "a b", "-a", "/app", "a/b/c", "a" * 64, "ä"])
def test_names_that_are_none(key):
    assert problems({key: ""}) == ["labels"]


@pytest.mark.parametrize("value", ["a b", "-a", "a/b", "a" * 64])
def test_values_that_are_none(value):
    assert problems({"app": value}) == ["labels.app"]
