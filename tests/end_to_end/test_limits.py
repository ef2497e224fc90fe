"""Bounds of a running gateway: those of the command line, how many clients it takes, and life without descriptors."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, islice
from pathlib import Path

import pytest

from harness.peers import Peer, once, peer, silent
from harness.processes import Gateway
from harness.waiting import settled, until
from harness.wire import Wire, connect, get

CONFIG = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'
MIRRORED = 'clusters: {{upstream: "{0}", candidate: "{1}"}}\nroutes: [{{to: upstream, mirror: candidate}}]\n'
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
FEW_DESCRIPTORS = (
    "-c",
    "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (72, 72));"
    "runpy.run_module('shadowgate', run_name='__main__', alter_sys=True)",
    "run",
)
MOST_WITH_FEW = (72 - 32 - 72 // 8) // 2


@pytest.fixture
def upstream() -> Iterator[Peer]:
    with peer() as made:
        yield made


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Closes every client that enters it."""
    with ExitStack() as stack:
        yield stack


def served(client: Wire) -> bool:
    client.send(get("/"))
    return client.answer().status == 200


def descriptors(gateway: Gateway) -> int:
    return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))


def cpu_seconds(gateway: Gateway) -> float:
    fields = Path(f"/proc/{gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def left(gateway: Gateway, spare: int) -> Iterator[None]:
    """Let the process open so many more descriptors and no others."""
    before = resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE)
    # The limit is one of numbers, and there may be free ones between those in use.
    used = settled(lambda: {int(name) for name in os.listdir(f"/proc/{gateway.process.pid}/fd")})
    limit = next(islice((number for number in count() if number not in used), spare, None))
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, before)


def test_limits_are_those_of_the_command_line(start_gateway, upstream: Peer):
    limits = ("request-line=100", "header-count=3", "body-bytes=1KiB", "header-timeout=300ms")
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)}, *(part for one in limits for part in ("--limit", one)))
    for status, request in (
        (200, get("/")),
        (414, get("/" + "x" * 100)),
        (431, get("/", "h", "A: 1", "B: 2", "C: 3")),
        (413, get("/", method="POST", body=b"x" * 1025)),
        (200, get("/", method="POST", body=b"x" * 1024)),
        (408, b"GET / HT"),
    ):
        assert gateway.ask(request).status == status
    assert len(upstream.requests) == 2


def test_clients_beyond_the_bound_wait_and_those_before_them_are_served(start_gateway, upstream: Peer, clients):
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)}, "--limit", "connections=3")
    inside = [clients.enter_context(gateway.connect()) for _ in range(3)]
    assert all(served(client) for client in inside)
    waiting = [clients.enter_context(gateway.connect()) for _ in range(3)]
    for client in waiting:
        client.send(get("/"))
    until(lambda: gateway.metric("shadowgate_accept_pauses_total", reason="listener"), "the pause")
    assert all(served(client) for client in inside)
    assert gateway.metric("shadowgate_connections_open") == 3
    for client in inside:
        client.close()
    assert [client.answer().status for client in waiting] == [200] * 3


def test_clients_of_one_address_beyond_its_share_are_closed_at_once(start_gateway, upstream: Peer, clients):
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)}, "--limit", "connections-per-client=2")
    inside = [clients.enter_context(gateway.connect()) for _ in range(2)]
    assert all(served(client) for client in inside)
    with gateway.connect() as client:
        assert client.ended()
    assert all(served(client) for client in inside)
    assert gateway.metric("shadowgate_connections_refused_total") == 1
    inside[0].close()
    until(lambda: gateway.metric("shadowgate_connections_open") == 1, "the end of one")
    with gateway.connect() as client:
        assert served(client)


def test_as_many_clients_are_let_in_as_can_be_served_with_the_descriptors_there_are(start_gateway, upstream, clients):
    """Four times as many come as there are descriptors; every one of them is served, each by an upstream's own."""
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)}, command=FEW_DESCRIPTORS)
    waiting = [clients.enter_context(gateway.connect()) for _ in range(4 * MOST_WITH_FEW)]
    for client in waiting:
        client.send(get("/"))
    for client in waiting:
        assert client.answer().status == 200
        assert gateway.metric("shadowgate_connections_open") <= MOST_WITH_FEW
        client.close()
    assert gateway.metric("shadowgate_accept_pauses_total", reason="descriptors") > 0
    assert gateway.metric("shadowgate_accept_pauses_total", reason="exhausted") == 0


def test_a_mirror_that_never_answers_leaves_clients_their_descriptors(start_gateway, clients):
    """Each shadow holds a connection; each request needs a new one, and there are more requests than descriptors."""
    with peer(once(CLOSING)) as primary, peer(silent) as mirror:
        gateway = start_gateway({"c.yaml": MIRRORED.format(primary, mirror)}, command=FEW_DESCRIPTORS)
        inside = [clients.enter_context(gateway.connect()) for _ in range(4)]
        for _ in range(20):
            assert all(served(client) for client in inside)
        accounts = gateway.accounts("candidate")
        assert accounts.answering == MOST_WITH_FEW // 2
        assert accounts.dropped == {"no_socket": 80 - accounts.answering}
        assert gateway.metric("shadowgate_accept_pauses_total") == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_no_client_and_no_mirror_waits_for_the_kernels_table_of_descriptors_to_grow(start_gateway, upstream, workers):
    """While it grows, a process with threads stands still: so it has its size before the first client comes."""
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)}, "--workers", str(workers))
    pid = gateway.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    serving = [str(pid)] if workers == 1 else children
    assert len(serving) == workers
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for each in serving:
        status = Path(f"/proc/{each}/status").read_text()
        (size,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("FDSize:"))
        assert size >= min(most, 65_536)


def test_without_a_descriptor_nobody_is_lost_and_nothing_spins(start_gateway, upstream: Peer, clients):
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)})
    address = ("127.0.0.1", gateway.port)
    inside = clients.enter_context(connect(address))
    assert served(inside)
    with left(gateway, spare=0):
        newcomers = [clients.enter_context(connect(address)) for _ in range(5)]
        for client in newcomers:
            client.send(get("/"))
        spent = cpu_seconds(gateway)
        settled(lambda: descriptors(gateway), quiet=1.5)
        assert cpu_seconds(gateway) - spent < 0.5
        assert served(inside)
    assert [client.answer().status for client in newcomers] == [200] * 5
    assert gateway.metric("shadowgate_accept_pauses_total", reason="exhausted") > 1
    assert gateway.said.count("cannot accept") == 1
    assert "Traceback" not in gateway.said


def test_without_a_descriptor_for_the_upstream_it_is_503(start_gateway, upstream: Peer, clients):
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)})
    client = clients.enter_context(gateway.connect())
    until(lambda: gateway.metric("shadowgate_connections_open") == 1, "the client")
    with left(gateway, spare=0):
        client.send(get("/"))
        assert client.answer().status == 503
    assert served(client)
    assert "Traceback" not in gateway.said


def test_the_admin_api_waits_for_a_descriptor_too(start_gateway, upstream: Peer):
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)})
    with left(gateway, spare=0):
        spent = cpu_seconds(gateway)
        client = connect(str(gateway.admin_path))
        client.send(get("/live", "admin"))
        settled(lambda: descriptors(gateway), quiet=1)
        assert cpu_seconds(gateway) - spent < 0.5
    assert client.answer().status == 200
    client.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_admin_api_takes_no_more_than_its_share_and_answers_whoever_comes(
    start_gateway, upstream, clients, workers
):
    gateway = start_gateway({"c.yaml": CONFIG.format(upstream)}, "--workers", workers)
    before = settled(lambda: descriptors(gateway))
    held = [clients.enter_context(connect(str(gateway.admin_path))) for _ in range(100)]
    for each in held:
        each.send(b"GET /live HTTP/1.1\r\nHost: loc")
    assert gateway.admin("/live").status == 200
    assert settled(lambda: descriptors(gateway)) <= before + 64
