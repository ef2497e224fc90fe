"""What routes refer to and nobody has said."""

from shadowgate.config.references import check_references
from shadowgate.errors import Position
from shadowgate.model import (
    Cluster,
    ClusterPort,
    Configuration,
    Destination,
    Endpoint,
    Mirror,
    Route,
    Rule,
    Subset,
)
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
THERE = Position("b.yaml", 2)
V1 = Endpoint("10.0.0.1", 80, {"version": "v1"})
WEB = Cluster("web", (V1,), (Subset("v1", {"version": "v1"}), Subset("v2", {"version": "v2"})), position=THERE)


def problems(*destinations, clusters=(WEB,), mirrors=()):
    report = Report()
    rule = Rule(destinations=destinations, mirrors=mirrors)
    route = Route("shop", ("shop",), (rule,), kind="VirtualService", position=HERE)
    check_references(Configuration(routes=(route,), clusters=clusters), report)
    return [str(problem) for problem in report.problems]


def test_references_to_what_there_is_are_silent():
    assert problems(Destination("web"), Destination("web", "v1"), mirrors=(Mirror(Destination("web")),)) == []


def test_an_unknown_destination_is_a_warning_with_a_suggestion():
    assert problems(Destination("wbe", position=HERE)) == [
        'a.yaml:1:1: warning [SG0502]: VirtualService shop: nothing is known of the host "wbe", did you mean "web"?; '
        "its share of the requests is answered 503"
    ]


def test_an_unknown_mirror_is_a_warning():
    assert problems(mirrors=(Mirror(Destination("elsewhere", position=HERE)),)) == [
        'a.yaml:1:1: warning [SG0502]: VirtualService shop: nothing is known of the host "elsewhere"; nothing is '
        "mirrored there"
    ]


def test_an_undefined_subset_is_a_warning_that_lists_the_others():
    assert problems(Destination("web", "v11", position=HERE)) == [
        'a.yaml:1:1: warning [SG0505]: VirtualService shop: web has no subset "v11", did you mean "v1"?; '
        "its share of the requests is answered 503; expected one of v1, v2"
    ]


def test_a_subset_without_endpoints_is_a_warning_that_names_its_labels():
    assert problems(mirrors=(Mirror(Destination("web", "v2", position=HERE)),)) == [
        'a.yaml:1:1: warning [SG0506]: VirtualService shop: no endpoint of web is in the subset "v2" (version: v2); '
        "nothing is mirrored there"
    ]


def test_a_cluster_without_endpoints_is_one_warning_whoever_refers_to_it():
    empty = Cluster("web", (), WEB.subsets, position=THERE)
    assert problems(Destination("web", "v1"), Destination("web"), clusters=(empty,)) == [
        "b.yaml:2:1: warning [SG0507]: web has no endpoints; requests to it are answered 503"
    ]


def test_ports_without_endpoints_are_named_unless_none_has_any():
    def at(number, *endpoints):
        return Cluster(f"web|{number}", endpoints, aliases=("web",), ports=(ClusterPort(number),), position=THERE)

    assert problems(clusters=(at(80, V1), at(90))) == [
        "b.yaml:2:1: warning [SG0507]: web|90 has no endpoints; requests to it are answered 503"
    ]
    assert problems(clusters=(at(80), at(90))) == [
        "b.yaml:2:1: warning [SG0507]: web has no endpoints; requests to it are answered 503"
    ]


def test_an_unknown_port_is_a_warning_that_lists_the_others():
    clusters = tuple(
        Cluster(f"web|{number}", (V1,), aliases=("web",), ports=(ClusterPort(number),)) for number in (80, 90)
    )
    assert problems(Destination("web", port=81, position=HERE), clusters=clusters) == [
        "a.yaml:1:1: warning [SG0503]: VirtualService shop: web has no port 81; its share of the requests is "
        "answered 503; expected one of 80, 90"
    ]
    assert problems(Destination("web", position=HERE), clusters=clusters) == [
        "a.yaml:1:1: warning [SG0504]: VirtualService shop: web has several ports and none is chosen; 80 is taken; "
        "expected port.number: one of 80, 90"
    ]
