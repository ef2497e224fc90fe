"""Routes bound to the places that their parents give them."""

import pytest

from shadowgate.config.places import Answer, Place, ServicePort, at_port, bound_routes
from shadowgate.errors import NOWHERE
from shadowgate.model import GATEWAY_GROUP, Condition, Match, ObjectKey, ParentReference, Route, Rule

PARENT = ParentReference(ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "web"))
ACCEPTED = Condition("Accepted", True, "Accepted")


def bound(*answers):
    route = Route("r", ("*",), (Rule(conditions=(ACCEPTED,)),), kind="HTTPRoute", parents=(PARENT,))
    answers = [Answer(PARENT, ACCEPTED, tuple(places)) for places in answers]
    return [(each.listeners, each.hosts, each.rules) for each in bound_routes(route, answers)]


def test_a_route_that_nobody_takes_is_bound_nowhere():
    assert bound([], []) == []


def test_hosts_of_one_port_stand_together_and_ports_with_the_same_hosts_do():
    places = [Place("a", ("x",), 80), Place("b", ("y",), 80), Place("c", ("x", "y"), 81), Place("d", ("x",), 82)]
    assert bound(places) == [(("a", "b", "c"), ("x", "y"), (Rule(),)), (("d",), ("x",), (Rule(),))]


def test_what_several_parents_say_of_one_listener_stands_there_once():
    place = Place("a", ("x",), 80)
    assert bound([place], [place]) == [(("a",), ("x",), (Rule(),))]


def test_ports_of_a_service_are_kept_apart():
    one, other = ServicePort(80, (81,), first=True), ServicePort(81, (80,), first=False)
    found = bound([Place("mesh", ("x",), service_port=one)], [Place("mesh", ("x",), service_port=other)])
    assert [rules[0].matches[0].conditions[0].options["regex"] for _, _, rules in found] == [".*:(81)", ".*:(81)"]
    assert [rules[0].matches[0].conditions[0].options.get("invert") for _, _, rules in found] == [True, None]


@pytest.mark.parametrize("matches", [(), (Match(name="a"), Match(name="b"))])
def test_every_match_asks_for_the_port(matches):
    rule = at_port(Rule(matches), ServicePort(81, (80,), first=False))
    asked = ServicePort(81, (80,), first=False).condition(NOWHERE)
    assert [match.conditions for match in rule.matches] == [(asked,)] * max(len(matches), 1)
