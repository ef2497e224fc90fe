"""Where hosts answer; whole documents are in tests/cases/istio."""

import pytest

from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

PORTS = "ports: [{number: 80, name: http, targetPort: 8080}]"


def translate(spec):
    report = Report()
    head = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: web, namespace: shop}\n"
    (document,) = read_text(f"{head}spec: {{{spec}}}\n", "a.yaml", report)
    fragments = list(IstioDialect().translate(document, report))
    return fragments, [f"{problem.severity}: {problem.path}" for problem in report.problems]


def addresses(clusters):
    return [[str(endpoint) for endpoint in cluster.endpoints] for cluster in clusters]


def test_dns_without_endpoints_looks_the_host_itself_up():
    clusters, problems = translate(f"hosts: [a.example, b.example], resolution: DNS, {PORTS}")
    assert [cluster.name for cluster in clusters] == ["a.example", "b.example"]
    assert addresses(clusters) == [["a.example:8080"], ["b.example:8080"]]
    assert all(cluster.routed for cluster in clusters)
    assert problems == []


def test_an_endpoints_own_port_goes_before_the_target_and_the_target_before_the_number():
    ports = "ports: [{number: 80, name: http, targetPort: 8080}, {number: 90, name: admin}]"
    clusters, _ = translate(
        f"hosts: [a.example], resolution: STATIC, {ports}, "
        "endpoints: [{address: 10.0.0.1}, {address: 10.0.0.2, ports: {http: 1, admin: 2}}]"
    )
    assert [[port.number for port in cluster.ports] for cluster in clusters] == [[80], [90]]
    assert addresses(clusters) == [["10.0.0.1:8080", "10.0.0.2:1"], ["10.0.0.1:90", "10.0.0.2:2"]]


def test_a_short_host_is_a_service_of_the_namespace_under_all_its_names():
    (cluster,), _ = translate(f"hosts: [web], resolution: DNS, {PORTS}")
    assert cluster.name == "web.shop.svc.cluster.local"
    assert cluster.aliases == ("web", "web.shop", "web.shop.svc")


def test_static_without_endpoints_has_none():
    clusters, problems = translate(f"hosts: [a.example], resolution: STATIC, {PORTS}")
    assert addresses(clusters) == [[]]
    assert problems == []


def test_a_weight_of_zero_counts_as_one():
    clusters, _ = translate(
        f"hosts: [a.example], resolution: STATIC, {PORTS}, "
        "endpoints: [{address: 10.0.0.1, weight: 0}, {address: 10.0.0.2, weight: 7}]"
    )
    assert [endpoint.weight for endpoint in clusters[0].endpoints] == [1, 7]


def test_the_place_of_an_endpoint_is_among_its_labels_as_in_istio():
    clusters, _ = translate(
        f"hosts: [a.example], resolution: STATIC, {PORTS}, "
        "endpoints: [{address: 10.0.0.1, locality: eu/west, network: n1, labels: {version: v1}}]"
    )
    assert clusters[0].endpoints[0].locality == "eu/west"
    assert clusters[0].endpoints[0].labels == {
        "topology.kubernetes.io/region": "eu",
        "topology.kubernetes.io/zone": "west",
        "topology.istio.io/network": "n1",
        "version": "v1",
    }


@pytest.mark.parametrize("address", ["unix:///run/app.sock", "unix:/run/app.sock"])
def test_a_unix_socket_is_written_in_one_way(address):
    clusters, problems = translate(
        f'hosts: [a.example], resolution: STATIC, {PORTS}, endpoints: [{{address: "{address}"}}]'
    )
    assert addresses(clusters) == [["unix:/run/app.sock"]]
    assert problems == []


@pytest.mark.parametrize(("resolution", "severity"), [("NONE", "warning"), ("DYNAMIC_DNS", "error")])
def test_a_host_that_nothing_locates_is_reported_and_no_cluster(resolution, severity):
    clusters, problems = translate(f'hosts: ["*.example"], resolution: {resolution}, {PORTS}')
    assert clusters == []
    assert problems == [f"{severity}: spec.resolution"]


@pytest.mark.parametrize(
    ("said", "resolution"),
    [
        ("resolution: STATIC, endpoints: [{address: 10.0.0.1}]", "static"),
        ("resolution: DNS", "dns"),
        ("resolution: DNS_ROUND_ROBIN", "dns"),
        ("resolution: DNS, endpoints: [{address: 10.0.0.1}, {address: b.example}]", "dns"),
        ("resolution: DNS, endpoints: [{address: 10.0.0.1}]", "static"),
        ("resolution: DNS, endpoints: [{address: _http._tcp.b.example}]", "dns-srv"),
        ("resolution: DNS, workloadSelector: {labels: {app: web}}", "dns"),
    ],
)
def test_names_are_looked_up_as_what_they_are(said, resolution):
    (cluster,), problems = translate(f"hosts: [a.example], {PORTS}, {said}")
    assert (cluster.resolution, problems) == (resolution, [])


def test_a_host_may_be_the_name_of_service_records():
    (cluster,), problems = translate(f"hosts: [_http._tcp.a.example], resolution: DNS, {PORTS}")
    assert (cluster.name, cluster.resolution, addresses([cluster])) == (
        "_http._tcp.a.example",
        "dns-srv",
        [["_http._tcp.a.example:8080"]],
    )
    assert problems == []


def test_a_host_knows_to_whom_it_is_exported():
    (cluster,), _ = translate(f'hosts: [a.example], resolution: DNS, exportTo: ["."], {PORTS}')
    assert cluster.exported_to == ("shop",)


@pytest.mark.parametrize("protocol", ["HTTPS", "TLS", "HTTP2", "GRPC", "grpc"])
def test_protocols_that_are_not_spoken_yet_are_warned_of(protocol):
    ports = f"ports: [{{number: 80, name: p, protocol: {protocol}}}]"
    clusters, problems = translate(f"hosts: [a.example], resolution: DNS, {ports}")
    assert len(clusters) == 1
    assert problems == ["warning: spec.ports[0].protocol"]


@pytest.mark.parametrize("protocol", ["HTTP", "TCP", ""])
def test_plain_protocols_are_silent(protocol):
    ports = f"ports: [{{number: 80, name: p, protocol: {protocol}}}]"
    assert translate(f"hosts: [a.example], resolution: DNS, {ports}")[1] == []


def test_a_selector_is_handed_on_with_all_ports():
    (cluster,), _ = translate(
        f"hosts: [a.example], resolution: STATIC, {PORTS}, workloadSelector: {{labels: {{a: b}}}}"
    )
    assert (cluster.selector, cluster.endpoints, len(cluster.ports)) == ({"a": "b"}, (), 1)
