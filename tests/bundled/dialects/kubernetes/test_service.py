"""Kubernetes Services as clusters."""

from shadowgate.bundled.dialects.kubernetes import KubernetesDialect
from shadowgate.model import ClusterPort
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


def translate(spec, metadata="name: httpbin"):
    report = Report()
    text = f"apiVersion: v1\nkind: Service\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"
    (document,) = read_text(text, "a.yaml", report)
    fragments = list(KubernetesDialect().translate(document, report))
    problems = [f"{problem.severity}: {problem.path}" for problem in report.problems]
    return fragments[0] if fragments else None, problems


def test_a_service_in_the_default_namespace_has_a_bare_name():
    cluster, problems = translate("ports: [{name: http, port: 8000, targetPort: 80}], selector: {app: httpbin}")
    assert cluster.name == "httpbin.default.svc.cluster.local"
    assert cluster.aliases == ("httpbin", "httpbin.default", "httpbin.default.svc")
    assert cluster.ports == (ClusterPort(8000, "http", 80),)
    assert cluster.selector == {"app": "httpbin"}
    assert cluster.routed
    assert problems == []


def test_a_service_elsewhere_has_none():
    cluster, _ = translate("ports: [{port: 80}]", "name: httpbin, namespace: shop")
    assert (cluster.name, cluster.namespace) == ("httpbin.shop.svc.cluster.local", "shop")
    assert cluster.aliases == ("httpbin.shop", "httpbin.shop.svc")


def test_a_target_may_be_a_name_or_left_out():
    cluster, _ = translate("ports: [{name: a, port: 80, targetPort: web}, {name: b, port: 81}]")
    assert cluster.ports == (ClusterPort(80, "a", "web"), ClusterPort(81, "b", None))


def test_only_tcp_ports_count():
    cluster, _ = translate("ports: [{name: a, port: 80, protocol: TCP}, {name: b, port: 53, protocol: UDP}]")
    assert [port.number for port in cluster.ports] == [80]


def test_a_service_that_takes_no_tcp_is_a_warning():
    assert translate("ports: [{port: 53, protocol: UDP}]") == (None, ["warning: spec.ports"])


def test_an_empty_selector_is_none():
    assert translate("ports: [{port: 80}], selector: {}")[0].selector is None


def test_an_external_name_is_one_endpoint_that_is_looked_up():
    cluster, _ = translate("type: ExternalName, externalName: api.example, selector: {app: x}")
    assert [str(endpoint) for endpoint in cluster.endpoints] == ["api.example:80"]
    assert cluster.selector is None


def test_an_external_name_must_be_said():
    assert translate("type: ExternalName") == (None, ["error: spec"])


def test_what_a_server_adds_is_passed_over():
    _, problems = translate(
        "ports: [{port: 80, nodePort: 30000, appProtocol: http}], clusterIP: 10.0.0.1, sessionAffinity: None",
        "name: a, uid: 1, managedFields: []",
    )
    assert problems == []


def test_wrong_types_in_what_is_read_are_errors_with_their_place():
    assert translate("ports: [{port: 0}]")[1] == ["error: spec.ports[0].port"]
    assert translate("ports: [{port: 80, targetPort: 65536}]")[1] == ["error: spec.ports[0].targetPort"]
    assert translate("ports: {port: 80}")[1] == ["error: spec.ports"]
