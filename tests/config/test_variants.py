"""Variants made into routes: the law of weights, and what each pattern makes of it."""

import pytest

from shadowgate.config.variants import UNASKED, resolve_variants
from shadowgate.model import (
    Availability,
    Destination,
    HealthCheck,
    Match,
    PluginUse,
    Presence,
    Probe,
    Rule,
    Variant,
    Variants,
)
from shadowgate.plugin import Report

PROBE = Probe("tcp", HealthCheck())


def block(pattern, *variants, **more):
    return Variants("web", ("web",), pattern, variants, **more)


def variant(name, weight=None, probed=False, matches=()):
    return Variant(name, Destination(name), weight, matches, (PROBE,) if probed else ())


def told(**states):
    """What probes have found: a reason for each variant that is not there."""
    return Availability("web", "default", tuple(Presence(name, not reason, reason) for name, reason in states.items()))


def resolved(given, *said):
    report = Report()
    found = resolve_variants([given], said, report)
    assert report.problems == []
    return found


def weights(given, *said):
    return resolved(given, *said).availability[0].weights


def test_a_variant_without_probes_is_always_there():
    assert weights(block("blue-green", variant("a"), variant("b"))) == (1, 1)


def test_a_variant_whose_probes_have_not_answered_is_not():
    found = resolved(block("blue-green", variant("a"), variant("b", probed=True)))
    assert found.availability[0].variants[1] == Presence("b", False, UNASKED, 0)


@pytest.mark.parametrize(
    ("given", "said", "expected"),
    [
        ((variant("a", 3), variant("b", 2)), (), (3, 2)),
        ((variant("a", 3), variant("b", 2, True)), (told(b=""),), (3, 2)),
        ((variant("a", 3), variant("b", 2, True)), (told(b="refused"),), (3, 0)),
        ((variant("a", 3, True), variant("b", 2, True)), (told(a="refused", b=""),), (0, 2)),
        ((variant("a", 3, True), variant("b", 2, True)), (told(a="refused", b="refused"),), (1, 0)),
        ((variant("a", 0), variant("b", 0)), (), (1, 0)),
    ],
)
def test_weights_are_those_said_of_the_variants_that_are_there(given, said, expected):
    assert weights(block("blue-green", *given), *said) == expected


def test_blue_green_shares_among_those_with_a_weight():
    (route,) = resolved(block("blue-green", variant("a", 3), variant("b", 2), variant("c", 0))).routes
    (rule,) = route.rules
    assert [(each.cluster, each.weight) for each in rule.destinations] == [("a", 3), ("b", 2)]


def test_a_mirror_copies_to_everybody_else_the_percentage_that_is_their_weight():
    (route,) = resolved(block("mirror", variant("a", 7), variant("b"), variant("c", 25), variant("d", 100))).routes
    (rule,) = route.rules
    assert [(each.cluster, each.weight) for each in rule.destinations] == [("a", 1)]
    shares = [(each.destination.cluster, each.policy and each.policy.options) for each in rule.mirrors]
    assert shares == [("b", None), ("c", {"percent": 25}), ("d", None)]


def test_a_mirror_stays_with_its_primary_whatever_becomes_of_it():
    given = block("mirror", variant("a", probed=True), variant("b", probed=True))
    (route,) = resolved(given, told(a="refused", b="")).routes
    assert [each.cluster for each in route.rules[0].destinations] == ["a"]


def test_canaries_come_before_the_primary_and_only_while_they_are_there():
    match = (Match(conditions=(PluginUse("header"),)),)
    given = block("canary", variant("a"), variant("b", matches=match), variant("c", probed=True, matches=match))
    (route,) = resolved(given, told(c="refused")).routes
    assert [(rule.name, rule.matches, rule.destinations[0].cluster) for rule in route.rules] == [
        ("b", match, "b"),
        ("a", (), "a"),
    ]


def test_what_holds_for_all_its_requests_is_in_every_rule():
    rule = Rule(filters=(PluginUse("cors"),), retry=PluginUse("retry"))
    match = (Match(conditions=(PluginUse("header"),)),)
    given = block("canary", variant("a"), variant("b", matches=match), rule=rule, listeners=("main",))
    (route,) = resolved(given).routes
    assert all((each.filters, each.retry) == (rule.filters, rule.retry) for each in route.rules)
    assert (route.name, route.hosts, route.listeners) == ("web", ("web",), ("main",))


def test_those_who_get_nothing_are_still_looked_up():
    found = resolved(block("mirror", variant("a"), variant("b", probed=True)))
    assert [each.cluster for each in found.absent[0].rules[0].destinations] == ["b"]


def test_what_a_generator_has_decided_is_kept_and_what_nobody_asks_for_is_not():
    decided = Availability("other", "default", (Presence("variant/1", True, "", 1),))
    stale = Availability("gone", "default", (Presence("v1", True),))
    found = resolve_variants([], [decided, stale], Report())
    assert found.availability == (decided,) and found.routes == ()


def test_two_accounts_of_one_application_are_one_too_many():
    report = Report()
    resolve_variants([], [told(a=""), told(a="refused")], report)
    assert [problem.severity for problem in report.problems] == ["error"]
