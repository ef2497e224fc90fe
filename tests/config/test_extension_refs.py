"""Filters that rules refer to by name."""

from shadowgate.config.extension_refs import resolve_definitions
from shadowgate.errors import Position
from shadowgate.model import Condition, Destination, FilterDefinition, PluginUse, Route, Rule
from shadowgate.plugin import Report

TEAPOT = FilterDefinition("teapot", "shop", PluginUse("respond", {"status": 418}), Position("a.yaml", 3))
OWN = PluginUse("cors")


def reference(name):
    return PluginUse("", definition=name)


def resolved(*filters, definitions=(TEAPOT,), **more):
    report = Report()
    route = Route("r", ("*",), (Rule(filters=filters, **more),), kind="HTTPRoute")
    (made,) = resolve_definitions([route], definitions, report)
    return made.rules[0], [f"{each.severity} {each.path}: {each.message}" for each in report.problems]


def test_a_reference_gives_way_to_the_plugin_in_its_place():
    rule, problems = resolved(OWN, reference("shop/teapot"), OWN)
    assert rule.filters == (OWN, TEAPOT.use, OWN)
    assert (rule.failure, rule.conditions, problems) == ("", (), [])


def test_on_a_destination_as_well():
    rule, _ = resolved(destinations=(Destination("a", filters=(reference("shop/teapot"),)), Destination("b")))
    assert [each.filters for each in rule.destinations] == [(TEAPOT.use,), ()]
    assert [each.failure for each in rule.destinations] == ["", ""]


def test_one_that_leads_nowhere_fails_the_rule_and_is_a_condition():
    rule, problems = resolved(reference("shop/tepot"), OWN)
    assert rule.filters == (OWN,)
    assert rule.failure == "there is no Filter shop/tepot"
    assert rule.conditions == (Condition("ResolvedRefs", False, "BackendNotFound", rule.failure),)
    assert problems == [
        f'warning HTTPRoute r: {rule.failure}, did you mean "shop/teapot"?; requests are answered with 500'
    ]


def test_one_of_another_kind_is_an_invalid_kind():
    rule, _ = resolved(reference("Auth.a.example shop/teapot"))
    assert [each.reason for each in rule.conditions] == ["InvalidKind"]
    assert rule.failure.startswith("Auth.a.example shop/teapot is of no kind")


def test_on_a_destination_it_fails_that_destinations_share():
    broken = Destination("a", filters=(reference("shop/gone"),))
    rule, _ = resolved(destinations=(Destination("b"), broken, Destination("c")))
    assert [each.failure for each in rule.destinations] == ["", "there is no Filter shop/gone", ""]
    assert (rule.failure, len(rule.conditions)) == ("", 1)


def test_a_failure_that_there_was_before_stays():
    rule, _ = resolved(reference("shop/gone"), failure="before", conditions=(Condition("A", False, "B"),))
    assert (rule.failure, [each.type for each in rule.conditions]) == ("before", ["A", "ResolvedRefs"])


def test_a_definition_of_another_namespace_is_another_one():
    assert resolved(reference("other/teapot"))[0].failure


def test_a_name_that_is_given_twice_is_an_error_and_the_first_one_counts():
    again = FilterDefinition("teapot", "shop", OWN, Position("b.yaml"))
    rule, problems = resolved(reference("shop/teapot"), definitions=(TEAPOT, again))
    assert rule.filters == (TEAPOT.use,)
    assert problems == ["error : Filter shop/teapot is said a second time; the first is at a.yaml:3:1"]
