"""Servers of a Gateway as listeners; every check is in tests/cases/istio/gateway-errors.yaml."""

import pytest

from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

HEAD = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\n"


def listeners(*servers):
    report = Report()
    (document,) = read_text(f"{HEAD}spec: {{servers: [{', '.join(servers)}]}}\n", "a.yaml", report)
    found = list(IstioDialect().translate(document, report))
    return found, [f"{problem.severity} {problem.code}" for problem in report.problems]


def server(number=80, protocol="HTTP", hosts='["*"]', name="http", more=""):
    return f"{{port: {{number: {number}, name: {name}, protocol: {protocol}}}, hosts: {hosts}{more}}}"


def test_a_server_is_a_listener_on_its_port():
    (listener,), problems = listeners(server(8080, hosts="[A.example, '*.b.example']"))
    assert (listener.name, listener.port, listener.endpoint) == ("shop/edge/http", 8080, "")
    assert (listener.gateway, listener.hosts, listener.namespaces) == ("shop/edge", ("a.example", "*.b.example"), ())
    assert problems == []


def test_hosts_that_are_open_to_some_namespaces_are_a_listener_of_their_own():
    found, _ = listeners(server(hosts='["*", "*/a.example", ./b.example, other/c.example]'))
    assert [(each.namespaces, each.hosts) for each in found] == [
        ((), ("*", "a.example")),
        (("shop",), ("b.example",)),
        (("other",), ("c.example",)),
    ]
    assert len({each.name for each in found}) == 3


def test_a_server_may_be_bound_to_an_address_or_a_unix_socket():
    bound, socket = listeners(
        server(more=", bind: '::1'"), server(0, name="local", more=", bind: 'unix:///run/a.sock'")
    )[0]
    assert (bound.bind, bound.port, bound.endpoint) == ("::1", 80, "")
    assert (socket.bind, socket.port, socket.endpoint) == ("", None, "unix:/run/a.sock")


@pytest.mark.parametrize(
    ("protocol", "more"), [("HTTPS", ", tls: {mode: SIMPLE, credentialName: a}"), ("TCP", ""), ("redis", "")]
)
def test_a_server_that_is_not_served_is_known_and_has_no_place(protocol, more):
    (listener,), problems = listeners(server(443, protocol, more=more))
    assert (listener.gateway, listener.port, listener.endpoint) == ("shop/edge", None, "")
    assert problems == ["warning SG0156"]


@pytest.mark.parametrize("protocol", ["HTTP2", "GRPC", "GRPC-WEB", "grpc"])
def test_protocols_over_http2_are_opened_and_speak_http1(protocol):
    (listener,), problems = listeners(server(protocol=protocol))
    assert listener.port == 80
    assert problems == ["warning SG0108"]


def test_a_redirect_to_https_answers_in_place_of_all_routes():
    (listener,), problems = listeners(server(more=", tls: {httpsRedirect: true}"))
    (use,) = listener.rule.filters
    assert (use.name, use.options) == ("redirect", {"scheme": "https", "code": 301})
    assert problems == []
    assert listeners(server())[0][0].rule is None
