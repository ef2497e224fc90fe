"""In which order matches are tried."""

from itertools import pairwise

import pytest

from shadowgate.config.ranking import rank_matches, specificity
from shadowgate.model import GATEWAY_GROUP, Match, ObjectKey, ParentReference, PathMatch, PluginUse, Route, Rule

PARENT = (ParentReference(ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "web")),)


def match(kind="segments", value="/", *conditions):
    return Match(PathMatch(kind, value), tuple(PluginUse(name) for name in conditions))


def http(name, *rules, created="", namespace="shop"):
    return Route(
        name, ("a",), tuple(Rule(each) for each in rules), kind="HTTPRoute", namespace=namespace, created=created,
        parents=PARENT,
    )  # fmt: skip


def plain(*rules):
    return Route("v", ("a",), tuple(Rule(each) for each in rules), kind="VirtualService")


ORDER = [
    match("exact", "/a"),
    match("regex", "/a.*"),
    match("segments", "/long/path"),
    match("segments", "/path", "method", "header", "header"),
    match("segments", "/path", "method", "header", "query"),
    match("segments", "/path", "method", "header"),
    match("segments", "/path", "method", "query", "query"),
    match("segments", "/path", "method"),
    match("segments", "/path", "header", "header"),
    match("segments", "/path", "header", "query"),
    match("segments", "/path", "query"),
    match("segments", "/path"),
    match("segments", "/", "method", "header", "header", "query"),
    match("segments", "/"),
]


@pytest.mark.parametrize(("before", "after"), list(pairwise(ORDER)))
def test_the_more_specific_match_goes_first(before, after):
    assert specificity(before) < specificity(after)


def test_a_slash_at_the_end_of_a_prefix_does_not_count_and_no_path_is_the_slash():
    assert specificity(match("segments", "/path/")) == specificity(match("segments", "/path"))
    assert specificity(Match()) == specificity(match("segments", "/"))


def test_matches_are_ranked_across_rules_and_routes():
    first = http("a", (match(), match("segments", "/x")), (match("exact", "/y"),))
    second = http("b", (match("segments", "/xx"),))
    assert list(rank_matches([first, second])) == [3, 2, 0, 1]


def test_of_equals_the_older_route_goes_first_then_names_then_order():
    routes = [
        http("young", (match(),), created="2025-01-01T00:00:00Z"),
        http("b", (match(), match()), (match(),), created="2024-01-01T00:00:00Z"),
        http("a", (match(),), created="2024-01-01T00:00:00Z"),
        http("z", (match(),), created="2024-01-01T00:00:00Z", namespace="a"),
    ]
    assert list(rank_matches(routes)) == [5, 2, 3, 4, 1, 0]


def test_other_routes_keep_their_order_around_a_block():
    block = http("a", (match(), match("exact", "/x")))
    assert list(rank_matches([plain((match(), match("exact", "/x")), ()), block, plain(())])) == [0, 1, 2, 4, 3, 5]


def test_a_rule_without_matches_has_one_rank():
    assert list(rank_matches([http("a", (), (match("exact", "/"),))])) == [1, 0]
