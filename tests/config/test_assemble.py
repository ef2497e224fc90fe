"""Fragments made into one configuration."""

from shadowgate.config.assemble import assemble
from shadowgate.errors import Position
from shadowgate.model import (
    GATEWAY_GROUP,
    Cluster,
    ClusterPolicy,
    ClusterPort,
    Destination,
    Endpoint,
    EndpointSet,
    Gateway,
    GatewayClass,
    GatewayListener,
    Listener,
    ObjectKey,
    ParentReference,
    Reference,
    Route,
    Rule,
    Subset,
    Workload,
)
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
THERE = Position("b.yaml", 2)
NAMES = ("httpbin", "httpbin.default")
HTTPBIN = Cluster(
    "httpbin.mesh",
    aliases=NAMES,
    ports=(ClusterPort(8000, "http", 80),),
    selector={"app": "httpbin"},
    routed=True,
    position=HERE,
)
POD = Workload("v1", "default", Endpoint("10.0.0.1", labels={"app": "httpbin", "version": "v1"}))


def assembled(*fragments):
    report = Report()
    configuration = assemble(fragments, report)
    return configuration, [str(problem) for problem in report.problems]


def route(*hosts, name="shop", kind="VirtualService", position=HERE, **options):
    rule = Rule(destinations=(Destination("httpbin.mesh"),))
    return Route(name, hosts, (rule,), kind=kind, position=position, **options)


def hosts(configuration):
    return [(each.kind, each.hosts) for each in configuration.routes]


def test_everything_said_of_a_cluster_ends_up_in_it_wherever_it_was_said():
    subset = Subset("v1", {"version": "v1"})
    configuration, problems = assembled(
        ClusterPolicy("httpbin.mesh", (subset,)),
        EndpointSet("httpbin.mesh", (Endpoint("10.0.0.2"),), {"http": 8080}),
        POD,
        HTTPBIN,
    )
    cluster = configuration.find("httpbin", 8000)
    assert [str(endpoint) for endpoint in cluster.endpoints] == ["10.0.0.1:80", "10.0.0.2:8080"]
    assert cluster.subsets == (subset,)
    assert problems == []


def test_a_routed_cluster_gets_a_route_for_all_its_names():
    configuration, problems = assembled(HTTPBIN, POD)
    (implied,) = configuration.routes
    assert (implied.kind, implied.name, implied.hosts) == ("Service", "httpbin.mesh", ("httpbin.mesh", *NAMES))
    assert implied.rules[0].destinations == (Destination("httpbin.mesh"),)
    assert problems == []


def test_a_cluster_that_is_not_routed_gets_none():
    configuration, _ = assembled(Cluster("plain", (Endpoint("10.0.0.1", 80),)))
    assert configuration.routes == ()


def test_names_that_a_route_speaks_of_are_left_to_it():
    configuration, _ = assembled(HTTPBIN, POD, route("httpbin"))
    assert hosts(configuration) == [
        ("VirtualService", ("httpbin",)),
        ("Service", ("httpbin.mesh", "httpbin.default")),
    ]


def test_a_wildcard_speaks_of_all_names_that_it_covers():
    configuration, _ = assembled(HTTPBIN, POD, route("*.mesh", "httpbin"))
    assert hosts(configuration)[1:] == [("Service", ("httpbin.default",))]
    configuration, _ = assembled(HTTPBIN, POD, route("*"))
    assert hosts(configuration) == [("VirtualService", ("*",))]


def test_the_own_route_of_a_cluster_with_several_ports_goes_to_the_first_and_says_so():
    cluster = Cluster(
        "web", (Endpoint("10.0.0.1"),), ports=(ClusterPort(80), ClusterPort(90)), routed=True, position=HERE
    )
    configuration, problems = assembled(cluster)
    (implied,) = configuration.routes
    assert implied.hosts == ("web",)
    (destination,) = implied.rules[0].destinations
    assert configuration.find(destination.cluster, destination.port).name == "web|80"
    assert problems == [
        "a.yaml:1:1: info [SG0513]: web has several ports; requests for it that no route takes go to 80"
    ]


def test_routes_for_the_same_host_stay_in_the_order_in_which_they_were_read():
    first, second = route("httpbin", name="b"), route("httpbin", name="a")
    configuration, problems = assembled(HTTPBIN, POD, first, second)
    assert configuration.routes[:2] == (first, second)
    assert problems == [
        "<built-in>:1:1: warning [SG0515]: VirtualService a: no request gets here or further down: "
        "the rule at <built-in>:1:1 matches everything"
    ]


def test_an_unknown_listener_is_an_error_with_a_suggestion():
    listeners = (Listener("public", "tcp:80"), Listener("admin", "tcp:81"))
    _, problems = assembled(HTTPBIN, POD, *listeners, route("shop.example", listeners=("public", "publik")))
    assert problems == [
        'a.yaml:1:1: error [SG0501]: VirtualService shop: there is no listener "publik", did you mean "public"?; '
        "expected one of public, admin"
    ]


def test_a_route_said_twice_is_an_error_that_names_both_places():
    configuration, problems = assembled(HTTPBIN, POD, route("a"), route("b", position=THERE))
    assert hosts(configuration)[0] == ("VirtualService", ("a",))
    assert problems == [
        "b.yaml:2:1: error [SG0508]: VirtualService shop is said a second time; the first is at a.yaml:1:1"
    ]


def test_routes_of_another_kind_or_namespace_may_have_the_same_name():
    _, problems = assembled(HTTPBIN, POD, route("a"), route("b", kind="Route"), route("c", namespace="other"))
    assert problems == []


def test_a_listener_said_twice_is_an_error_that_names_both_places():
    configuration, problems = assembled(
        Listener("public", "tcp:80", position=HERE),
        Listener("public", "tcp:81", position=THERE),
        Listener("other", "tcp:82"),
    )
    assert [listener.endpoint for listener in configuration.listeners] == ["tcp:80", "tcp:82"]
    assert problems == ["b.yaml:2:1: error [SG0508]: listener public is said a second time; the first is at a.yaml:1:1"]


def test_references_are_checked():
    _, problems = assembled(route("a"))
    assert problems == [
        '<built-in>:1:1: warning [SG0502]: VirtualService shop: nothing is known of the host "httpbin.mesh"; '
        "its share of the requests is answered 503"
    ]


def test_routes_without_a_name_are_told_apart_by_a_number_that_no_edit_elsewhere_changes():
    routes = [Route("*", ("*",), (), named=named) for named in (False, False, True)]
    configuration = assemble(routes, report := Report())
    assert [route.name for route in configuration.routes] == ["*", "* #2"]
    assert [problem.message for problem in report.problems] == [
        "Route * is said a second time; the first is at <built-in>:1:1"
    ]


# The Gateway API

SERVICE = Cluster("web.default.svc.cluster.local", (Endpoint("10.0.0.1"),), aliases=("web",), ports=(ClusterPort(80),),
                  routed=True, position=HERE)  # fmt: skip
CLASS = GatewayClass("ours", "shadowgate.io/gateway-controller")
EDGE = Gateway("edge", "default", "ours", (GatewayListener("http", 80, "HTTP"),), position=HERE)


def http_route(kind="Gateway", name="edge", group=GATEWAY_GROUP):
    reference = Reference(ObjectKey("", "Service", "default", "web"), 80)
    rule = Rule(destinations=(Destination(SERVICE.name, port=80, reference=reference),))
    parent = ParentReference(ObjectKey(group, kind, "default", name))
    return Route("api", ("*",), (rule,), kind="HTTPRoute", created="", parents=(parent,), position=HERE)


def test_a_gateway_gets_a_socket_and_its_routes_are_served_there_beside_the_mesh():
    configuration, problems = assembled(CLASS, EDGE, SERVICE, http_route())
    assert [(each.name, each.port, each.gateway) for each in configuration.listeners] == [
        ("port 80", 80, "default/edge/http")
    ]
    assert [(each.kind, each.listeners) for each in configuration.routes] == [
        ("HTTPRoute", ("port 80",)),
        ("Service", ()),
    ]
    assert [status.key.kind for status in configuration.statuses] == ["GatewayClass", "Gateway", "HTTPRoute"]
    assert problems == []


def test_a_route_of_a_service_stands_in_the_place_of_the_services_own():
    configuration, problems = assembled(SERVICE, http_route("Service", "web", ""))
    assert hosts(configuration) == [("HTTPRoute", ("web.default.svc.cluster.local", "web"))]
    assert problems == []


def test_istios_gateway_of_the_same_name_is_another_one():
    istio = Listener("default/edge/http", port=81, hosts=("a",), gateway="default/edge")
    configuration, problems = assembled(CLASS, EDGE, istio, SERVICE, http_route())
    assert [(each.name, each.gateway) for each in configuration.listeners] == [
        ("port 81", "default/edge"),
        ("port 80", "default/edge/http"),
    ]
    assert [each.listeners for each in configuration.routes if each.kind == "HTTPRoute"] == [("port 80",)]
    assert problems == []


def test_a_gateway_is_said_once():
    _, problems = assembled(CLASS, EDGE, Gateway("edge", "default", "ours", EDGE.listeners, position=THERE))
    assert problems == ["b.yaml:2:1: error [SG0508]: Gateway edge is said a second time; the first is at a.yaml:1:1"]
