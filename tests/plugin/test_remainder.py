"""What is left of a node without its wrong parts, and what is told of that."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen, validators

from shadowgate.errors import NOWHERE, Position, Problem
from shadowgate.plugin import Report
from shadowgate.plugin.remainder import read_remainder
from shadowgate.plugin.yaml import read_text


@frozen
class Target:
    host: str
    port: int = field(default=80, validator=validators.le(65535))


@frozen
class Rule:
    name: str = ""
    to: tuple[Target, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Spec:
    hosts: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    labels: Mapping[str, str] = field(factory=dict)


def remainder(text):
    report = Report()
    (document,) = read_text(text, "x.yaml", report)
    assert not report.problems
    return read_remainder(Spec, document.root, "spec")


def told(found, *paths):
    """Return the paths of the problems that are told of those at ``paths``."""
    return [each.path for each in found.tell([Problem("wrong", NOWHERE, path=path) for path in paths])]


def test_an_unknown_key_is_left_out_though_the_block_begins_with_it():
    found = remainder("rules:\n- nmae: x\n  to: [{host: a}]\n- name: b\n")
    assert found.value == Spec(rules=(Rule(to=(Target("a"),)), Rule("b")))
    assert [each.path for each in found.lost] == ["spec.rules[0].nmae"]


def test_a_value_that_is_refused_is_left_out():
    found = remainder("rules: [{name: a, to: [{host: a, port: 70000}]}]")
    assert found.value.rules[0].to == (Target("a"),)


def test_what_cannot_be_without_a_part_goes_along_with_it():
    found = remainder("rules: [{name: a, to: [{host: [x]}, {host: b}]}, {name: c}]")
    assert found.value == Spec(rules=(Rule("a", (Target("b"),)), Rule("c")))


def test_a_value_in_a_mapping_of_names_is_left_out():
    assert remainder("labels: {a: [x], b: y}").value == Spec(labels={"b": "y"})


def test_of_what_is_wrong_as_a_whole_nothing_remains():
    report = Report()
    (document,) = read_text("- a", "x.yaml", report) or [None]
    assert document is None
    assert read_remainder(Target, next(iter(read_text("port: 1", "x.yaml", report))).root, "") is None


def test_paths_are_those_of_the_whole():
    found = remainder("rules: [1, {name: b}, {to: [2, {host: c}, {host: d}]}]")
    assert told(found, "spec.rules[0].name", "spec.rules[1].to[1].host.x") == [
        "spec.rules[1].name",
        "spec.rules[2].to[2].host.x",
    ]


def test_what_may_come_of_a_lost_part_is_not_told():
    found = remainder("hosts: [a]\nrules: [{nmae: a, to: [{host: a}]}, {name: b}]")
    assert told(found, "spec.rules[0]", "spec.rules[0].to", "spec.rules[0].to[0]", "spec.rules", "spec") == []
    others = ["spec.rules[0].to[0].host", "spec.rules[1]", "spec.rules[1].name", "spec.hosts[0]", "spec.rules[10]"]
    assert told(found, *others) == others


def test_items_of_a_list_say_nothing_of_each_other():
    assert told(remainder("hosts: [[x], b]"), "spec.hosts[0]", "spec.hosts") == ["spec.hosts[1]"]


def test_blocks_that_something_was_taken_out_of_are_known_by_their_places():
    found = remainder("rules:\n- name: a\n  to: [{host: a, prt: 1}]\n- name: b\n")
    assert [rule.position in found.touched for rule in found.value.rules] == [True, False]
    assert found.lacks_key_of("spec.rules[0].to[0]")
    assert not found.lacks_key_of("spec")
