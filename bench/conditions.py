"""What else ShadowGate promises: the latency that it adds, clients that feel no mirror, what an idle client costs."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from backends import LOAD_CORE, Asked, ask, backend, pinned
from peers import PEERS, Peer, Scene, running
from processes import accepts, free_port

IDLE = 5_000
PACED = Asked(connections=32, pause=20)
"""About 1,500 requests a second: a gateway with time to spare, or its own queue would be measured."""


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
                        *bad_mirrors(peer, Path(folder), seconds, rounds),
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


def bad_mirrors(peer: Peer, folder: Path, seconds: int, rounds: int) -> Iterator[str]:
    """Yield how the clients' p99 is with a mirror that never answers, and with one that takes a second."""
    with ExitStack() as stack:
        up = stack.enter_context(backend(folder / "watched"))
        mirrors = {"": None, "black-holed": 0.0, "slow": 1.0}
        gateways = {}
        for name, wait in mirrors.items():
            ports = () if wait is None else ((stack.enter_context(bad_mirror(wait)), 100),)
            gateways[name] = stack.enter_context(running(peer, Scene(up.port, ports), folder / f"with-{name}"))
        times: dict[str, list[float]] = {name: [] for name in gateways}
        for gateway in gateways.values():
            ask(gateway.port, PACED, 3, folder)
        for _ in range(rounds):
            for name, gateway in gateways.items():
                times[name].append(ask(gateway.port, PACED, seconds, folder).p99)
    # A stall of the machine hits whoever is asked just then: the best of the rounds is what the gateway did by itself.
    alone = min(times[""])
    for name in ("black-holed", "slow"):
        p99 = min(times[name])
        yield f"{name} mirror: p99 of {p99:.0f} us, {alone:.0f} us without a mirror; {p99 / alone:.2f} times"


@contextmanager
def bad_mirror(wait: float) -> Iterator[int]:
    """Run a mirror that answers after so many seconds, or never for 0; give its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, str(port), str(wait)], preexec_fn=pinned(LOAD_CORE))
    try:
        accepts(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


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


# The bad mirror itself


async def _serve(port: int, wait: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if wait:
                    await asyncio.sleep(wait)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    os.nice(1)
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
