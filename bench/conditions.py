"""What else ShadowGate promises: the latency that it adds, and what an idle client costs."""

from __future__ import annotations

import resource
import socket
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from backends import Asked, ask, backend
from peers import PEERS, Peer, Scene, running

IDLE = 5_000


def measured(seconds: int, rounds: int) -> list[str]:
    """Return a sentence about each condition, for each ShadowGate that is there."""
    found = []
    for peer in PEERS:
        if peer.name.startswith("ShadowGate") and peer.path is not None:
            with TemporaryDirectory() as folder:
                found += [
                    f"{peer.name}: {said}"
                    for said in (
                        added_latency(peer, Path(folder), seconds, rounds),
                        idle_clients(peer, Path(folder)),
                    )
                ]
    return found


def added_latency(peer: Peer, folder: Path, seconds: int, rounds: int) -> str:
    with backend(folder / "direct") as up, running(peer, Scene(up.port), folder / "one") as gateway:
        one = Asked(connections=1)
        times: dict[int, list[float]] = {up.port: [], gateway.port: []}
        for _ in range(rounds):
            for port, taken in times.items():
                taken.append(ask(port, one, seconds, folder).p50)
    direct, through = map(median, times.values())
    return (
        f"one connection: p50 of {through:.0f} us, {direct:.0f} us without a gateway; added {through - direct:.0f} us"
    )


def idle_clients(peer: Peer, folder: Path) -> str:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = min(IDLE, hard // 2 - 100)
    with backend(folder / "up-idle") as up, running(peer, Scene(up.port), folder / "idle") as gateway:
        ask(gateway.port, Asked(), 1, folder)
        before = gateway.memory
        clients = []
        for _ in range(most):
            client = socket.create_connection(("127.0.0.1", gateway.port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: idle.example.com\r\n\r\n")
            client.recv(4096)
            clients.append(client)
        after = gateway.memory
        for client in clients:
            client.close()
    return f"{most:,} idle clients: {after / 1e6:.0f} MB resident, {before / 1e6:.0f} MB before them"
