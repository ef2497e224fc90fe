"""Endpoints looked up at a real name server: lifetimes, changes, service records, failures, mirrors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.names import NameServer
from harness.peers import peer
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import get


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with TemporaryDirectory(prefix="shadowgate-") as directory:
        server = NameServer(Path(directory))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def gateway(names: NameServer) -> Iterator[Gateway]:
    """A gateway that asks this name server."""
    with TemporaryDirectory(prefix="shadowgate-") as directory:
        running = Gateway(Path(directory), "--name-server", f"127.0.0.1:{names.port}")
        try:
            running.wait_ready()
            yield running
            assert "Traceback" not in running.said, running.said
        finally:
            assert running.stop() == 0, running.said


def serve(gateway: Gateway, *endpoints: str, more: str = "") -> None:
    """Put a cluster in service, and wait until its names have been looked up."""
    gateway.serve(f"clusters: {{upstream: [{', '.join(endpoints)}]}}\nroutes: [{{to: upstream}}]\n{more}")
    until(lambda: gateway.ask(get()).status == 200, lambda: gateway.said)


def test_a_changed_answer_is_followed_when_the_last_one_is_too_old(gateway: Gateway, names: NameServer):
    names.set("changing.test", "A", ("127.0.0.1", 1))
    with peer() as one, peer(address=("127.0.0.2", one.port)) as two:
        serve(gateway, f"changing.test:{one.port}")
        assert not two.requests
        names.set("changing.test", "A", ("127.0.0.2", 1))
        until(lambda: gateway.ask(get()).status == 200 and two.requests, "a request at the new address")
        before = len(one.requests)
        assert all(gateway.ask(get()).status == 200 for _ in range(10))
        assert len(one.requests) == before


def test_every_address_has_its_share(gateway: Gateway, names: NameServer):
    names.set("several.test", "A", ("127.0.0.1", 60), ("127.0.0.2", 60))
    with peer() as one, peer(address=("127.0.0.2", one.port)) as two:
        serve(gateway, f"several.test:{one.port}")
        until(lambda: gateway.ask(get()).status == 200 and one.requests and two.requests, "requests at both")


def test_a_name_is_asked_for_as_often_as_its_lifetime_allows(gateway: Gateway, names: NameServer):
    names.set("short.test", "A", ("127.0.0.1", 1))
    names.set("long.test", "A", ("127.0.0.1", 60))
    with peer() as one:
        serve(gateway, f"short.test:{one.port}", f"long.test:{one.port}")
        until(lambda: names.times_asked("short.test") > 3, lambda: names.said)
        assert names.times_asked("long.test") == 1
        assert names.times_asked("short.test", "AAAA") == 0


def test_a_name_server_that_fails_changes_nothing(gateway: Gateway, names: NameServer):
    names.set("failing.test", "A", ("127.0.0.1", 1))
    with peer() as one:
        serve(gateway, f"failing.test:{one.port}")
        names.fail_at("failing.test")
        until(lambda: "cannot look up failing.test" in gateway.said, lambda: gateway.said)
        assert all(gateway.ask(get()).status == 200 for _ in range(10))
        names.set("failing.test", "A", ("127.0.0.1", 1))
        until(lambda: "failing.test can be looked up again" in gateway.said, lambda: gateway.said)


def test_a_service_is_where_its_records_say(gateway: Gateway, names: NameServer):
    with peer() as first, peer() as other, peer() as last:
        names.set("_http._tcp.api.test", "SRV", (10, 1, first.port, "a.test", 1), (20, 1, last.port, "a.test", 1))
        names.set("a.test", "A", ("127.0.0.1", 60))
        gateway.serve(
            "clusters: {upstream: {endpoints: _http._tcp.api.test, resolution: dns-srv}}\nroutes: [{to: upstream}]\n"
        )
        until(lambda: gateway.ask(get()).status == 200, lambda: gateway.said)
        assert first.requests and not last.requests
        names.set("_http._tcp.api.test", "SRV", (10, 1, other.port, "a.test", 1))
        until(lambda: gateway.ask(get()).status == 200 and other.requests, "a request at the new port")


def test_shadows_go_to_names_too(gateway: Gateway, names: NameServer):
    names.set("primary.test", "A", ("127.0.0.1", 60))
    names.set("mirror.test", "A", ("127.0.0.1", 60))
    with peer() as primary, peer() as mirror:
        gateway.serve(
            f'clusters: {{upstream: "primary.test:{primary.port}", candidate: "mirror.test:{mirror.port}"}}\n'
            "routes: [{to: upstream, mirror: {to: candidate}}]\n"
        )
        until(lambda: gateway.ask(get("/x")).status == 200 and mirror.requests, lambda: gateway.said)
        assert mirror.requests[0].start == b"GET /x HTTP/1.1"


def test_a_name_that_nobody_knows_is_answered_503(gateway: Gateway):
    gateway.serve('clusters: {upstream: "unknown.test:80"}\nroutes: [{to: upstream}]\n')
    answer = gateway.ask(get())
    assert (answer.status, answer.body[:12]) == (503, b"unresolved: ")
