"""Routes of several objects on one host."""

import pytest

from shadowgate.config.precedence import order_routes
from shadowgate.errors import Position
from shadowgate.model import GATEWAY_GROUP, Match, ObjectKey, ParentReference, PathMatch, PluginUse, Route, Rule
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)


def path(value, kind="prefix"):
    return Match(PathMatch(kind, value))


def rule(name, *matches):
    return Rule(matches, name=name)


def vs(name, *rules, hosts=("a",), created="", listeners=("port 80",), namespace="shop"):
    return Route(name, hosts, rules or (rule("all"),), listeners, "VirtualService", namespace, created, HERE)


def ordered(*routes):
    report = Report()
    found = order_routes(routes, report)
    return [(route.name, [each.name for each in route.rules]) for route in found], report.problems


def names(*routes):
    return [name for name, _ in ordered(*routes)[0]]


def test_the_older_one_comes_first_then_names_decide():
    routes = (
        vs("c", created="2024-01-02T00:00:00Z"),
        vs("b", created="2024-01-01T00:00:00Z"),
        vs("a", created="2024-01-02T00:00:00Z"),
    )
    assert names(*routes) == ["b", "a", "c"]
    assert names(vs("a", namespace="z"), vs("b", namespace="y")) == ["b", "a"]


def test_routes_without_a_date_stay_in_the_order_of_reading_before_those_with_one():
    native = [Route(name, ("a",), (rule("all"),)) for name in "ba"]
    assert names(vs("c"), *native) == ["b", "a", "c"]


def test_what_holds_always_comes_after_all_others_of_the_host():
    one = vs("one", rule("a", path("/a")), rule("rest"))
    two = vs("two", rule("b", path("/b")), rule("rest"))
    assert ordered(one, two)[0] == [("one", ["a"]), ("two", ["b"]), ("one", ["rest"]), ("two", ["rest"])]


def test_what_stands_below_it_goes_along():
    one = vs("one", rule("rest"), rule("in vain", path("/a")))
    assert ordered(one, vs("two", rule("b", path("/b"))))[0] == [("two", ["b"]), ("one", ["rest", "in vain"])]


def test_a_rule_is_taken_apart_at_the_match_that_holds_always():
    one = vs("one", rule("both", path("/a"), Match(), path("/b")))
    report = Report()
    first, _, last = order_routes((one, vs("two", rule("b", path("/b")))), report)
    assert [match.path and match.path.value for match in first.rules[0].matches] == ["/a"]
    assert [match.path and match.path.value for match in last.rules[0].matches] == [None, "/b"]


@pytest.mark.parametrize("other", [{"hosts": ("b",)}, {"listeners": ("port 81",)}])
def test_a_route_that_shares_no_host_stays_whole(other):
    one = vs("one", rule("a", path("/a")), rule("rest"))
    assert ordered(one, vs("two", **other))[0] == [("one", ["a", "rest"]), ("two", ["all"])]


@pytest.mark.parametrize(
    ("match", "last"),
    [
        (Match(), True),
        (path("/"), True),
        (path(""), True),
        (path(".*", "regex"), True),
        (path("/", "segments"), True),
        (path("/", "exact"), False),
        (path("/a.*", "regex"), False),
        (Match(conditions=(PluginUse("method"),)), False),
    ],
)
def test_these_hold_always(match, last):
    found, _ = ordered(vs("one", rule("it", match)), vs("two", rule("b", path("/b"))))
    assert (found[-1] == ("one", ["it"])) is last


def test_only_in_the_mesh_are_two_objects_on_a_host_a_warning():
    assert ordered(vs("one"), vs("two"))[1] == []
    hosts = ("a", "a.shop")
    problems = ordered(vs("two", listeners=(), hosts=hosts), vs("one", listeners=(), hosts=hosts))[1]
    assert [str(problem) for problem in problems] == [
        "a.yaml:1:1: warning [SG0705]: VirtualService two: VirtualService shop/one at a.yaml:1:1 has rules for a, too; "
        "both hold, that one first"
    ]


# Beside the Gateway API


def http(name, *rules, hosts=("a",), created="", listeners=("port 80",)):
    parents = (ParentReference(ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "web")),)
    rules = rules or (rule("all", path("/", "segments")),)
    return Route(name, hosts, rules, listeners, "HTTPRoute", "shop", created, HERE, parents=parents)


def test_routes_of_the_gateway_api_alone_are_one_block_and_not_divided():
    routes = (
        http("b", rule("all", path("/", "segments")), rule("x", path("/x"))),
        http("a", created="2024-01-01T00:00:00Z"),
    )
    found, problems = ordered(*routes)
    assert found == [("b", ["all", "x"]), ("a", ["all"])]
    assert problems == []


def test_a_block_stands_where_its_oldest_route_does_and_what_matches_everything_comes_last():
    routes = (
        vs("middle", rule("m", path("/m")), rule("every"), created="2024-02-01T00:00:00Z"),
        http("young", rule("y", path("/", "segments"), path("/y")), created="2024-03-01T00:00:00Z"),
        http("old", rule("o", path("/o"), path("/", "segments")), created="2024-01-01T00:00:00Z"),
    )
    found, problems = ordered(*routes)
    assert found == [
        ("young", ["y"]),
        ("old", ["o"]),
        ("middle", ["m"]),
        ("young", ["y"]),
        ("old", ["o"]),
        ("middle", ["every"]),
    ]
    assert [problem.code for problem in problems] == ["SG0880", "SG0880"]
    assert str(problems[0]) == (
        "a.yaml:1:1: warning [SG0880]: HTTPRoute young: VirtualService shop/middle at a.yaml:1:1 has rules for a, too; "
        "both hold, the older object's first"
    )


def test_blocks_are_of_routes_that_have_hosts_in_common():
    routes = (
        http("old", hosts=("b",), created="2024-01-01T00:00:00Z"),
        vs("middle", rule("m", path("/m")), created="2024-02-01T00:00:00Z"),
        http("young", rule("y", path("/y")), hosts=("a", "c"), created="2024-03-01T00:00:00Z"),
        http("joined", rule("j", path("/j")), hosts=("c",), created="2024-04-01T00:00:00Z"),
    )
    assert names(*routes) == ["old", "middle", "young", "joined"]


def test_another_socket_is_another_place():
    found, problems = ordered(vs("v", created="2025-01-01T00:00:00Z"), http("h", listeners=("port 81",)))
    assert [name for name, _ in found] == ["h", "v"]
    assert problems == []
