"""Rules and matches that no request can reach."""

import pytest
from attrs import evolve

from shadowgate.config.reach import check_reach
from shadowgate.errors import Position
from shadowgate.model import (
    GATEWAY_GROUP,
    Configuration,
    Delegate,
    Destination,
    Match,
    ObjectKey,
    ParentReference,
    PathMatch,
    PluginUse,
    Route,
    Rule,
)
from shadowgate.plugin import Mapping, Report, Scalar

TO = (Destination("web"),)


def at(line, column=1):
    return Position("a.yaml", line, column)


def rule(line, *matches, **given):
    placed = tuple(evolve(match, position=at(line, column)) for column, match in enumerate(matches, 10))
    return Rule(placed, TO, position=at(line), **given)


def path(kind, value, *conditions, fold=False):
    return Match(PathMatch(kind, value, fold), conditions)


def when(*conditions):
    return Match(None, conditions)


def header(value):
    return PluginUse("header", {"name": "x", "exact": value})


def problems(*routes):
    report = Report()
    check_reach(Configuration(routes=routes), report)
    return [(problem.position.line, problem.code) for problem in report.problems]


def in_vain(*rules):
    """Return the lines of the rules of one host that are told of."""
    return [line for line, _ in problems(Route("r", ("a.example",), rules))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (when(), path("exact", "/a")),
        (path("prefix", "/"), path("regex", "/a|/b")),
        (path("prefix", ""), path("segments", "/a")),
        (path("segments", "/"), when()),
        (path("regex", ".*"), path("exact", "/a")),
        (path("prefix", "/a"), path("prefix", "/a")),
        (path("prefix", "/a"), path("prefix", "/ab")),
        (path("prefix", "/a"), path("exact", "/a")),
        (path("prefix", "/a"), path("segments", "/a/")),
        (path("segments", "/a"), path("segments", "/a/b")),
        (path("segments", "/a/"), path("exact", "/a")),
        (path("segments", "/a"), path("exact", "/a/b/c")),
        (path("segments", "/a"), path("prefix", "/a/")),
        (path("regex", "/a[0-9]"), path("regex", "/a[0-9]")),
        (path("prefix", "/A", fold=True), path("exact", "/abc")),
        (path("prefix", "/a", fold=True), path("exact", "/ABC", fold=True)),
        (when(header("1")), path("exact", "/a", header("1"))),
        (when(header("1")), when(PluginUse("method", {"exact": "GET"}), header("1"))),
        (path("prefix", "/a"), path("prefix", "/a", header("1"))),
    ],
)
def test_what_an_earlier_match_takes_is_told(first, second):
    assert in_vain(rule(1, first), rule(2, second)) == [2]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (path("exact", "/a"), path("prefix", "/a")),
        (path("exact", "/a"), path("segments", "/a")),
        (path("prefix", "/ab"), path("prefix", "/a")),
        (path("segments", "/a"), path("prefix", "/a")),
        (path("segments", "/a"), path("exact", "/ab")),
        (path("segments", "/a/b"), path("segments", "/a")),
        (path("regex", "/a"), path("regex", "/b")),
        (path("regex", "/a"), path("exact", "/a")),
        (path("prefix", "/a"), path("exact", "/abc", fold=True)),
        (path("prefix", "/A"), path("exact", "/abc")),
        (when(header("1")), when()),
        (when(header("1")), when(header("2"))),
        (path("prefix", "/a", header("1")), path("prefix", "/a")),
        (path("prefix", "/a", header("1")), path("prefix", "/a", PluginUse("method", {"exact": "GET"}))),
    ],
)
def test_what_may_be_reached_is_not_told(first, second):
    assert in_vain(rule(1, first), rule(2, second)) == []


def test_a_rule_is_in_vain_when_all_of_its_matches_are():
    first = rule(1, path("prefix", "/a"), path("prefix", "/b"))
    assert in_vain(first, rule(2, path("exact", "/a"), path("exact", "/b"))) == [2]
    assert problems(Route("r", ("a",), (first, rule(2, path("exact", "/a"), path("exact", "/c"))))) == [(2, "SG0515")]


def test_the_same_match_has_a_code_of_its_own():
    rules = (rule(1, path("exact", "/a")), rule(2, path("exact", "/a")), rule(3, path("prefix", "/a"), when()))
    assert problems(Route("r", ("a",), rules)) == [(2, "SG0516")]


def test_the_sentence_names_the_rule_that_takes_the_requests():
    report = Report()
    rules = (rule(1, path("prefix", "/a")), rule(2, path("exact", "/ab"), name="late"))
    check_reach(Configuration(routes=(Route("web", ("a",), rules, kind="VirtualService"),)), report)
    assert [str(problem) for problem in report.problems] == [
        "a.yaml:2:1: warning [SG0515]: VirtualService web: rule late: no request gets here: "
        "the rule at a.yaml:1:10 takes all that this one matches"
    ]


def test_after_a_rule_that_matches_everything_one_sentence_is_enough():
    assert in_vain(rule(1), rule(2, path("exact", "/a")), rule(3), rule(4, path("exact", "/b"))) == [2]


def test_options_are_compared_whether_written_or_made():
    written = Mapping(
        ((Scalar("exact", at(9)), Scalar("1", at(9))), (Scalar("name", at(9)), Scalar("x", at(9)))), at(9)
    )
    assert in_vain(rule(1, when(header("1"))), rule(2, when(PluginUse("header", written)))) == [2]


def test_hosts_have_tables_of_their_own():
    one = Route("one", ("a", "b"), (rule(1, path("prefix", "/a")),))
    two = Route("two", ("b",), (rule(2, path("exact", "/a")),))
    three = Route("three", ("b", "C"), (rule(3, path("exact", "/a")),))
    four = Route("four", ("*.b", "*"), (rule(4, path("exact", "/a")),))
    assert problems(one, two, three, four) == [(2, "SG0515")]


def test_listeners_have_tables_of_their_own():
    one = Route("one", ("a",), (rule(1),), listeners=("front",))
    two = Route("two", ("a",), (rule(2),), listeners=("back",))
    three = Route("three", ("a",), (rule(3),), listeners=("front",))
    assert problems(one, two, three) == [(3, "SG0515")]


def test_a_rule_that_stands_in_two_routes_is_reached_when_it_is_in_one():
    shared = rule(2, path("exact", "/a"))
    before = Route("before", ("a",), (rule(1),))
    assert problems(before, Route("r", ("a",), (shared,)), Route("r", ("b",), (shared,))) == []
    assert problems(before, Route("r", ("a",), (shared,)), Route("r", ("A",), (shared,))) == [(2, "SG0515")]


def test_a_rule_that_delegates_takes_nothing_itself():
    assert in_vain(rule(1, delegate=Delegate("other", "default")), rule(2, path("exact", "/a"))) == []


def test_ten_thousand_conditions_are_looked_up_and_not_compared():
    rules = tuple(
        rule(line, when(header(str(line)), PluginUse("method", {"exact": "GET"}))) for line in range(1, 10001)
    )
    assert in_vain(*rules, rule(10001, path("exact", "/a", header("77"), PluginUse("method", {"exact": "GET"})))) == [
        10001
    ]


def test_of_the_gateway_api_the_more_specific_match_is_reached_whatever_its_place():
    parents = (ParentReference(ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "web")),)
    rules = tuple(
        Rule(
            (Match(PathMatch("segments", value), position=Position("a.yaml", line)),), position=Position("a.yaml", line)
        )
        for line, value in enumerate(("/", "/x", "/x/y", "/x"), 1)
    )
    route = Route("r", ("a",), rules, kind="HTTPRoute", created="", parents=parents)
    report = Report()
    check_reach(Configuration(routes=(route,)), report)
    assert [str(problem) for problem in report.problems] == [
        "a.yaml:4:1: warning [SG0516]: HTTPRoute r: no request gets here: the rule at a.yaml:2:1 matches the same"
    ]
