"""Paths of problems."""

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import Position
from shadowgate.plugin import Report

HERE = Position("a.yaml", 3, 5)


def test_a_problem_carries_the_path_to_its_part():
    report = Report()
    scope = Scope(report, "", "default", HERE)
    scope.inside("spec").inside("http").inside("[0]").inside("mirror").error("wrong", HERE, found="x", expected="y")
    scope.warning("doubtful", HERE)
    assert [str(problem) for problem in report.problems] == [
        "a.yaml:3:5: error: spec.http[0].mirror: wrong; found x; expected y",
        "a.yaml:3:5: warning: doubtful",
    ]


def test_parts_share_the_namespace_and_the_place_of_the_document():
    inner = Scope(Report(), "spec", "shop", HERE).inside("hosts")
    assert (inner.namespace, inner.document) == ("shop", HERE)
