"""The gateway under a service manager such as systemd: sockets that it is handed, and what it tells."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.peers import peer
from harness.processes import RUN, Gateway
from harness.wire import connect, get

GOOD = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'
WORKERS = pytest.mark.parametrize("workers", ["1", "2"])

ON_LISTEN_FDS = (
    "-c",
    "import os, sys\n"
    "os.dup2(int(sys.argv[1]), 3)\n"
    "os.environ.update(LISTEN_FDS='1', LISTEN_FDNAMES='http', LISTEN_PID=str(os.getpid()))\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])\n",
)
"""Hands over a socket as systemd does: it is descriptor 3, and the environment says its name and for whom it is."""

LISTEN = "systemd:domain=INET:name=http"
"""As in deploy/systemd, which has a test of its own."""


@contextmanager
def activated(directory: Path, given: socket.socket, *arguments: str) -> Iterator[Gateway]:
    """Run a gateway on a socket that was bound before."""
    command = (*ON_LISTEN_FDS, str(given.fileno()), *RUN)
    gateway = Gateway(directory, "--listen", LISTEN, *arguments, command=command, pass_fds=[given.fileno()])
    try:
        gateway.wait_ready()
        yield gateway
        assert gateway.stop() == 0, gateway.said
        assert "Traceback" not in gateway.said
    finally:
        gateway.stop()


def configure(directory: Path, upstream: object) -> None:
    (directory / "conf").mkdir(exist_ok=True)
    (directory / "conf" / "a.yaml").write_text(GOOD.format(upstream))


@WORKERS
def test_a_socket_that_the_manager_has_bound_is_served(directory: Path, workers: str):
    with peer() as upstream, socket.create_server(("127.0.0.1", 0)) as given:
        configure(directory, upstream)
        with activated(directory, given, "--workers", workers) as gateway, connect(given.getsockname()) as client:
            client.send(get("/"))
            assert client.answer().status == 200
            gateway.write("a.yaml", GOOD.format(upstream).replace("upstream", "other"))
            gateway.signal(signal.SIGHUP)
            client.send(get("/"))
            assert client.answer().status == 200


@WORKERS
def test_whoever_comes_between_two_lives_of_the_gateway_waits_and_is_served(directory: Path, workers: str):
    with peer() as upstream, socket.create_server(("127.0.0.1", 0)) as given:
        configure(directory, upstream)
        with activated(directory, given, "--workers", workers):
            pass
        with connect(given.getsockname()) as client:
            client.send(get("/"))
            with activated(directory, given, "--workers", workers):
                assert client.answer().status == 200


@WORKERS
def test_the_manager_is_told_when_it_serves_how_it_is_and_when_it_ends(
    directory: Path, start_gateway, monkeypatch: pytest.MonkeyPatch, workers: str
):
    with peer() as upstream, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(directory / "notify"))
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(directory / "notify"))
        gateway = start_gateway({"configuration.yaml": GOOD.format(upstream)}, "--workers", workers)
        assert manager.recv(500) == b"READY=1\nSTATUS=generation 1 in service"
        assert gateway.ask(get("/")).status == 200
        gateway.serve(GOOD.format(upstream).replace("upstream", "other"))
        assert manager.recv(500) == b"STATUS=generation 2 in service"
        gateway.write("configuration.yaml", "routes: [")
        gateway.signal(signal.SIGHUP)
        assert manager.recv(500).endswith(b"the configuration read last has errors")
        assert gateway.stop() == 0
        assert manager.recv(500) == b"STOPPING=1\nSTATUS=draining"


def test_the_watchdog_hears_from_it_again_and_again(directory: Path, start_gateway, monkeypatch: pytest.MonkeyPatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(directory / "notify"))
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(directory / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        start_gateway({})
        for _ in range(3):
            assert b"WATCHDOG=1" in manager.recv(500)
