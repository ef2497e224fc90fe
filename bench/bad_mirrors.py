"""What clients feel of a mirror that never answers, and of one that takes its time: their 99th percentile, beside that
of clients whose gateway mirrors nothing.

A percentile of a second is a matter of chance.  So the three gateways are asked in turn, again and again for a short
while, and the latencies of all these times count together: whatever else the machine does meets all alike.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from backends import LOAD_CORE, Asked, ask, backend, percentile, pinned
from peers import Peer, Running, Scene, running
from processes import accepts, free_port

PACED = Asked(connections=32, pause=20)
"""About 1,500 requests a second: a gateway with time to spare, or its own queue would be measured."""

SLOW = 0.5
"""Seconds that the slow mirror takes: some 750 shadows are under way then, which no gateway's bounds forbid."""

MIRRORS: Mapping[str, float | None] = {"": None, "black-holed": 0.0, "slow": SLOW}
TURNS, SECONDS = 12, 2
"""How often each gateway is asked, and for how long."""

STARTS = 5
"""How often a gateway is started to see the first second beside a mirror that does not answer."""


def measured(peers: Sequence[Peer]) -> Iterator[str]:
    """Yield sentences about each gateway that can mirror."""
    for peer in peers:
        if peer.cannot(Scene(0, ((0, 100),))):
            continue
        with TemporaryDirectory() as folder:
            for said in (*in_the_long_run(peer, Path(folder)), *at_first(peer, Path(folder))):
                yield f"{peer.name}: {said}"


def in_the_long_run(peer: Peer, folder: Path) -> Iterator[str]:
    with ExitStack() as stack:
        up = stack.enter_context(backend(folder / "watched")).port
        gateways = {
            name: stack.enter_context(_beside(peer, up, wait, folder / f"with-{name}"))
            for name, wait in MIRRORS.items()
        }
        latencies: dict[str, Counter[int]] = {name: Counter() for name in gateways}
        for gateway in gateways.values():
            ask(gateway.port, PACED, 2, folder)
        names = list(gateways)
        for turn in range(TURNS):
            for name in names[turn % 3 :] + names[: turn % 3]:
                time.sleep(SLOW + 0.1)  # until the shadows of the one before have their answers
                latencies[name] += ask(gateways[name].port, PACED, SECONDS, folder).latencies
    alone = latencies.pop("")
    for name, found in latencies.items():
        yield f"{name} mirror: {_compared(found, alone)}"


def at_first(peer: Peer, folder: Path) -> Iterator[str]:
    """Say how the first second is, in which connections are made for all the shadows that are not answered."""
    latencies: dict[float | None, Counter[int]] = {None: Counter(), 0.0: Counter()}
    with backend(folder / "watched-at-first") as up:
        for start in range(STARTS):
            for wait, found in latencies.items():
                with _beside(peer, up.port, wait, folder / f"first-{start}-{wait}") as gateway:
                    time.sleep(1)
                    found += ask(gateway.port, PACED, 1, folder).latencies
    yield f"black-holed mirror, the first second: {_compared(latencies[0.0], latencies[None])}"


def _compared(found: Counter[int], alone: Counter[int]) -> str:
    p99, without = percentile(found, 99), percentile(alone, 99)
    return (
        f"p99 of {p99} us, {without} us without a mirror; {p99 / without:.2f} times"
        f" ({found.total():,} and {alone.total():,} answers)"
    )


@contextmanager
def _beside(peer: Peer, primary: int, wait: float | None, folder: Path) -> Iterator[Running]:
    """Run a gateway beside a bad mirror, or none."""
    with ExitStack() as stack:
        mirrors = () if wait is None else ((stack.enter_context(_bad_mirror(wait)), 100),)
        yield stack.enter_context(running(peer, Scene(primary, mirrors), folder))


@contextmanager
def _bad_mirror(wait: float) -> Iterator[int]:
    """Run a mirror that answers after so many seconds, or never for 0; give its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, str(port), str(wait)], preexec_fn=pinned(LOAD_CORE))
    try:
        accepts(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


# The bad mirror itself

END = b"\r\n\r\n"


class _Late(asyncio.Protocol):
    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._input = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._input = (self._input + data).split(END)
        for _ in heads if self._wait else ():
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            asyncio.get_running_loop().call_later(self._wait, self._transport.write, answer)


async def _serve(port: int, wait: float) -> None:
    # It shares its core with clients and with the primary, and must not be what delays them.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    server = await asyncio.get_running_loop().create_server(lambda: _Late(wait), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
