"""Routes of the Gateway API at the listeners of their parents."""

import pytest

from shadowgate.config.attachment import attach_routes
from shadowgate.config.gateways import CONTROLLER, Gateways
from shadowgate.errors import Position
from shadowgate.model import (
    GATEWAY_GROUP,
    Condition,
    Configuration,
    Gateway,
    GatewayClass,
    GatewayListener,
    ObjectKey,
    ParentReference,
    Route,
    Rule,
)
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
RULE = Rule()
CLASSES = (GatewayClass("ours", CONTROLLER), GatewayClass("others", "example.com/x"))


def listener(name="http", hostname="", port=80, protocol="HTTP", **fields):
    return GatewayListener(name, port, protocol, hostname, **fields)


def gateway(*listeners, name="web", **fields):
    return Gateway(name, "shop", fields.pop("class_name", "ours"), listeners or (listener(),), **fields)


def parent(name="web", section="", port=None, kind="Gateway", group=GATEWAY_GROUP):
    return ParentReference(ObjectKey(group, kind, "shop", name), section, port, HERE)


def route(*hosts, parents=None, namespace="shop", rules=(RULE,), kind="HTTPRoute", name="r"):
    return Route(name, hosts or ("*",), rules, kind=kind, namespace=namespace, parents=parents or (parent(),))


def attached(gateways, *routes):
    report = Report()
    found = attach_routes(routes, Gateways.of(CLASSES, gateways, (), report), Configuration(), report)
    return found, [f"{problem.code}: {problem.message}" for problem in report.problems]


def served(gateways, *routes):
    """Return listeners and hosts of what is bound, without those that only keep others away."""
    found, _ = attached(gateways, *routes)
    return [(each.listeners, each.hosts) for each in found.routes if each.kind != "Gateway"]


def reason(gateways, refused):
    """Return what the parent says to a route that it refuses, and the problem."""
    found, problems = attached(gateways, refused)
    assert found.routes == () and not any(found.attached.values())
    ((_, (answer,)),) = found.answers
    assert answer.accepted.type == "Accepted" and answer.accepted.holds is False
    return answer.accepted.reason, problems


# Which listeners


def test_without_a_section_a_route_goes_to_every_listener_that_takes_it():
    web = gateway(listener(), listener("more", port=81), listener("other", port=82, hostname="x.test"))
    assert served([web], route("a.test")) == [(("shop/web/http", "shop/web/more"), ("a.test",))]


def test_section_and_port_both_have_to_fit():
    web = gateway(listener(), listener("more", port=81))
    assert served([web], route("a", parents=(parent(section="more"),))) == [(("shop/web/more",), ("a",))]
    assert served([web], route("a", parents=(parent(port=81),))) == [(("shop/web/more",), ("a",))]
    assert reason([web], route(parents=(parent(section="http", port=81),))) == (
        "NoMatchingParent",
        ["SG0860: there is no listener http at port 81 in Gateway shop/web; it is not attached"],
    )


def test_an_unknown_gateway_is_told_with_the_one_that_was_meant():
    assert reason([gateway()], route(parents=(parent("wed"),))) == (
        "NoMatchingParent",
        ['SG0860: there is no Gateway shop/wed, did you mean "shop/web"?; it is not attached'],
    )


def test_a_parent_is_a_gateway_or_a_service():
    found, problems = reason([gateway()], route(parents=(parent(kind="Mesh"),)))
    assert found == "UnsupportedValue"
    assert problems == [
        "SG0860: a parent is a Gateway or a Service, not of the kind gateway.networking.k8s.io/Mesh; it is not attached"
    ]


def test_a_gateway_of_another_controller_says_nothing():
    found, problems = attached([gateway(class_name="others")], route())
    assert found.routes == ()
    assert [answers for _, answers in found.answers] == [()]
    assert [problem.partition(":")[0] for problem in problems] == ["SG0851"]


def test_listeners_take_routes_of_their_kinds_and_namespaces():
    grpc = listener("grpc", port=81, kinds=((GATEWAY_GROUP, "GRPCRoute"),))
    assert served([gateway(listener(), grpc)], route("a")) == [(("shop/web/http",), ("a",))]
    assert reason([gateway(grpc)], route())[0] == "NotAllowedByListeners"
    assert reason([gateway()], route(namespace="else"))[0] == "NotAllowedByListeners"


def test_a_route_that_is_at_closed_listeners_only_is_accepted_and_served_nowhere():
    found, problems = attached([gateway(listener("tls", port=443, protocol="HTTPS"))], route())
    ((_, (answer,)),) = found.answers
    assert answer.accepted == Condition("Accepted", True, "Accepted")
    assert found.routes == ()
    assert found.attached["shop/web/tls"] == 1
    assert problems == ["SG0861: no request comes by Gateway shop/web: not opened there: tls"]


# Which hosts


@pytest.mark.parametrize(
    ("offered", "wanted", "common"),
    [
        ("", ("a.test", "*.b.test"), ("a.test", "*.b.test")),
        ("", ("*",), ("*",)),
        ("a.test", ("*",), ("a.test",)),
        ("a.test", ("A.test", "b.test"), ("a.test",)),
        ("*.test", ("a.test", "x.y.test", "test"), ("a.test", "x.y.test")),
        ("*.a.test", ("*.test", "b.test"), ("*.a.test",)),
    ],
)
def test_a_route_is_served_for_the_hosts_that_both_name(offered, wanted, common):
    assert served([gateway(listener(hostname=offered))], route(*wanted)) == [(("shop/web/http",), common)]


def test_without_a_host_in_common_it_is_not_attached():
    found, problems = reason([gateway(listener(hostname="*.test"))], route("test", "b.example"))
    assert found == "NoMatchingListenerHostname"
    assert problems == ["SG0860: Gateway shop/web is for *.test, and the route for test, b.example; it is not attached"]


def test_hosts_of_a_narrower_listener_are_not_served_by_a_wider_one():
    web = gateway(
        listener("any"), listener("test", "*.test"), listener("deep", "*.a.test"), listener("one", "x.a.test")
    )
    hosts = ("b.example", "b.test", "b.a.test", "x.a.test", "*.test", "*.a.test")
    places = {
        section: served([web], route(*hosts, parents=(parent(section=section),)))
        for section in ("any", "test", "deep", "one")
    }
    assert places == {
        "any": [(("shop/web/any",), ("b.example",))],
        "test": [(("shop/web/test",), ("b.test", "*.test"))],
        "deep": [(("shop/web/deep",), ("b.a.test", "*.a.test"))],
        "one": [(("shop/web/one",), ("x.a.test",))],
    }


def test_a_narrower_listener_of_another_port_takes_nothing_away():
    web = gateway(listener(), listener("test", "*.test", port=81))
    assert served([web], route("a.test", parents=(parent(section="http"),))) == [(("shop/web/http",), ("a.test",))]


def test_a_route_that_narrower_listeners_leave_nothing_is_told_so():
    web = gateway(listener(), listener("test", "*.test"))
    found, problems = attached([web], route("a.test", parents=(parent(section="http"),)))
    assert [each.kind for each in found.routes] == ["Gateway"]
    assert problems == ["SG0862: narrower listeners take all requests for a.test from shop/web/http"]


def test_a_narrower_listener_without_routes_keeps_wider_ones_away():
    found, _ = attached([gateway(listener(), listener("test", "*.test"), listener("apart", "*.test", port=81))])
    assert [(each.kind, each.listeners, each.hosts, each.rules) for each in found.routes] == [
        ("Gateway", ("shop/web/test",), ("*.test",), ())
    ]


def test_what_is_served_for_the_same_hosts_stands_there_once():
    web = gateway(listener("a", "a.test"), listener("b", "b.test"), listener("c", port=81))
    assert served([web], route("a.test", "b.test")) == [
        (("shop/web/a", "shop/web/b", "shop/web/c"), ("a.test", "b.test"))
    ]


# Counting


def test_a_route_counts_once_at_a_listener_however_many_parents_name_it():
    found, _ = attached([gateway()], route(parents=(parent(), parent(section="http"))), route(name="s"))
    assert found.attached == {"shop/web/http": 2}


def test_a_route_none_of_whose_rules_is_accepted_does_not_count_and_is_served_with_its_failures():
    bad = Rule(conditions=(Condition("Accepted", False, "UnsupportedValue", "no"),), failure="no")
    found, _ = attached([gateway()], route(rules=(bad,)), route(rules=(bad, Rule()), name="s"))
    assert found.attached == {"shop/web/http": 1}
    assert [len(each.rules) for each in found.routes] == [1, 2]
    assert all(rule.conditions == () for each in found.routes for rule in each.rules)


def test_routes_without_parents_come_back_as_they_are():
    plain = Route("v", ("a",), (Rule(),), kind="VirtualService")
    found, _ = attached([gateway()], plain)
    assert found.routes == (plain,)
    assert found.answers == ()
