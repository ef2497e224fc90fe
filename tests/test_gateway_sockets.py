"""Ports that documents declare: where they are opened, and what is served on them."""

import pytest

from shadowgate.errors import ConfigError
from shadowgate.model import Settings

EDGE = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*.example"]}
  - {port: {number: 81, name: moved, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}
"""
SERVICE = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: {name}}
spec:
  hosts: [a.example]
  gateways: [{gateway}]
  http:
  - match: [{port: 80}]
    directResponse: {status: 200, body: {string: "{name} by its port"}}
  - directResponse: {status: 200, body: {string: "{name}"}}
"""


def service(name, gateway):
    return SERVICE.replace("{name}", name).replace("{gateway}", gateway)


@pytest.fixture
def serve(in_memory):
    def listening(text, listen=("tcp:8000",), **settings):
        it = in_memory(listen=list(listen), settings=Settings(**settings))
        it.apply(text)
        it.gateway.listen()
        return it

    return listening


def ask(it, port, host="a.example"):
    client = it.client(port)
    client.send(f"GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head, _, body = client.take().decode().partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    location = next((field for field in fields if field.startswith("Location")), "")
    return status.split()[1], location or body


def endpoints(it):
    return [endpoint for _, endpoint, _ in it.gateway.listeners.addresses]


def test_declared_ports_are_opened_beside_those_asked_for(serve):
    assert list(serve(EDGE).reactor.ports) == [8000, 80, 81]


def test_a_port_may_be_opened_in_place_of_another_and_on_one_address(serve):
    it = serve(EDGE, port_map={80: 8080}, bind="::1")
    assert endpoints(it) == ["tcp:8000", "tcp:8080:interface=\\:\\:1", "tcp:81:interface=\\:\\:1"]


def test_a_server_may_have_an_address_of_its_own(serve):
    it = serve(EDGE.replace('hosts: ["*.example"]', 'bind: 127.0.0.2, hosts: ["*"]'), bind="127.0.0.1")
    assert endpoints(it)[1:] == ["tcp:80:interface=127.0.0.2", "tcp:81:interface=127.0.0.1"]


def test_rules_of_a_gateway_are_served_there_and_nowhere_else(serve):
    it = serve(EDGE + service("inner", "edge"), port_map={80: 8080})
    assert ask(it, 8080) == ("200", "inner by its port")
    assert ask(it, 8080, "b.example")[0] == "404"
    assert ask(it, 8000)[0] == "404"


def test_the_own_rules_are_not_served_on_a_gateway(serve):
    it = serve(EDGE + service("own", "mesh"))
    assert ask(it, 8000)[0] == "200"
    assert ask(it, 80)[0] == "404"


def test_a_redirect_to_https_answers_every_host(serve):
    it = serve(EDGE + service("inner", "edge"))
    assert ask(it, 81) == ("301", "Location: https://a.example/x")
    assert ask(it, 81, "b.other:81") == ("301", "Location: https://b.other:81/x")


@pytest.mark.parametrize(
    ("text", "ports"),
    [(EDGE, [80, 81]), (EDGE + service("inner", "edge"), [80, 81]), (EDGE + service("own", "mesh"), [7000, 80, 81])],
)
def test_the_default_port_is_opened_where_some_rule_is_for_it(in_memory, text, ports):
    it = in_memory()
    it.apply(text)
    it.gateway.listen_by_default("tcp:7000")
    it.gateway.listen()
    assert list(it.reactor.ports) == ports


@pytest.mark.parametrize("endpoint", ["tcp:eighty", "tpc:80", "80"])
def test_a_mistake_in_what_the_command_line_asks_for_is_told_there(in_memory, endpoint):
    it = in_memory(listen=[endpoint])
    it.apply("routes: {filters: {respond: {}}}\n")
    with pytest.raises(ConfigError) as told:
        it.gateway.listen()
    assert str(told.value).startswith(f"--listen: error [SG0701]: listener default: cannot listen on {endpoint}: ")
