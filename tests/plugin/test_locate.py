"""Paths of problems, led back to the parts of a document that they name."""

import pytest

from shadowgate.errors import Position, Problem
from shadowgate.plugin import Report
from shadowgate.plugin.locate import Places
from shadowgate.plugin.yaml import read_text

TEXT = """\
spec:
  hosts:
  - a.example
  - "*"
  mirror_percent: 5
  labels: {topology.kubernetes.io/zone: a, topology: {kubernetes: b}}
  http: [{route: &all [{weight: 1}]}, {route: *all}]
"""


def document():
    report = Report()
    (found,) = read_text(TEXT, "x.yaml", report)
    assert not report.problems
    return found


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ("spec", 2, 3),
        ("spec.hosts", 3, 3),
        ("spec.hosts[1]", 4, 5),
        ("spec.mirrorPercent", 5, 19),
        ("spec.labels.topology.kubernetes.io/zone", 6, 41),
        ("spec.labels.topology.kubernetes", 6, 67),
        ("spec.http[0].route[0].weight", 7, 33),
    ],
)
def test_a_path_leads_to_the_part_that_it_names(path, line, column):
    assert Places(document()).find(path).position == Position("x.yaml", line, column)


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [("", 1, 1), ("specs.hosts", 1, 1), ("spec.host", 2, 3), ("spec.hosts[2]", 3, 3), ("spec.hosts.a", 3, 3)],
)
def test_where_a_path_leads_no_further_the_last_part_on_the_way_is_meant(path, line, column):
    assert Places(document()).find(path).position == Position("x.yaml", line, column)


def at(line, column, path, source="x.yaml"):
    return Places(document()).put(Problem("wrong", Position(source, line, column), path=path)).position


def test_a_problem_is_told_at_the_part_and_not_at_the_block_around_it():
    assert at(2, 3, "spec.hosts[1]") == Position("x.yaml", 4, 5)


def test_a_problem_that_knows_a_later_place_keeps_it():
    assert at(7, 37, "spec.http[0].route") == Position("x.yaml", 7, 37)


def test_an_alias_is_told_where_it_stands_and_not_where_its_anchor_does():
    assert at(7, 40, "spec.http[1].route[0].weight") == Position("x.yaml", 7, 40)


def test_a_place_in_another_file_is_kept():
    assert at(1, 1, "spec.hosts[1]", "y.yaml") == Position("y.yaml", 1, 1)
