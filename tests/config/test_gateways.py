"""Gateways of the Gateway API: whose they are, and which listeners are opened."""

import pytest

from shadowgate.config.gateways import CONTROLLER, Gateways, selects
from shadowgate.errors import Position
from shadowgate.model import (
    GATEWAY_GROUP,
    Condition,
    Gateway,
    GatewayClass,
    GatewayListener,
    LabelRequirement,
    LabelSelector,
    Namespace,
)
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
OURS = GatewayClass("ours", CONTROLLER)
OTHERS = GatewayClass("others", "example.com/gateway")


def listener(name="http", port=80, protocol="HTTP", **fields):
    return GatewayListener(name, port, protocol, position=HERE, **fields)


def gateway(*listeners, name="web", class_name="ours", **fields):
    return Gateway(name, "shop", class_name, listeners or (listener(),), position=HERE, **fields)


def settled(*gateways, classes=(OURS, OTHERS), namespaces=()):
    report = Report()
    return Gateways.of(classes, gateways, namespaces, report), [problem.code for problem in report.problems]


def conditions(found, name="web"):
    """Return what holds or not of each listener, with the reason."""
    return [
        {each.type: (each.holds, each.reason) for each in placed.conditions} for placed in found.listeners["shop", name]
    ]


def open_names(found):
    return [placed.key for placed in found.open]


# Classes


def test_a_gateway_of_our_class_is_ours():
    found, codes = settled(gateway())
    assert open_names(found) == ["shop/web/http"]
    assert codes == []
    assert found.classes == (OURS,)


def test_a_gateway_of_another_controllers_class_is_left_alone():
    found, codes = settled(gateway(class_name="others"))
    assert open_names(found) == []
    assert found.foreign == {("shop", "web")}
    assert codes == ["SG0851"]


def test_without_a_class_document_a_gateway_is_ours_and_said_to_be():
    found, codes = settled(gateway(class_name="istio"), classes=())
    assert open_names(found) == ["shop/web/http"]
    assert codes == ["SG0850"]


# Listeners


def test_an_http_listener_is_opened_for_its_hostname_under_a_name_with_two_slashes():
    found, _ = settled(gateway(listener(hostname="*.Example.com")))
    (placed,) = found.open
    opened = placed.open_listener
    assert (opened.name, opened.gateway) == (f"{GATEWAY_GROUP}/shop/web/http", "shop/web/http")
    assert (opened.port, opened.hosts) == (80, ("*.example.com",))
    assert conditions(found) == [
        {
            "Accepted": (True, "Accepted"),
            "ResolvedRefs": (True, "ResolvedRefs"),
            "Conflicted": (False, "NoConflicts"),
            "Programmed": (True, "Programmed"),
        }
    ]


@pytest.mark.parametrize("protocol", ["HTTPS", "TLS", "TCP", "UDP", "example.com/other"])
def test_other_protocols_are_not_served_and_never_opened(protocol):
    found, _ = settled(gateway(listener(protocol=protocol)))
    assert open_names(found) == []
    (said,) = conditions(found)
    assert said["Accepted"] == (False, "UnsupportedProtocol")
    assert said["Programmed"] == (False, "Invalid")


def test_what_the_text_has_settled_stays():
    bad = (Condition("Accepted", False, "UnsupportedValue", "no"), Condition("ResolvedRefs", False, "Other", "no"))
    found, _ = settled(gateway(listener(conditions=bad)))
    (said,) = conditions(found)
    assert said["Accepted"] == (False, "UnsupportedValue")
    assert said["ResolvedRefs"] == (False, "Other")
    assert open_names(found) == []


def test_a_gateway_that_is_refused_has_no_open_listener():
    refused = (Condition("Accepted", False, "UnsupportedAddress", "no"),)
    found, _ = settled(gateway(conditions=refused))
    assert conditions(found)[0]["Accepted"] == (False, "UnsupportedAddress")
    assert open_names(found) == []


def test_kinds_of_routes_that_are_not_served_are_told_and_the_rest_is_served():
    http, grpc = (GATEWAY_GROUP, "HTTPRoute"), (GATEWAY_GROUP, "GRPCRoute")
    found, _ = settled(
        gateway(listener(kinds=(http, grpc)), listener("grpc", 81, kinds=(grpc,)), listener("none", 82, kinds=()))
    )
    assert [placed.kinds for placed in found.listeners["shop", "web"]] == [(http,), (), ()]
    both, grpc_only, none = conditions(found)
    assert both["ResolvedRefs"] == grpc_only["ResolvedRefs"] == (False, "InvalidRouteKinds")
    assert both["Programmed"] == (True, "Programmed")
    assert grpc_only["Programmed"] == none["Programmed"] == (False, "Invalid")


# Conflicts


def test_of_two_protocols_on_one_port_neither_is_opened():
    found, codes = settled(gateway(listener(), listener("tcp", protocol="TCP"), listener("other", 81)))
    assert open_names(found) == ["shop/web/other"]
    assert codes == ["SG0852", "SG0852"]
    http, tcp, _ = conditions(found)
    assert http["Accepted"] == http["Programmed"] == (False, "ProtocolConflict")
    assert http["Conflicted"] == (True, "ProtocolConflict")
    assert tcp["Accepted"] == (False, "UnsupportedProtocol")
    assert tcp["Conflicted"] == (True, "ProtocolConflict")


def test_protocols_that_can_share_a_port_do_not_exclude_each_other():
    found, codes = settled(
        gateway(
            listener(),
            listener("udp", protocol="UDP"),
            listener("https", 443, "HTTPS", hostname="a.test"),
            listener("tls", 443, "TLS", hostname="b.test"),
        )
    )
    assert open_names(found) == ["shop/web/http"]
    assert codes == []


def test_of_two_listeners_for_one_hostname_neither_is_opened():
    found, codes = settled(
        gateway(listener("a", hostname="a.test"), listener("b", hostname="A.test"), listener("c", hostname="*.test"))
    )
    assert open_names(found) == ["shop/web/c"]
    assert codes == ["SG0852", "SG0852"]
    assert conditions(found)[1]["Conflicted"] == (True, "HostnameConflict")


def test_of_two_gateways_the_older_one_keeps_the_hostname():
    young = gateway(name="a", created="2025-01-01T00:00:00Z")
    old = gateway(listener(), listener("more", hostname="x.test"), name="b", created="2024-01-01T00:00:00Z")
    found, codes = settled(young, old)
    assert open_names(found) == ["shop/b/http", "shop/b/more"]
    assert codes == ["SG0852"]
    assert conditions(found, "a")[0]["Accepted"] == (False, "HostnameConflict")


def test_gateways_share_a_port_for_different_hostnames():
    found, codes = settled(gateway(listener(hostname="a.test"), name="a"), gateway(name="b"))
    assert open_names(found) == ["shop/a/http", "shop/b/http"]
    assert codes == []


# Namespaces


@pytest.mark.parametrize(("admits", "own", "other"), [("All", 1, 1), ("Same", 1, 0), ("None", 0, 0)])
def test_listeners_take_routes_of_some_namespaces(admits, own, other):
    found, _ = settled(gateway(listener(admits=admits)))
    (placed,) = found.open
    assert found.admits(placed, "shop") == own
    assert found.admits(placed, "else") == other


def test_a_selector_asks_for_labels_of_namespaces_of_which_one_is_the_name():
    by_name = LabelSelector({"kubernetes.io/metadata.name": "plain"})
    by_label = LabelSelector({"team": "a"})
    found, _ = settled(
        gateway(
            listener("n", admits="Selector", selector=by_name, hostname="a"),
            listener("l", admits="Selector", selector=by_label, hostname="b"),
        ),
        namespaces=[Namespace("teams", {"team": "a"})],
    )
    named, labelled = found.open
    assert [found.admits(named, each) for each in ("plain", "teams")] == [True, False]
    assert [found.admits(labelled, each) for each in ("plain", "teams")] == [False, True]


@pytest.mark.parametrize(
    ("operator", "values", "with_it", "without"),
    [("In", ("a", "b"), 1, 0), ("NotIn", ("a",), 0, 1), ("Exists", (), 1, 0), ("DoesNotExist", (), 0, 1)],
)
def test_requirements_of_a_selector(operator, values, with_it, without):
    selector = LabelSelector(requirements=(LabelRequirement("team", operator, values),))
    assert selects(selector, {"team": "a"}) == with_it
    assert selects(selector, {}) == without


def test_an_empty_selector_selects_everything():
    assert selects(LabelSelector(), {})
