"""Rules in place of those that delegate to them."""

import pytest
from attrs import evolve

from shadowgate.config.delegation import resolve_delegates
from shadowgate.errors import Position
from shadowgate.model import Delegate, Destination, Match, Mirror, PathMatch, PluginUse, Route, Rule
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
TO_B = Delegate("b", "shop")
CORS = PluginUse("cors", {"max_age": 1}, key="corsPolicy")
HEADERS = PluginUse("header-rewrite", {"request": {"set": {"a": "b"}}}, key="headers")
REWRITE = PluginUse("path-rewrite", {"replacement": "/"}, key="rewrite")


def vs(name, *rules, hosts=()):
    return Route(name, hosts, rules, kind="VirtualService", namespace="shop", position=HERE)


def resolved(root, *rules):
    report = Report()
    routes = resolve_delegates([vs("a", evolve(root, delegate=TO_B), hosts=("a",)), vs("b", *rules)], report)
    (route,) = routes
    return route.rules, [problem.code for problem in report.problems]


def matched(root, leaf):
    """Return the one match that comes of two, or the codes of what was reported."""
    (*rules,), codes = resolved(Rule(matches=(root,)), Rule(matches=(leaf,)))
    return rules[0].matches[0] if rules else codes


def header(name="x", invert=None, **options):
    return PluginUse("header", {"name": name, **options} | ({} if invert is None else {"invert": True}))


def test_a_rule_is_replaced_by_those_of_the_delegate():
    rules, codes = resolved(Rule(), Rule(name="one"), Rule(name="two"))
    assert [rule.name for rule in rules] == ["one", "two"]
    assert all(rule.delegate is None for rule in rules)
    assert codes == []


def test_names_are_joined_by_a_hyphen():
    rules, _ = resolved(Rule(name="root"), Rule(name="leaf"), Rule())
    assert [rule.name for rule in rules] == ["root-leaf", "root"]


def test_what_is_not_said_is_taken_over():
    mirror = Mirror(Destination("copy"))
    retry = PluginUse("retry", {"attempts": 5})
    root = Rule(
        filters=(CORS, HEADERS, REWRITE),
        mirrors=(mirror,),
        retry=retry,
        timeout=5.0,
        attempt_timeout=1.0,
        said=("corsPolicy", "headers", "rewrite", "mirrors", "retry", "timeout"),
    )
    (rule,), _ = resolved(root, Rule(retry=PluginUse("retry")))
    assert (rule.filters, rule.mirrors, rule.timeout) == ((CORS, HEADERS, REWRITE), (mirror,), 5.0)
    assert (rule.retry, rule.attempt_timeout) == (retry, 1.0)
    assert rule.said == ()


def test_what_is_said_stands_even_where_it_is_nothing():
    root = Rule(filters=(CORS, HEADERS), mirrors=(Mirror(Destination("copy")),), retry=PluginUse("retry"), timeout=5.0)
    root = evolve(root, said=("corsPolicy", "headers", "mirrors", "retry", "timeout"))
    own = PluginUse("fault", key="fault")
    leaf = Rule(filters=(own,), timeout=1.0, said=("headers", "fault", "mirrors", "retry", "timeout"))
    (rule,), _ = resolved(root, leaf)
    assert (rule.filters, rule.mirrors, rule.retry, rule.timeout) == ((CORS, own), (), None, 1.0)


def test_without_matches_on_one_side_those_of_the_other_hold():
    match = Match(PathMatch("prefix", "/a"))
    assert resolved(Rule(matches=(match,)), Rule())[0][0].matches == (match,)
    assert resolved(Rule(), Rule(matches=(match,)))[0][0].matches == (match,)


def test_each_match_of_the_delegate_meets_each_of_the_root_that_it_lies_within():
    one, two = Match(PathMatch("prefix", "/a"), name="one"), Match(conditions=(header(exact="b"),), name="two")
    leaf = Match(PathMatch("exact", "/a/b"), name="leaf")
    (rule,), _ = resolved(Rule(matches=(one, two)), Rule(matches=(leaf,)))
    assert [match.name for match in rule.matches] == ["one-leaf", "two-leaf"]
    assert [len(match.conditions) for match in rule.matches] == [0, 1]


@pytest.mark.parametrize(
    ("root", "leaf", "holds"),
    [
        (("prefix", "/a"), ("prefix", "/a/b"), True),
        (("prefix", "/a"), ("prefix", "/a"), True),
        (("prefix", "/a"), ("exact", "/ab"), True),
        (("prefix", "/a/b"), ("prefix", "/a"), False),
        (("exact", "/a"), ("exact", "/a"), True),
        (("exact", "/a"), ("exact", "/b"), False),
        (("exact", "/a"), ("prefix", "/a"), False),
        (("regex", "/a"), ("exact", "/a"), False),
        (("prefix", "/a"), ("regex", "/a"), False),
        (("regex", "/a"), ("regex", "/a"), False),
        (("prefix", "/A", True), ("prefix", "/a/b", True), True),
        (("prefix", "/a", True), ("prefix", "/a/b"), False),
    ],
)
def test_a_path_lies_within_another_as_the_same_text_or_a_longer_prefix(root, leaf, holds):
    found = matched(Match(PathMatch(*root)), Match(PathMatch(*leaf)))
    assert found == (Match(PathMatch(*leaf)) if holds else ["SG0713"])


@pytest.mark.parametrize(
    ("root", "leaf", "holds"),
    [
        (header(exact="a"), header(exact="a"), True),
        (header(exact="a"), header("X", exact="b"), False),
        (header(prefix="a"), header(exact="ab"), True),
        (header(regex="a"), header(exact="a"), False),
        (header(present=True), header(exact="a"), False),
        (header(present=True), header(present=True), True),
        (header(exact="a"), header("y", exact="b"), True),
        (header(exact="a"), header(exact="b", invert=True), True),
        (PluginUse("method", {"exact": "GET"}), PluginUse("method", {"exact": "POST"}), False),
        (PluginUse("source-labels", {"labels": {"a": "1"}}), PluginUse("source-labels", {"labels": {"a": "2"}}), False),
    ],
)
def test_conditions_on_one_subject_must_not_conflict(root, leaf, holds):
    found = matched(Match(conditions=(root,)), Match(conditions=(leaf,)))
    assert (found != ["SG0713"]) is holds


def test_labels_of_both_are_asked_for():
    one, two = (PluginUse("source-labels", {"labels": labels}) for labels in ({"a": "1"}, {"b": "2"}))
    (condition,) = matched(Match(conditions=(one,)), Match(conditions=(two,))).conditions
    assert condition.options == {"labels": {"a": "1", "b": "2"}}


def test_ports_gateways_and_prefixes_of_series_are_taken_over_and_must_not_conflict():
    root = Match(listeners=("shop/a", "mesh"), port=80, stat_prefix="root")
    assert matched(root, Match()) == root
    narrower = matched(root, Match(listeners=("mesh",), stat_prefix="leaf"))
    assert (narrower.listeners, narrower.port, narrower.stat_prefix) == (("mesh",), 80, "leaf")
    assert matched(root, Match(port=90)) == ["SG0713"]
    assert matched(root, Match(listeners=("shop/b",))) == ["SG0713"]


def test_only_the_rule_in_conflict_is_left_out():
    root = Rule(matches=(Match(PathMatch("prefix", "/a")),))
    rules, codes = resolved(root, Rule(matches=(Match(PathMatch("prefix", "/b")),)), Rule(name="kept"))
    assert [rule.name for rule in rules] == ["kept"]
    assert codes == ["SG0713"]


def test_a_delegate_that_is_not_there_leaves_the_other_rules_alone():
    report = Report()
    (route,) = resolve_delegates(
        [vs("a", Rule(delegate=Delegate("c", "shop")), Rule(name="kept"), hosts=("a",))], report
    )
    assert [rule.name for rule in route.rules] == ["kept"]
    assert [problem.code for problem in report.problems] == ["SG0711"]


def test_a_delegate_that_nobody_names_is_told():
    report = Report()
    assert resolve_delegates([vs("b", Rule())], report) == ()
    assert [problem.code for problem in report.problems] == ["SG0712"]
