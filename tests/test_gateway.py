"""What is in service: how it gets there, what stays when it cannot, and how it ends."""

import gc

import pytest

from shadowgate.compiler.snapshot import EMPTY
from shadowgate.errors import ConfigError, Problem
from shadowgate.model import Settings
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text
from shadowgate.runtime.exchange import Exchange

ONE = """
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - name: all
    to: v1
"""
MIRRORED = ONE + "    mirror: v2\n"
OTHER = ONE.replace("to: v1", "to: v2")
BROKEN = ONE.replace("to: v1", "too: v1")
LISTENING = ONE + "listeners: tcp:8443\n"
GET = b"GET / HTTP/1.1\r\nHost: a:8000\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def it(in_memory):
    """A gateway that listens on port 8000."""
    made = in_memory(listen=["tcp:8000"])
    made.gateway.listen()
    return made


def test_a_request_is_routed_mirrored_answered_and_logged(it):
    it.apply(MIRRORED)
    client = it.client()
    client.send(GET)
    assert it.dialled == ["127.0.0.1:8001"]
    v1 = it.upstream()
    assert v1.take().startswith(b"GET / HTTP/1.1\r\nHost: a:8000\r\n")
    assert it.dialled == ["127.0.0.1:8002"]
    v2 = it.upstream()
    assert v2.take().startswith(b"GET / HTTP/1.1\r\nHost: a-shadow:8000\r\n")
    v1.send(OK)
    v2.send(OK.replace(b"ok", b"no"))
    assert client.take() == OK
    request, shadow = it.log_lines
    assert (request["kind"], request["upstream"], request["route"]) == ("request", "127.0.0.1:8001", "all")
    assert (shadow["kind"], shadow["upstream"], shadow["mirror"]) == ("shadow", "127.0.0.1:8002", "v2")
    assert request["request_id"] == shadow["request_id"]


def test_what_is_known_of_thousands_of_objects_is_told_once_and_looked_up_quickly(it, monkeypatch):
    pods = "".join(f"---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web-{n}}}}}\n" for n in range(200))
    same = Problem.__eq__
    compared = []

    def counted(one, other):
        compared.append(one)
        return same(one, other)

    monkeypatch.setattr(Problem, "__eq__", counted)
    for text in (ONE, OTHER):
        it.gateway.offer(read_text(text + pods, "gw.yaml", Report()), ())
        it.reactor.settle()
    assert it.gateway.snapshot.generation == 2
    assert len(it.gateway.problems) == 200
    assert len(compared) < 1000  # each with each other would be 20,000


def test_an_idle_connection_serves_the_next_request(it):
    it.apply(ONE)
    client = it.client()
    client.send(GET)
    upstream = it.upstream()
    upstream.send(OK)
    client.send(GET)
    assert it.dialled == []
    upstream.send(OK)
    assert client.take() == OK + OK


# Configurations


def test_before_its_first_configuration_a_gateway_serves_nothing(it):
    assert it.gateway.snapshot is EMPTY
    assert not it.gateway.ready
    client = it.client()
    client.send(GET)
    assert client.take().startswith(b"HTTP/1.1 404 ")


def test_generations_count_configurations_in_service(it):
    for number, text in enumerate([ONE, OTHER, ONE], 1):
        assert it.apply(text).generation == number
    assert (it.gateway.snapshot.generation, it.gateway.loads) == (3, 3)
    assert it.gateway.ready


def test_a_configuration_with_errors_changes_nothing_and_its_problems_are_shown(it):
    it.apply(ONE)
    before = it.gateway.snapshot
    with pytest.raises(ConfigError) as raised:
        it.apply(BROKEN)
    assert it.gateway.snapshot is before
    assert it.gateway.problems == raised.value.problems
    assert not it.gateway.last_load_ok
    assert it.gateway.ready
    assert any("too" in problem.message and "did you mean" in problem.message for problem in it.gateway.problems)
    it.apply(OTHER)
    assert (it.gateway.last_load_ok, it.gateway.snapshot.generation, it.gateway.loads) == (True, 2, 3)


def test_warnings_are_shown_and_do_not_keep_it_from_service(it):
    it.apply(ONE.replace("to: v1", "to: v1\n    mirror: nobody"))
    assert [problem.severity for problem in it.gateway.problems if "nobody" in problem.message] == ["warning"]
    assert it.gateway.last_load_ok


def test_what_a_source_publishes_is_served_if_it_is_good(it):
    it.offer(ONE)
    it.offer(BROKEN)
    assert it.gateway.snapshot.generation == 1
    assert not it.gateway.last_load_ok
    it.offer(OTHER)
    assert it.gateway.snapshot.generation == 2


def test_what_is_published_again_unchanged_is_not_loaded_again(it):
    it.offer(ONE)
    it.offer(ONE)
    assert (it.gateway.snapshot.generation, it.gateway.loads) == (1, 1)


def test_the_last_good_text_is_loaded_again_after_a_broken_one(it):
    for text in (ONE, BROKEN, ONE):
        it.offer(text)
    assert it.gateway.last_load_ok
    assert it.gateway.snapshot.generation == 2


def test_an_exchange_keeps_the_configuration_that_it_began_with(it):
    it.apply(MIRRORED)
    client = it.client()
    client.send(GET)
    it.apply(OTHER)
    v1 = it.upstream()
    assert it.dialled == ["127.0.0.1:8002"]
    v1.send(OK)
    assert client.take() == OK


def test_endpoints_that_stay_keep_their_connections_and_the_others_are_closed(it):
    it.apply(ONE)
    client = it.client()
    client.send(GET)
    kept = it.upstream()
    kept.send(OK)
    it.apply(MIRRORED)
    assert kept.state == "open"
    client.send(GET)
    assert kept.take().endswith(b"\r\n\r\n")
    kept.send(OK)
    it.apply(OTHER)
    assert kept.state == "closed"


def test_a_connection_in_use_is_closed_after_its_answer(it):
    it.apply(ONE)
    client = it.client()
    client.send(GET)
    upstream = it.upstream()
    it.apply(OTHER)
    assert upstream.state == "open"
    upstream.send(OK)
    assert client.take() == OK
    assert upstream.state == "closed"


def test_a_configuration_that_is_refused_leaves_no_pools_behind(it):
    it.apply(ONE)
    with pytest.raises(ConfigError):
        it.apply(BROKEN + "\n---\nclusters: {v9: 127.0.0.1:8009}\n")
    assert [state.name for state in it.gateway.registry.endpoints] == ["127.0.0.1:8001"]


# Ports


def test_ports_of_a_new_configuration_are_opened_and_those_of_the_old_closed(it):
    it.apply(LISTENING)
    assert list(it.reactor.ports) == [8000, 8443]
    it.apply(ONE)
    assert list(it.reactor.ports) == [8000]


def test_clients_of_a_port_that_is_closed_keep_their_connections(it):
    it.apply(LISTENING)
    client = it.client(8443)
    it.apply(ONE)
    client.send(GET)
    it.upstream().send(OK)
    assert client.take() == OK


def test_a_port_that_cannot_be_bound_keeps_the_old_configuration_whole(it):
    it.apply(ONE)
    it.reactor.taken.add(8443)
    with pytest.raises(ConfigError, match="cannot listen on tcp:8443: Address already in use"):
        it.apply(OTHER + "listeners: [tcp:8442, tcp:8443]\n")
    assert list(it.reactor.ports) == [8000]
    assert it.gateway.snapshot.generation == 1


def test_no_port_is_bound_before_the_gateway_listens(in_memory):
    it = in_memory(listen=["tcp:8000"])
    it.apply(LISTENING)
    assert it.reactor.ports == {}
    it.gateway.listen()
    assert list(it.reactor.ports) == [8000, 8443]


def test_a_port_that_cannot_be_bound_at_the_start_is_a_problem(in_memory):
    it = in_memory(listen=["tcp:8000"])
    it.reactor.taken.add(8000)
    with pytest.raises(ConfigError, match="tcp:8000"):
        it.gateway.listen()


@pytest.mark.parametrize(("text", "expected"), [(ONE, [7000]), (LISTENING, [8443])])
def test_the_default_port_is_for_those_who_named_none(in_memory, text, expected):
    it = in_memory()
    it.apply(text)
    it.gateway.listen_by_default("tcp:7000")
    it.gateway.listen()
    assert list(it.reactor.ports) == expected


# The end


def test_draining_waits_for_the_answers_that_are_due(it):
    it.apply(ONE)
    client = it.client()
    client.send(GET)
    upstream = it.upstream()
    done = []
    it.gateway.drain().addCallback(done.append)
    assert not it.gateway.ready
    it.reactor.wait(1)
    assert done == []
    upstream.send(OK)
    assert b"Connection: close" in client.take()
    client.leave()
    it.reactor.wait(1)
    assert len(done) == 1


def test_tunnels_stand_until_the_gateway_is_closed(it):
    it.apply(ONE)
    client = it.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    upstream = it.upstream()
    upstream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    client.take()
    done = []
    it.gateway.drain().addCallback(done.append)
    upstream.send(b"still there")
    assert client.take() == b"still there"
    it.reactor.wait(1)
    assert done == []
    it.gateway.close()
    assert client.state == upstream.state == "aborted"
    assert it.gateway.stats.route("all").outcomes == {"tunnel_drained": 1}
    assert it.gateway.core.in_flight == 0


def test_a_request_that_is_not_answered_when_the_gateway_is_closed_is_told(it):
    it.apply(ONE)
    client = it.client()
    client.send(GET)
    upstream = it.upstream()
    it.gateway.drain()
    it.gateway.close()
    answer = client.take()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"\r\n\r\ndrained: the gateway is about to end\n")
    assert (client.state, upstream.state) == ("closed", "aborted")
    assert it.gateway.stats.route("all").outcomes == {"drained": 1}
    assert it.gateway.core.in_flight == 0


def test_an_answer_that_is_half_sent_when_the_gateway_is_closed_is_cut(it):
    it.apply(ONE)
    client = it.client()
    client.send(GET)
    it.upstream().send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    it.gateway.drain()
    it.gateway.close()
    assert client.take().endswith(b"\r\n\r\nhalf")
    assert client.state == "closed"
    assert it.gateway.stats.route("all").outcomes == {"drained": 1}


def test_an_idle_gateway_drains_at_once(it):
    done = []
    it.gateway.drain().addCallback(done.append)
    assert len(done) == 1


def test_a_configuration_that_is_on_its_way_when_the_end_begins_opens_no_port(it):
    it.apply(ONE)
    it.gateway.listen()
    it.publish(OTHER)
    it.gateway.listeners.close()
    it.gateway.drain()
    it.reactor.settle()
    assert it.reactor.ports == {}
    assert it.gateway.snapshot.generation == 1


def test_closing_lets_go_of_every_connection_and_timer(it):
    it.apply(ONE)
    client = it.client()
    client.send(GET)
    it.upstream().send(OK)
    it.gateway.close()
    assert client.state == "aborted"
    client.leave()
    assert it.log_batches
    assert [call for call in it.reactor.getDelayedCalls() if call.active()] == []


def test_a_gateway_says_what_it_is(it):
    it.apply(ONE)
    assert repr(it.gateway).startswith("<Gateway <Snapshot 1, 1 rules>, 0 in flight")


# Settings reach the requests


def test_trusted_proxies_server_and_via_are_as_configured(in_memory):
    it = in_memory(listen=["tcp:8000"], settings=Settings(trusted_hops=1, server="gw", via="gw"))
    it.gateway.listen()
    it.apply(ONE)
    client = it.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
    upstream = it.upstream()
    sent = upstream.take()
    assert b"\r\nX-Forwarded-For: 203.0.113.9,192.0.2.1\r\n" in sent
    assert b"\r\nvia: 1.1 gw\r\n" in sent
    upstream.send(b"HTTP/1.1 200 OK\r\nServer: v1\r\nContent-Length: 0\r\n\r\n")
    assert b"\r\nServer: gw\r\n" in client.take()


def test_a_request_that_is_over_needs_no_collector_to_be_freed(it):
    def exchanges():
        return sum(isinstance(each, Exchange) for each in gc.get_objects())

    it.apply(ONE + "    timeouts: {request: 5s}\n")
    client = it.client()
    client.send(GET)
    upstream = it.upstream()
    upstream.send(OK)
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        before = exchanges()
        for _ in range(3):
            client.send(GET)
            upstream.send(OK)
        assert exchanges() == before
    finally:
        if collecting:
            gc.enable()
    assert client.take() == OK * 4
