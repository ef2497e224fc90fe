"""Which routes have the default Gateways among their parents."""

from shadowgate.config.default_gateways import add_defaults
from shadowgate.config.gateways import Gateways
from shadowgate.errors import Position
from shadowgate.model import GATEWAY_GROUP, Gateway, GatewayListener, ObjectKey, ParentReference, Route
from shadowgate.plugin import Report

HERE = Position("a.yaml", 3, 1)


def gateway(name, is_default=True, created=""):
    listeners = (GatewayListener("http", 80, "HTTP"),)
    return Gateway(name, "infra", "c", listeners, created=created, is_default=is_default)


def parent(name, section=""):
    return ParentReference(ObjectKey(GATEWAY_GROUP, "Gateway", "infra", name), section)


def parents(gateways, *named, takes_defaults=True):
    report = Report()
    route = Route("r", ("*",), (), kind="HTTPRoute", parents=named, takes_defaults=takes_defaults, position=HERE)
    found = list(add_defaults([route], Gateways.of((), gateways, (), report), report))
    warnings = [problem for problem in report.problems if problem.path == "HTTPRoute r"]
    return [(each.key.name, each.section) for route in found for each in route.parents], warnings


def test_default_gateways_come_behind_the_parents_that_are_named_oldest_first():
    gateways = (gateway("young", created="2026"), gateway("old", created="2025"), gateway("other", is_default=False))
    assert parents(gateways, parent("x")) == ([("x", ""), ("old", ""), ("young", "")], [])


def test_one_that_is_named_already_is_no_second_parent():
    assert parents((gateway("g"),), parent("g", "http")) == ([("g", "http")], [])


def test_nobody_is_attached_without_asking():
    assert parents((gateway("g"),), parent("x"), takes_defaults=False) == ([("x", "")], [])


def test_where_there_is_none_the_route_is_nowhere_and_its_writer_told():
    found, (warning,) = parents((gateway("g", is_default=False),))
    assert found == []
    assert (warning.position, warning.severity) == (HERE, "warning")
    assert "no Gateway is a default one" in warning.message


def test_a_gateway_of_another_controller_is_no_default():
    report = Report()
    gateways = Gateways((), {}, {}, frozenset({("infra", "g")}), {})
    route = Route("r", ("*",), (), parents=(parent("x"),), takes_defaults=True)
    (found,) = add_defaults([route], gateways, report)
    assert [each.key.name for each in found.parents] == ["x"]
