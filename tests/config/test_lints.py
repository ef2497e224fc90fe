"""Warnings about what can be served and is hardly meant."""

import pytest

from shadowgate.config.lints import check_rules
from shadowgate.errors import Position
from shadowgate.model import (
    Cluster,
    ClusterPort,
    Configuration,
    Destination,
    Endpoint,
    Listener,
    Match,
    Mirror,
    PathMatch,
    PluginUse,
    Route,
    Rule,
    Subset,
)
from shadowgate.plugin import Mapping, Report, Scalar

HERE = Position("a.yaml", 1)


def problems(rule, clusters=(), listeners=(), routes=1):
    report = Report()
    route = Route("r", ("*",), (rule,))
    check_rules(Configuration(listeners, (route,) * routes, clusters), report)
    return [f"{problem.code} {problem.message}" for problem in report.problems]


def web(*ports):
    return tuple(
        Cluster(
            f"web|{number}", (Endpoint("10.0.0.1", number),), aliases=("web", "web.shop"), ports=(ClusterPort(number),)
        )
        for number in ports
    )


# Paths


@pytest.mark.parametrize("kind", ["exact", "prefix", "segments"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("foo", "/foo"),
        ("http://a/", "/http://a/"),
        ("/a?b=c", "/a, and a condition on the query"),
        ("/a#b", "/a, and a condition on the query"),
        ("/caf\u00e9 1%20", "/caf%C3%A9%201%20"),
    ],
)
def test_a_path_that_no_request_has_is_told(kind, value, expected):
    report = Report()
    rule = Rule((Match(PathMatch(kind, value, position=HERE)),), (Destination("web"),))
    check_rules(Configuration((), (Route("r", ("*",), (rule,)),), web(80)), report)
    (told,) = report.problems
    assert (told.code, told.severity, told.position, told.expected) == ("SG0521", "warning", HERE, expected)
    assert f'"{value}"' in told.message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("exact", "/"),
        ("prefix", ""),
        ("prefix", "/a%20b;c=d,~!$&'()*+:@"),
        ("exact", "*"),
        ("regex", "a.*"),
        ("exact", "//"),
    ],
)
def test_a_path_that_requests_can_have_is_fine(kind, value):
    assert problems(Rule((Match(PathMatch(kind, value)),), (Destination("web"),)), web(80)) == []


# Mirrors


@pytest.mark.parametrize(
    ("primary", "mirror"),
    [
        (Destination("web"), Destination("web")),
        (Destination("web"), Destination("web.shop")),
        (Destination("web"), Destination("web.shop", port=80)),
        (Destination("web", "v1"), Destination("web", "v1")),
        (Destination("nowhere"), Destination("nowhere")),
    ],
)
def test_a_copy_to_where_the_request_goes_is_told(primary, mirror):
    assert problems(Rule(destinations=(primary,), mirrors=(Mirror(mirror),)), web(80, 90)) == [
        f"SG0517 the copy goes where the requests themselves go, to {primary}"
    ]


@pytest.mark.parametrize("mirror", [Destination("web", port=90), Destination("web", "v1"), Destination("other")])
def test_a_copy_to_another_place_is_not(mirror):
    assert problems(Rule(destinations=(Destination("web"),), mirrors=(Mirror(mirror),)), web(80, 90)) == []


def test_a_copy_that_is_another_request_is_not():
    rewrite = (PluginUse("path-rewrite"),)
    mirrors = (Mirror(Destination("web"), filters=rewrite), Mirror(Destination("web", filters=rewrite)))
    assert problems(Rule(destinations=(Destination("web"),), mirrors=mirrors), web(80)) == []


def test_a_destination_without_traffic_may_be_mirrored_to():
    destinations = (Destination("web", "v1", weight=1), Destination("web", "v2", weight=0))
    told = problems(Rule(destinations=destinations, mirrors=(Mirror(Destination("web", "v2")),)), web(80))
    assert told == ["SG0520 web/v2 has the weight 0 and gets no request"]


def test_of_several_destinations_some_requests_go_twice():
    destinations = (Destination("a"), Destination("b"))
    assert problems(Rule(destinations=destinations, mirrors=(Mirror(Destination("b")),))) == [
        "SG0517 the copy goes where some of the requests themselves go, to b"
    ]


# Loops


@pytest.mark.parametrize(
    ("listener", "endpoint"),
    [
        ("tcp:8000", Endpoint("127.0.0.1", 8000)),
        ("tcp:8000", Endpoint("127.1.2.3", 8000)),
        ("tcp:8000", Endpoint("localhost", 8000)),
        ("tcp:8000", Endpoint("0.0.0.0", 8000)),
        ("tcp:8000", Endpoint("::1", 8000)),
        ("tcp:port=8000:interface=0.0.0.0", Endpoint("127.0.0.1", 8000)),
        ("tcp:8000:interface=127.0.0.1", Endpoint("localhost", 8000)),
        ("tcp:8000:interface=10.0.0.1:backlog=50", Endpoint("10.0.0.1", 8000)),
        (r"tcp:8000:interface=\:\:", Endpoint("::1", 8000)),
        ("ssl:8443:privateKey=key.pem", Endpoint("127.0.0.1", 8443)),
        ("unix:/run/gate.sock", Endpoint("unix:/run/gate.sock")),
        ("unix:address=/run/gate.sock", Endpoint("unix:/run/gate.sock")),
    ],
)
def test_an_endpoint_that_is_a_listener_is_told(listener, endpoint):
    rule = Rule(destinations=(Destination("self", position=HERE),))
    assert problems(rule, (Cluster("self", (endpoint,)),), (Listener("front", listener),)) == [
        f"SG0518 requests to self come back to the gateway: {endpoint} is its listener front"
    ]


@pytest.mark.parametrize(
    ("listener", "endpoint"),
    [
        ("tcp:8000", Endpoint("127.0.0.1", 8001)),
        ("tcp:8000", Endpoint("10.0.0.1", 8000)),
        ("tcp:8000", Endpoint("web.example", 8000)),
        ("tcp:8000:interface=127.0.0.2", Endpoint("127.0.0.1", 8000)),
        ("tcp:8000:interface=10.0.0.1", Endpoint("127.0.0.1", 8000)),
        ("unix:/run/gate.sock", Endpoint("unix:/run/web.sock")),
        ("systemd:domain=INET:name=http", Endpoint("127.0.0.1", 80)),
        ("tcp:http", Endpoint("127.0.0.1", 80)),
    ],
)
def test_any_other_endpoint_is_not(listener, endpoint):
    rule = Rule(destinations=(Destination("web"),))
    assert problems(rule, (Cluster("web", (endpoint,)),), (Listener("front", listener),)) == []


def test_a_listener_may_say_only_its_port():
    rule = Rule(destinations=(Destination("self"),))
    clusters = (Cluster("self", (Endpoint("127.0.0.1", 80),)),)
    assert problems(rule, clusters, (Listener("edge", port=80),))
    assert not problems(rule, clusters, (Listener("edge", port=81),))
    assert not problems(rule, clusters, (Listener("edge"),))


def test_only_the_endpoints_of_the_subset_count_for_a_mirror():
    endpoints = (Endpoint("127.0.0.1", 8000, {"self": "yes"}), Endpoint("127.0.0.1", 8001, {"self": "no"}))
    subsets = (Subset("self", {"self": "yes"}), Subset("web", {"self": "no"}))
    clusters = (Cluster("c", endpoints, subsets),)
    front = (Listener("front", "tcp:8000"),)
    mirrors = (Mirror(Destination("c", "web")), Mirror(Destination("c", "self")))
    assert problems(Rule(mirrors=mirrors), clusters, front) == [
        "SG0518 copies for c/self come back to the gateway: 127.0.0.1:8000 is its listener front"
    ]


# Weights and percentages


def test_weights_of_nothing_are_told():
    none, some = Destination("a", weight=0), Destination("b", weight=1)
    assert problems(Rule(destinations=(none, some))) == ["SG0520 a has the weight 0 and gets no request"]
    assert problems(Rule(destinations=(none, none))) == ["SG0520 all weights are 0; a gets every request"]
    assert problems(Rule(destinations=(none,))) == []
    assert problems(Rule(destinations=(none, some), balancer=PluginUse("hash"))) == []


def written(**options):
    return Mapping(tuple((Scalar(key, HERE), Scalar(text, HERE)) for key, text in options.items()), HERE)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"percent": 0.00005}, "0.00005"),
        (written(percent="1e-5"), "0.00001"),
        ({"delay": {"fixed": 1, "percent": 0.00009}}, "0.00009"),
    ],
)
def test_a_percentage_that_is_cut_to_nothing_is_told(options, shown):
    told = [f"SG0519 {shown} per cent in fault is so little that it is 0"]
    assert problems(Rule(filters=(PluginUse("fault", options),))) == told
    assert problems(Rule(destinations=(Destination("a", filters=(PluginUse("fault", options),)),))) == told
    assert problems(Rule(mirrors=(Mirror(Destination("b"), policy=PluginUse("fault", options)),))) == told


@pytest.mark.parametrize(
    "options", [None, {"percent": 0}, {"percent": 0.0001}, {"percent": 100}, written(percent="x"), {"percent": None}]
)
def test_any_other_percentage_is_not(options):
    assert problems(Rule(filters=(PluginUse("fault", options),))) == []


def test_a_rule_that_stands_in_several_routes_is_told_of_once():
    here = Destination("a", position=HERE)
    assert len(problems(Rule(destinations=(here,), mirrors=(Mirror(here),)), routes=3)) == 1


def rewrite(prefix, replacement):
    return {"prefix": prefix, "replacement": replacement}


@pytest.mark.parametrize("options", [rewrite("/api", "/"), written(**rewrite("/api", "/"))])
def test_a_replacement_that_makes_two_slashes_is_told(options):
    told = ["SG0522 /api/x becomes //x, with two slashes"]
    for name in ("path-rewrite", "redirect"):
        use = PluginUse(name, options)
        assert problems(Rule(filters=(use,))) == told
        assert problems(Rule(destinations=(Destination("a", filters=(use,)),))) == told


@pytest.mark.parametrize(
    "options",
    [
        rewrite("/api/", "/"),
        rewrite("/api", "/v2"),
        rewrite("/", "/"),
        {"replacement": "/"},
        {"segments": "/api", "replacement": "/"},
        {"regex": "/api", "replacement": "/"},
        None,
    ],
)
def test_any_other_replacement_is_not(options):
    assert problems(Rule(filters=(PluginUse("path-rewrite", options),))) == []
    assert problems(Rule(filters=(PluginUse("acme", rewrite("/api", "/")),))) == []
