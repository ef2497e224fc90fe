"""Endpoints, names and policies that end up in one cluster, wherever they were said."""

from shadowgate.config.clusters import host_of, join_clusters
from shadowgate.errors import Position
from shadowgate.model import (
    Cluster,
    ClusterPolicy,
    ClusterPort,
    Endpoint,
    EndpointSet,
    PluginUse,
    Subset,
    TrafficPolicy,
    Workload,
)
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
THERE = Position("b.yaml", 2)
APP = {"app": "web"}


def join(*pieces, report=None):
    def of(kind):
        return [piece for piece in pieces if isinstance(piece, kind)]

    own = report or Report()
    clusters = join_clusters(of(Cluster), of(EndpointSet), of(Workload), of(ClusterPolicy), own)
    return clusters, [str(problem) for problem in own.problems]


def service(*ports, name="web", **options):
    return Cluster(name, ports=ports, selector=APP, position=HERE, **options)


def pod(address, labels=None, **options):
    return Workload(address, "default", Endpoint(address, labels=labels or APP), **options)


def addresses(cluster):
    return [str(endpoint) for endpoint in cluster.endpoints]


def test_a_workload_is_reached_at_the_target_of_the_port():
    (cluster,), problems = join(service(ClusterPort(8000, "http", 80)), pod("10.0.0.1"))
    assert addresses(cluster) == ["10.0.0.1:80"]
    assert problems == []


def test_a_port_without_a_target_is_the_same_on_the_workload():
    (cluster,), _ = join(service(ClusterPort(8000)), pod("10.0.0.1"))
    assert addresses(cluster) == ["10.0.0.1:8000"]


def test_a_named_target_is_looked_up_on_each_workload_and_those_without_it_are_left_out():
    (cluster,), _ = join(
        service(ClusterPort(80, "http", "web")), pod("10.0.0.1", port_names={"web": 8080}), pod("10.0.0.2")
    )
    assert addresses(cluster) == ["10.0.0.1:8080"]


def test_a_container_port_that_happens_to_be_called_like_the_service_port_does_not_count():
    (cluster,), _ = join(service(ClusterPort(8000, "http", 80)), pod("10.0.0.1", port_names={"http": 8080}))
    assert addresses(cluster) == ["10.0.0.1:80"]


def test_ports_that_a_workload_entry_maps_itself_go_before_the_target():
    (cluster,), _ = join(service(ClusterPort(8000, "http", 80)), pod("10.0.0.1", service_ports={"http": 7070}))
    assert addresses(cluster) == ["10.0.0.1:7070"]


def test_only_workloads_with_all_labels_of_the_selector_in_the_same_namespace_are_selected():
    cluster = Cluster("web", ports=(ClusterPort(80),), selector={"app": "web", "tier": "front"})
    stranger = Workload("x", "other", Endpoint("10.0.0.3", labels={"app": "web", "tier": "front"}))
    (joined,), _ = join(
        cluster, pod("10.0.0.1"), pod("10.0.0.2", {"app": "web", "tier": "front", "more": "x"}), stranger
    )
    assert addresses(joined) == ["10.0.0.2:80"]


def test_a_cluster_without_a_selector_selects_nothing():
    for selector in (None, {}):
        (joined,), _ = join(Cluster("web", ports=(ClusterPort(80),), selector=selector), pod("10.0.0.1"))
        assert joined.endpoints == ()


def test_an_endpoint_set_serves_the_ports_that_it_names():
    endpoints = EndpointSet("web", (Endpoint("10.0.0.1"),), {"http": 8080})
    clusters, _ = join(service(ClusterPort(80, "http"), ClusterPort(90, "admin")), endpoints)
    assert [(cluster.name, addresses(cluster)) for cluster in clusters] == [
        ("web|80", ["10.0.0.1:8080"]),
        ("web|90", []),
    ]


def test_an_endpoint_set_for_a_name_that_is_not_there_is_reported():
    _, problems = join(Cluster("web"), EndpointSet("wbe", (), {}, HERE))
    assert problems == ['a.yaml:1:1: warning [SG0510]: there is no wbe to give these endpoints to, did you mean "web"?']


def test_a_pod_that_is_also_listed_in_a_slice_is_one_endpoint_with_its_labels():
    endpoints = EndpointSet("web", (Endpoint("10.0.0.1"), Endpoint("10.0.0.2")), {"http": 80})
    (cluster,), _ = join(service(ClusterPort(80, "http")), pod("10.0.0.1"), endpoints)
    assert addresses(cluster) == ["10.0.0.1:80", "10.0.0.2:80"]
    assert [endpoint.labels for endpoint in cluster.endpoints] == [APP, {}]


def test_a_unix_socket_keeps_having_no_port():
    (cluster,), _ = join(Cluster("web", (Endpoint("unix:/run/web"),), ports=(ClusterPort(80),)))
    assert addresses(cluster) == ["unix:/run/web"]


def test_endpoints_of_a_cluster_with_ports_get_the_target_unless_they_have_a_port():
    (cluster,), _ = join(Cluster("web", (Endpoint("a.example"), Endpoint("b.example", 9)), ports=(ClusterPort(80),)))
    assert addresses(cluster) == ["a.example:80", "b.example:9"]


def test_a_cluster_with_several_ports_is_one_for_each_and_all_are_found_under_its_names():
    clusters, _ = join(service(ClusterPort(80), ClusterPort(90), aliases=("short",)))
    assert [(cluster.name, cluster.aliases) for cluster in clusters] == [
        ("web|80", ("web", "short")),
        ("web|90", ("web", "short")),
    ]
    assert {host_of(cluster) for cluster in clusters} == {"web"}


def test_a_declaration_without_endpoints_gives_way_to_one_that_has_some():
    located = Cluster("web", (Endpoint("10.0.0.1", 80),), ports=(ClusterPort(81),), position=THERE)
    (cluster,), problems = join(service(ClusterPort(80), aliases=("short",)), located)
    assert (cluster.position, cluster.aliases) == (THERE, ("short",))
    assert problems == ["a.yaml:1:1: info [SG0514]: web has no endpoints here; those of b.yaml:2:1 serve it"]


def test_two_declarations_of_the_same_port_are_an_error_that_names_both_places():
    first = Cluster("web", (Endpoint("10.0.0.1", 80),), position=HERE)
    second = Cluster("web", (Endpoint("10.0.0.2", 80),), position=THERE)
    (cluster,), problems = join(first, second)
    assert cluster.position == HERE
    assert problems == ["b.yaml:2:1: error [SG0508]: web is said a second time; the first is at a.yaml:1:1"]


def test_different_ports_of_one_host_may_be_declared_apart():
    first = Cluster("web", (Endpoint("10.0.0.1", 80),), ports=(ClusterPort(80),), position=HERE)
    second = Cluster("web", (Endpoint("10.0.0.1", 81),), ports=(ClusterPort(81),), position=THERE)
    clusters, problems = join(first, second)
    assert [cluster.name for cluster in clusters] == ["web|80", "web|81"]
    assert problems == []


def test_a_name_goes_before_an_alias_and_the_first_alias_before_the_second():
    clusters, problems = join(
        Cluster("one", aliases=("plain", "shared"), position=HERE),
        Cluster("plain", position=THERE),
        Cluster("two", aliases=("shared",), position=THERE),
    )
    assert [cluster.aliases for cluster in clusters] == [("shared",), (), ()]
    assert problems == [
        'a.yaml:1:1: warning [SG0509]: one is not found as "plain": that is plain, said at b.yaml:2:1',
        'b.yaml:2:1: warning [SG0509]: two is not found as "shared": that is one, said at a.yaml:1:1',
    ]


def test_a_pod_without_a_place_has_that_of_its_slice():
    endpoints = EndpointSet("web", (Endpoint("10.0.0.1", locality="eu/west"),), {"http": 80})
    (cluster,), _ = join(service(ClusterPort(80, "http")), pod("10.0.0.1"), endpoints)
    assert [(endpoint.labels, endpoint.locality) for endpoint in cluster.endpoints] == [(APP, "eu/west")]


def test_a_policy_reaches_every_port_and_is_reported_once():
    subset = Subset("v1", {})
    clusters, problems = join(
        service(ClusterPort(80), ClusterPort(90)),
        ClusterPolicy("web", (subset,), name="one"),
        ClusterPolicy("web", (subset, Subset("v1", {"v": "1"})), name="two"),
    )
    assert [cluster.subsets for cluster in clusters] == [(subset,), (subset,)]
    assert len(problems) == 1


def test_what_is_said_for_a_port_holds_at_that_port_alone():
    said = {90: TrafficPolicy(PluginUse("random"), inherits=False)}
    clusters, _ = join(
        service(ClusterPort(80), ClusterPort(90)),
        ClusterPolicy("web", policy=TrafficPolicy(PluginUse("round-robin")), ports=said),
    )
    assert [cluster.policy.balancer.name for cluster in clusters] == ["round-robin", "random"]


def test_a_cluster_that_is_not_exported_to_the_gateway_is_left_out_and_told_once():
    clusters, problems = join(
        Cluster("web", ports=(ClusterPort(80),), exported_to=("shop",), position=HERE),
        Cluster("web", ports=(ClusterPort(90),), exported_to=("shop",), position=HERE),
    )
    assert clusters == ()
    assert problems == [
        'a.yaml:1:1: warning [SG0209]: web: it is exported to "shop" and not to the gateway\'s namespace, "default"; '
        "it is left out"
    ]


def test_endpoints_that_are_ending_serve_where_there_are_no_others():
    ending = EndpointSet("web", (), {"": 80}, ending=(Endpoint("10.0.0.9"),))
    ready = EndpointSet("web", (Endpoint("10.0.0.1"),), {"": 80})
    cluster = Cluster("web", ports=(ClusterPort(80),))
    for sets, expected in (([ending], ["10.0.0.9:80"]), ([ending, ready], ["10.0.0.1:80"])):
        (joined,) = join_clusters([cluster], sets, (), (), Report())
        assert [str(each) for each in joined.endpoints] == expected
