"""Options that depend on the match that holds."""

from shadowgate.config.matched import expand_matched
from shadowgate.model import Destination, Match, PathMatch, PluginUse, Route, Rule

USE = PluginUse("path-rewrite", {"replacement": "/new"}, matched="prefix")


def path(kind, value, ignore_case=False):
    return Match(PathMatch(kind, value, ignore_case))


def expanded(*matches, use=USE, **fields):
    (route,) = expand_matched([Route("a", ("a",), (Rule(matches, filters=(use,), name="rule", **fields),))])
    return [(rule.matches, rule.filters[0].options) for rule in route.rules]


def test_a_prefix_is_the_one_of_the_match():
    assert expanded(path("prefix", "/a")) == [((path("prefix", "/a"),), {"replacement": "/new", "prefix": "/a"})]


def test_without_a_condition_on_the_path_it_is_the_slash():
    assert expanded() == [((), {"replacement": "/new", "prefix": "/"})]
    assert expanded(Match(), path("prefix", "")) == [
        ((Match(), path("prefix", "")), {"replacement": "/new", "prefix": "/"})
    ]


def test_an_exact_path_and_a_regex_have_none():
    both = (path("exact", "/a"), path("regex", "/a.*"))
    assert expanded(*both) == [(both, {"replacement": "/new"})]


def test_case_is_ignored_where_the_match_ignores_it():
    assert expanded(path("prefix", "/A", True))[0][1] == {"replacement": "/new", "prefix": "/A", "ignore_case": True}


def test_one_rule_becomes_one_for_each_prefix_in_the_order_of_the_matches():
    matches = (path("prefix", "/a"), path("prefix", "/a"), path("exact", "/b"), path("prefix", "/a"))
    assert [rule_matches for rule_matches, _ in expanded(*matches)] == [matches[:2], matches[2:3], matches[3:]]


def test_path_elements_are_replaced_likewise():
    use = PluginUse("path-rewrite", {"replacement": "/new"}, matched="segments")
    assert expanded(path("segments", "/a"), use=use)[0][1] == {"replacement": "/new", "segments": "/a"}


def test_filters_of_destinations_are_filled_in_as_well():
    rule = Rule((path("prefix", "/a"),), (Destination("b", filters=(USE,)),))
    (route,) = expand_matched([Route("a", ("a",), (rule,))])
    (use,) = route.rules[0].destinations[0].filters
    assert (use.options["prefix"], use.matched) == ("/a", "")


def test_other_rules_are_left_as_they_are():
    rule = Rule((path("prefix", "/a"), path("exact", "/b")), filters=(PluginUse("respond"),))
    route = Route("a", ("a",), (rule,))
    assert expand_matched([route]) == (route,)
