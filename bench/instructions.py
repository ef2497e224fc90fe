"""How many instructions of user space each step of a request takes, counted by valgrind's callgrind.

Of what else the machine does such a count knows nothing, so it shows what a change of some per cent did, which times do
not.  A gateway on a reactor in memory serves clients over pairs of sockets; what is counted is its own turns.

``python bench/instructions.py [--tree DIR]``: of a compiled tree, build/compiled by default; ``apt install valgrind``
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from processes import ROOT

CLIENTS, ROUNDS = 16, 100
CONFIGURATION = """\
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - {match: {path: {prefix: /mirrored}}, to: v1, mirror: v2}
  - {to: v1}
"""
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
)
COUNTED = "CPyDef_readiness___Readiness___doRead"
STEPS = {
    "all": COUNTED,
    "reading the request's head": "CPyDef_request_parser___RequestParser___feed",
    "forwarding fields and the request's id": "CPyDef_forwarding___prepare_compile_forwarding_obj_____call__",
    "writing the heads of requests": "CPyDef_writer___request_block",
    "reading the heads of answers": "CPyDef_response_parser___ResponseParser___feed",
    "writing the answer's head": "CPyDef_writer___response_block",
    "receiving, without the kernel": "sock_recv",
    "sending to clients and primaries, without the kernel": "CPyDef_outbox___DirectOutbox___flush",
    "pools": "CPyDef_pool___Pool____released CPyDef_pool___Pool___checkout",
    "timeouts begun and ended": "CPyDef_timers___Lane___start CPyDef_timers___Lane___stop",
    "histograms": "CPyDef_stats___Histogram___observe",
    "access log: the request": "CPyDef_access_log___AccessLog___exchange",
    "access log: the shadow": "CPyDef_access_log___AccessLog___shadow",
    "the shadow, to the end of its sending": "CPyDef_tee___Tee___flush",
    "the shadow's end, its line in the log included": "CPyDef_mirror___Shadow____finish",
}
KINDS = {
    "GET": lambda at: b"GET /x HTTP/1.1\r\nHost: bench.example.com\r\n\r\n",
    "GET, mirrored": lambda at: b"GET /mirrored HTTP/1.1\r\nHost: bench.example.com\r\n\r\n",
    "GET, mirrored, fields that change": lambda at: (
        b"GET /mirrored HTTP/1.1\r\nHost: bench.example.com\r\ntraceparent: 00-%032x-00f067aa0ba902b7-01\r\n\r\n" % at
    ),
}


def serve(kind: str) -> None:
    """Serve so many requests; run under callgrind."""
    from twisted.internet import tcp
    from twisted.internet.testing import MemoryReactorClock

    from shadowgate.config.catalog import Catalog
    from shadowgate.gateway import Gateway
    from shadowgate.plugin import Report
    from shadowgate.plugin.yaml import read_text
    from shadowgate.runtime.access_log import AccessLog

    class Socket(socket.socket):
        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", 8000

    def connect(factory: Any) -> socket.socket:
        near, far = socket.socketpair()
        ours = Socket(fileno=near.detach())
        for end in (ours, far):
            end.setblocking(False)
        protocol = factory.buildProtocol(None)
        port = SimpleNamespace(_realPortNumber=80)
        transport = tcp.Server(ours, protocol, ("127.0.0.1", 4711), port, 0, reactor)  # type: ignore[arg-type]
        protocol.makeConnection(transport)
        return far

    def turn() -> None:
        for reader in list(reactor.readers):
            reader.doRead()

    tcp.Connection.setTcpNoDelay = lambda self, enabled: None  # type: ignore[method-assign]  # these are no TCP sockets
    reactor = MemoryReactorClock()
    log = AccessLog(reactor, lambda batch: None)
    gateway = Gateway(reactor, Catalog.discover(), access_log=log, listen=["tcp:8000"])
    report = Report()
    gateway.apply(read_text(CONFIGURATION, "bench", report), report.problems)
    gateway.listen()
    clients = [connect(reactor.tcpServers[0][1]) for _ in range(CLIENTS)]
    upstreams: list[socket.socket] = []
    for at in range(ROUNDS):
        for number, client in enumerate(clients):
            client.send(KINDS[kind](at * CLIENTS + number))
        turn()
        while reactor.tcpClients:
            upstreams.append(connect(reactor.tcpClients.pop()[2]))
        for upstream in upstreams:
            if upstream.recv(65536):
                upstream.send(ANSWER)
        turn()
        assert all(client.recv(65536).endswith(b"ok") for client in clients)


def counted(kind: str, tree: Path, folder: Path) -> dict[str, float]:
    """Return thousands of instructions for a request, by step."""
    out = folder / "counts"
    command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--toggle-collect={COUNTED}"]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    subprocess.run(
        [*command, f"--callgrind-out-file={out}", sys.executable, __file__, "--serve", kind],
        env=environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    told = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)], capture_output=True, text=True
    ).stdout
    found = {}
    for count, name in re.findall(r"^\s*([\d,]+) \([\d. ]+%\)\s+\S*?:(\w+) ", told, re.MULTILINE):
        found.setdefault(name, int(count.replace(",", "")))
    requests = CLIENTS * ROUNDS * 1000
    return {step: sum(found.get(name, 0) for name in names.split()) / requests for step, names in STEPS.items()}


def table(figures: dict[str, dict[str, float]]) -> Iterator[str]:
    yield f"| thousands of instructions | {' | '.join(figures)} |"
    yield "|---|" + "---|" * len(figures)
    for step in STEPS:
        yield f"| {step} | {' | '.join(f'{found[step]:.1f}' if found[step] else '' for found in figures.values())} |"


def main() -> int:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tree", type=Path, default=ROOT / "build" / "compiled")
    parser.add_argument("--serve", choices=KINDS, help="what runs under callgrind")
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return 0
    if shutil.which("valgrind") is None:
        sys.exit("valgrind: not installed.  On Debian and Ubuntu: apt install valgrind")
    if not list(given.tree.glob("shadowgate__mypyc*")):
        sys.exit(f"{given.tree}: nothing compiled there: make bench-instructions builds it")
    with TemporaryDirectory() as folder:
        print("\n".join(table({kind: counted(kind, given.tree, Path(folder)) for kind in KINDS})))
    return 0


if __name__ == "__main__":
    sys.exit(main())
