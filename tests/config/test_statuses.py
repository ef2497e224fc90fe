"""Statuses: what the API would show of objects, and what people are told."""

import pytest

from shadowgate.config.attachment import Attachments
from shadowgate.config.gateways import CONTROLLER, Gateways
from shadowgate.config.places import Answer
from shadowgate.config.statuses import make_statuses, status_lines, status_of
from shadowgate.model import (
    GATEWAY_GROUP,
    Condition,
    Gateway,
    GatewayClass,
    GatewayListener,
    ListenerStatus,
    ObjectKey,
    ParentReference,
    ParentStatus,
    Route,
    Rule,
    Status,
)
from shadowgate.plugin import Report

GATEWAY = ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "web")
ROUTE = ObjectKey(GATEWAY_GROUP, "HTTPRoute", "shop", "api")
ACCEPTED = Condition("Accepted", True, "Accepted")
RESOLVED = Condition("ResolvedRefs", True, "ResolvedRefs")
PARENT = ParentReference(GATEWAY, "http", 80)
HTTP_ROUTES = ((GATEWAY_GROUP, "HTTPRoute"),)


def made(*gateways, answers=(), attached=None):
    classes = (GatewayClass("ours", CONTROLLER, 3), GatewayClass("others", "example.com/x", 4))
    found = Gateways.of(classes, gateways, (), Report())
    return make_statuses(found, Attachments((), (), tuple(answers), attached or {}))


def gateway(*protocols, **fields):
    listeners = tuple(GatewayListener(name.lower(), at, name) for at, name in enumerate(protocols, 80))
    return Gateway("web", "shop", "ours", listeners, **fields)


def route_conditions(*rules, accepted=ACCEPTED):
    route = Route("api", ("*",), rules, kind="HTTPRoute", namespace="shop", parents=(PARENT,), generation=5)
    _, status = made(answers=[(route, (Answer(PARENT, accepted),))])
    assert (status.key, status.generation) == (ROUTE, 5)
    (parent,) = status.parents
    return parent.conditions


def bad_rule(type_="Accepted", reason="UnsupportedValue", message="no", **fields):
    return Rule(conditions=(Condition(type_, False, reason, message),), **fields)


# What is made


def test_only_our_classes_have_a_status():
    (status,) = made()
    assert status == Status(ObjectKey(GATEWAY_GROUP, "GatewayClass", "", "ours"), 3, (ACCEPTED,))


def test_a_gateway_tells_of_itself_and_of_its_listeners():
    _, status = made(gateway("HTTP", generation=2), attached={"shop/web/http": 7})
    assert (status.key, status.generation) == (GATEWAY, 2)
    assert status.conditions == (ACCEPTED, Condition("Programmed", True, "Programmed"))
    (listener,) = status.listeners
    assert (listener.name, listener.kinds, listener.attached_routes) == ("http", HTTP_ROUTES, 7)


@pytest.mark.parametrize(
    ("protocols", "accepted", "programmed"),
    [(("HTTP", "TCP"), True, (True, "Programmed")), (("TLS", "TCP"), False, (False, "Invalid"))],
)
def test_a_gateway_is_accepted_as_long_as_one_listener_is(protocols, accepted, programmed):
    _, status = made(gateway(*protocols))
    first, second = status.conditions
    assert (first.type, first.holds, first.reason) == ("Accepted", accepted, "ListenersNotValid")
    assert "tcp: TCP is not served yet: port 81 is not opened for it" in first.message
    assert (second.type, (second.holds, second.reason)) == ("Programmed", programmed)


def test_what_a_gateways_text_has_settled_stays():
    refused = Condition("Accepted", False, "UnsupportedAddress", "no")
    _, status = made(gateway("HTTP", conditions=(refused,)))
    assert status.conditions == (refused, Condition("Programmed", False, "Invalid", "no listener is opened"))


def test_a_route_that_is_as_it_should_be():
    assert route_conditions(Rule()) == (ACCEPTED, RESOLVED)


def test_a_route_that_its_parent_refuses():
    refused = Condition("Accepted", False, "NoMatchingParent", "no")
    assert route_conditions(Rule(), accepted=refused) == (refused, RESOLVED)


def test_a_route_with_a_bad_rule_beside_a_good_one_is_partially_invalid():
    accepted, _, partially = route_conditions(Rule(), bad_rule(message="one"), bad_rule(message="two", name="b"))
    assert accepted == ACCEPTED
    assert partially == Condition("PartiallyInvalid", True, "UnsupportedValue", "Dropped Rule(s) 1, b: one; two")


def test_a_route_without_a_good_rule_is_not_accepted():
    conditions = route_conditions(bad_rule(reason="IncompatibleFilters", message="one"), bad_rule())
    assert conditions == (Condition("Accepted", False, "IncompatibleFilters", "one"), RESOLVED)


def test_bad_references_are_one_condition_with_all_that_there_is_to_say():
    _, resolved = route_conditions(
        bad_rule("ResolvedRefs", "InvalidKind", "one"),
        bad_rule("ResolvedRefs", "BackendNotFound", "two"),
        bad_rule("ResolvedRefs", "BackendNotFound", "two"),
    )
    assert resolved == Condition("ResolvedRefs", False, "InvalidKind", "one; two")


def test_a_route_of_another_controllers_parents_has_no_status():
    route = Route("api", ("*",), (Rule(),), kind="HTTPRoute", parents=(PARENT,))
    assert [status.key.kind for status in made(answers=[(route, ())])] == ["GatewayClass"]


# The API's form


def condition(holds="True", generation=5, reason="Accepted", message=""):
    shown = {"type": "Accepted", "status": holds, "reason": reason, "message": message}
    return shown if generation is None else {**shown, "observedGeneration": generation}


def test_the_status_of_a_class():
    status = Status(ObjectKey(GATEWAY_GROUP, "GatewayClass", "", "ours"), 5, (ACCEPTED,))
    assert status_of(status) == {"conditions": [condition()]}


def test_the_status_of_a_gateway():
    listener = ListenerStatus("http", HTTP_ROUTES, 2, (Condition("Accepted", None, "Pending", "wait"),))
    assert status_of(Status(GATEWAY, None, (ACCEPTED,), listeners=(listener,))) == {
        "conditions": [condition(generation=None)],
        "listeners": [
            {
                "name": "http",
                "supportedKinds": [{"group": GATEWAY_GROUP, "kind": "HTTPRoute"}],
                "attachedRoutes": 2,
                "conditions": [condition("Unknown", None, "Pending", "wait")],
            }
        ],
    }


def test_the_status_of_a_route():
    bad = Condition("Accepted", False, "NoMatchingParent", "no")
    other = ParentReference(ObjectKey("", "Service", "shop", "api"))
    status = Status(ROUTE, 5, parents=(ParentStatus(PARENT, (ACCEPTED,)), ParentStatus(other, (bad,))))
    named = {"group": GATEWAY_GROUP, "kind": "Gateway", "namespace": "shop", "name": "web"}
    assert status_of(status) == {
        "parents": [
            {
                "parentRef": {**named, "sectionName": "http", "port": 80},
                "controllerName": CONTROLLER,
                "conditions": [condition()],
            },
            {
                "parentRef": {"group": "", "kind": "Service", "namespace": "shop", "name": "api"},
                "controllerName": CONTROLLER,
                "conditions": [condition("False", reason="NoMatchingParent", message="no")],
            },
        ]
    }


# In words


def test_statuses_in_words():
    conflicted = Condition("Conflicted", True, "HostnameConflict")
    fine = Condition("Conflicted", False, "NoConflicts")
    partly = Condition("PartiallyInvalid", True, "UnsupportedValue", "no")
    listeners = (
        ListenerStatus("http", HTTP_ROUTES, 1, (ACCEPTED, fine)),
        ListenerStatus("more", HTTP_ROUTES, 0, (Condition("Accepted", False, "HostnameConflict"), conflicted)),
    )
    statuses = [
        Status(GATEWAY, 1, (Condition("Accepted", True, "ListenersNotValid"),), listeners=listeners),
        Status(ROUTE, 1, parents=(ParentStatus(PARENT, (Condition("Accepted", None, "Pending"), partly)),)),
    ]
    assert list(status_lines(statuses)) == [
        "Gateway shop/web: Accepted (ListenersNotValid)",
        "  listener http: Accepted; 1 route",
        "  listener more: not Accepted (HostnameConflict), Conflicted (HostnameConflict); 0 routes",
        "HTTPRoute shop/api:",
        "  Gateway shop/web, http, port 80: perhaps Accepted (Pending), PartiallyInvalid (UnsupportedValue)",
    ]
