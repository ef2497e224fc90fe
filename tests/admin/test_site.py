"""The admin API's pages, over twisted.web in memory."""

import json

import pytest

from shadowgate.admin.site import admin_factory

CONFIG = """
clusters:
  httpbin:
    endpoints:
      - {address: 127.0.0.1, port: 8001, labels: {version: v1}}
      - {address: 127.0.0.1, port: 8002, labels: {version: v2}}
    subsets: {v1: {version: v1}, v2: {version: v2}}
routes:
  - name: all
    hosts: [a.test]
    match: {path: {prefix: /}, method: GET}
    to: httpbin/v1
    filters: {header-rewrite: {request: {set: {X-A: "1"}}}}
    mirror: {to: httpbin/v2, name: candidate, percent: 50, suffix: -x}
    timeouts: {connect: 1s}
"""


@pytest.fixture
def it(in_memory):
    return in_memory(listen=["tcp:8000"])


@pytest.fixture
def ask(it):
    """Ask for a page: status, content type and body."""
    site = admin_factory(it.gateway)

    def ask(path, method="GET"):
        client = it.connect(site)
        client.send(f"{method} {path} HTTP/1.0\r\n\r\n".encode())
        head, _, body = client.take().partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        assert headers.get("cache-control") == "no-store" or not status.endswith("200 OK")
        return int(status.split()[1]), headers["content-type"], body

    return ask


def test_live_as_long_as_the_process_runs(ask):
    assert ask("/live") == (200, "text/plain; charset=utf-8", b"live\n")


def test_ready_only_while_a_configuration_serves_and_clients_are_welcome(it, ask):
    assert ask("/ready")[::2] == (503, b"no configuration in service\n")
    it.apply(CONFIG)
    assert ask("/ready")[::2] == (200, b"ready\n")
    it.offer("rutes: 1")
    assert ask("/ready")[0] == 200
    it.gateway.drain()
    assert ask("/ready")[::2] == (503, b"draining\n")


def test_the_first_page_names_the_others(ask):
    status, _, body = ask("/")
    assert status == 200
    assert all(path in body for path in (b"/live", b"/ready", b"/metrics", b"/config"))


def test_metrics_are_prometheus_text(it, ask):
    it.apply(CONFIG)
    status, kind, body = ask("/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert b"shadowgate_config_generation 1.0\n" in body


def test_config_shows_what_is_in_service(it, ask):
    it.gateway.listen()
    it.apply(CONFIG)
    status, kind, body = ask("/config")
    assert (status, kind) == (200, "application/json")
    shown = json.loads(body)
    assert (shown["generation"], shown["ready"], shown["last_load_ok"]) == (1, True, True)
    assert [listener["endpoint"] for listener in shown["listeners"]] == ["tcp:8000"]
    (route,) = shown["routes"]
    assert (route["name"], route["hosts"], route["kind"]) == ("all", ["a.test"], "Route")
    (rule,) = route["rules"]
    assert rule["filters"] == [{"plugin": "header-rewrite", "options": {"request": {"set": {"X-A": "1"}}}}]
    assert rule["timeouts"]["connect"] == 1
    (match,) = rule["matches"]
    assert (match["path"]["kind"], match["path"]["value"]) == ("prefix", "/")
    assert match["conditions"] == [{"plugin": "method", "options": {"exact": "GET"}}]
    (mirror,) = rule["mirrors"]
    assert (mirror["name"], mirror["suffix"]) == ("candidate", "-x")
    assert mirror["policy"] == {"plugin": "random", "options": {"percent": 50}}
    assert [one["destination"] for one in rule["destinations"]] == ["httpbin/v1"]
    (cluster,) = shown["clusters"]
    assert [one["port"] for one in cluster["endpoints"]] == [8001, 8002]
    assert [one["labels"] for one in cluster["subsets"]] == [{"version": "v1"}, {"version": "v2"}]


def test_config_counts_what_is_under_way_at_an_endpoint(it, ask):
    it.gateway.listen()
    it.apply(CONFIG)
    it.client().send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    endpoints = json.loads(ask("/config")[2])["clusters"][0]["endpoints"]
    assert [one["inFlight"] for one in endpoints] == [1, 0]


def test_a_broken_configuration_shows_its_problems_beside_the_one_in_service(it, ask):
    it.apply(CONFIG)
    it.offer("rutes: 1\n")
    shown = json.loads(ask("/config")[2])
    assert (shown["generation"], shown["last_load_ok"]) == (1, False)
    assert [route["name"] for route in shown["routes"]] == ["all"]
    (problem,) = [one for one in shown["problems"] if one["severity"] == "error"]
    assert problem["position"] == "gw.yaml:1:1"
    assert "routes" in problem["message"]


def test_an_empty_gateway_can_be_looked_at(ask):
    shown = json.loads(ask("/config")[2])
    assert (shown["generation"], shown["routes"], shown["problems"]) == (0, [], [])


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_nothing_can_be_changed_here(ask, method):
    assert ask("/config", method)[0] in (405, 501)


def test_head_is_answered(ask):
    assert ask("/live", "HEAD")[::2] == (200, b"")


def test_there_is_nothing_else(ask):
    assert ask("/secret")[0] == 404
