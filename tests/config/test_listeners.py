"""Sockets, and the routes that are served on them."""

import pytest

from shadowgate.config.listeners import bind_routes
from shadowgate.errors import Position
from shadowgate.model import OWN, Listener, Match, PathMatch, PluginUse, Route, Rule
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
EVERYTHING = Rule()
NATIVE = Listener("public", "tcp:8000")


def server(gateway="shop/edge", port=80, hosts=("*",), name="http", **fields):
    return Listener(f"{gateway}/{name}", port=port, hosts=hosts, gateway=gateway, position=HERE, **fields)


def route(*hosts, listeners=("shop/edge",), rules=(EVERYTHING,), namespace="shop"):
    return Route("web", hosts, rules, listeners, "VirtualService", namespace, position=HERE)


def bound(listeners, *routes):
    report = Report()
    found = bind_routes(listeners, routes, report)
    return found, [problem.code for problem in report.problems]


def served(listeners, *routes):
    """Return listeners and hosts of each route."""
    found, codes = bound(listeners, *routes)
    assert codes == []
    return [(each.listeners, each.hosts) for each in found.routes]


# Sockets


def test_servers_of_one_port_share_a_socket_whoever_they_belong_to():
    found, _ = bound([server(hosts=("a",)), server("shop/other", hosts=("a", "b")), server(port=81)])
    assert [(each.name, each.port, each.gateway, each.hosts) for each in found.listeners] == [
        ("port 80", 80, "shop/edge, shop/other", ("a", "b")),
        ("port 81", 81, "shop/edge", ("*",)),
    ]


def test_another_address_is_another_socket():
    found, _ = bound([server(), server(bind="127.0.0.1", name="b"), server(port=None, name="c", endpoint="unix:/a")])
    assert [(each.name, each.bind, each.endpoint) for each in found.listeners] == [
        ("port 80", "", ""),
        ("127.0.0.1 port 80", "127.0.0.1", ""),
        ("unix:/a", "", "unix:/a"),
    ]


def test_listeners_of_no_gateway_stay_as_they_are():
    found, _ = bound([NATIVE, server()])
    assert found.listeners[0] is NATIVE


def test_a_server_without_a_place_is_not_opened():
    assert bound([server(port=None)])[0].listeners == ()


# Hosts


@pytest.mark.parametrize(
    ("offered", "wanted", "common"),
    [
        (("*",), ("a.example", "*"), ("a.example", "*")),
        (("*.example",), ("a.example", "b.other"), ("a.example",)),
        (("a.example", "b.example"), ("*.example",), ("a.example", "b.example")),
        (("*.a.example",), ("*.example",), ("*.a.example",)),
        (("*.example",), ("*.a.example",), ("*.a.example",)),
        (("a.example",), ("A.Example",), ("a.example",)),
    ],
)
def test_a_route_is_served_for_the_hosts_that_it_has_in_common_with_the_server(offered, wanted, common):
    assert served([server(hosts=offered)], route(*wanted)) == [(("port 80",), common)]


def test_a_server_lets_in_routes_of_its_namespaces():
    open_to = server(hosts=("a",), namespaces=("shop",))
    assert served([open_to], route("a")) == [(("port 80",), ("a",))]
    found, codes = bound([open_to], route("a", namespace="other"))
    assert (found.routes, codes) == ((), ["SG0704"])


def test_hosts_of_several_servers_on_one_socket_add_up():
    servers = [server(hosts=("a",)), server(hosts=("b",), name="b"), server(hosts=("c",), name="c", port=81)]
    assert served(servers, route("a", "b", "c")) == [(("port 80",), ("a", "b")), (("port 81",), ("c",))]


def test_sockets_with_the_same_hosts_have_one_route():
    assert served([server(), server(port=81, name="b")], route("a")) == [(("port 80", "port 81"), ("a",))]


# Names


def test_without_listeners_a_route_is_the_gateways_own():
    assert served([NATIVE, server()], route("a", listeners=())) == [((), ("a",))]


def test_the_own_listeners_may_stand_beside_gateways():
    assert served([server(hosts=("a",))], route("a", "b", listeners=("shop/edge", OWN))) == [
        ((), ("a", "b")),
        (("port 80",), ("a",)),
    ]


def test_a_native_listener_is_named_as_it_is():
    assert served([NATIVE], route("a", listeners=("public",))) == [(("public",), ("a",))]


@pytest.mark.parametrize(
    ("listeners", "name", "code"),
    [
        ([server()], "shop/egde", "SG0702"),
        ([server(port=None)], "shop/edge", "SG0703"),
        ([server(hosts=("b",))], "shop/edge", "SG0704"),
        ([NATIVE], "publik", "SG0501"),
    ],
)
def test_a_route_that_is_served_nowhere_is_told_why(listeners, name, code):
    found, codes = bound(listeners, route("a", listeners=(name,)))
    assert (found.routes, codes) == ((), [code])


# Matches that hold in some places


def rules_on(listeners, route):
    found, _ = bound(listeners, route)
    return {
        each.listeners: [[match.path.value for match in rule.matches] for rule in each.rules] for each in found.routes
    }


def at(value, *listeners, port=None):
    return Match(PathMatch("prefix", value), listeners=listeners, port=port)


def test_a_match_holds_on_the_gateways_that_it_names():
    rule = Rule((at("/edge", "shop/edge"), at("/own", OWN), at("/all")))
    listeners = [server(), server("shop/other", port=81)]
    assert rules_on(listeners, route("a", listeners=("shop/edge", "shop/other", OWN), rules=(rule,))) == {
        (): [["/own", "/all"]],
        ("port 80",): [["/edge", "/all"]],
        ("port 81",): [["/all"]],
    }


def test_a_rule_none_of_whose_matches_holds_there_is_not_served_there():
    rules = (Rule((at("/own", OWN),)), Rule((at("/all"),)))
    assert rules_on([server()], route("a", rules=rules)) == {("port 80",): [["/all"]]}


def test_a_port_is_the_one_that_the_server_was_declared_with():
    rule = Rule((at("/80", port=80), at("/81", port=81), at("/all")))
    listeners = [server(), server(port=81, name="b"), server(port=None, name="c", endpoint="unix:/a")]
    assert rules_on(listeners, route("a", rules=(rule,))) == {
        ("port 80",): [["/80", "/all"]],
        ("port 81",): [["/81", "/all"]],
        ("unix:/a",): [["/all"]],
    }


def test_the_port_of_an_own_listener_is_a_condition():
    found, _ = bound([], route("a", listeners=(), rules=(Rule((at("/a", port=80),)),)))
    (match,) = found.routes[0].rules[0].matches
    assert (match.conditions, match.port) == ((PluginUse("port"),), None)
    assert match.conditions[0].options == {"port": 80}


# Answers of a listener's own


def test_a_listener_with_a_rule_answers_in_place_of_the_routes():
    rule = Rule(filters=(PluginUse("redirect"),))
    found, codes = bound([server(hosts=("a",), rule=rule), server(name="b")], route("a", "b"))
    assert [(each.kind, each.hosts, each.listeners) for each in found.routes] == [
        ("Gateway", ("a",), ("port 80",)),
        ("VirtualService", ("a", "b"), ("port 80",)),
    ]
    assert codes == []
