"""ShadowGate beside Envoy, nginx with its mirror module, HAProxy and stock ``twisted.web.proxy``.

Every gateway runs on one core and everything else, clients and upstreams, on the other.  All are asked in turn, round
after round, so that whatever else the machine does meets all alike, and the median of the rounds counts.  The figure
that can be repeated is the gateway's processor time for a request: it does not depend on how fast the other core is.

``python bench/side_by_side.py [--seconds 3] [--rounds 5] [--only NAME...] [--json FILE] [--chart FILE]``

A gateway that is not installed is left out with a word: ``pip install -r bench/requirements.txt`` has Envoy, and
``apt install wrk nginx haproxy`` the rest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import bad_mirrors
import conditions
from attrs import asdict, frozen
from backends import Answers, Backend, ask, backend, missing
from cases import CASES, Case
from chart import bars
from peers import PEERS, Peer, Running, running
from processes import machine

WARM_UP = 1
OURS = "ShadowGate"
"""How the names of our own begin; the first of them is what the others are compared with."""


@frozen
class Round:
    """One gateway's share of one round.  ``cost`` is microseconds of processor time for a request."""

    answers: Answers
    cost: float
    memory: int
    copies: float
    """Requests that came to the mirrors, for each of the primary's."""

    @property
    def rate(self) -> float:
        return self.answers.requests / self.answers.seconds


@frozen
class Figures:
    """The medians of all rounds of one gateway in one case."""

    case: str
    peer: str
    cost: float
    """Microseconds of the gateway's processor time for a request."""
    least: float
    most: float
    rate: float
    p50: float
    p99: float
    p999: float
    memory: int
    copies: float
    errors: int

    @classmethod
    def of(cls, case: str, peer: str, rounds: Sequence[Round]) -> Figures:
        def middle(name: str) -> float:
            return median(getattr(each.answers, name) for each in rounds)

        costs = [each.cost for each in rounds]
        return cls(
            case,
            peer,
            median(costs),
            min(costs),
            max(costs),
            median(each.rate for each in rounds),
            middle("p50"),
            middle("p99"),
            middle("p999"),
            max(each.memory for each in rounds),
            median(each.copies for each in rounds),
            sum(each.answers.errors for each in rounds),
        )


def measure(case: Case, peers: Sequence[Peer], seconds: int, rounds: int) -> Iterator[Figures]:
    """Run one case; yield the figures of each gateway that can do it."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        primary = stack.enter_context(backend(folder / "primary"))
        mirrors = [stack.enter_context(backend(folder / f"mirror-{at}")) for at in range(len(case.shares))]
        scene = case.scene(primary.port, [mirror.port for mirror in mirrors])
        able = [peer for peer in peers if not peer.cannot(scene)]
        gateways = {
            peer.name: stack.enter_context(running(peer, scene, folder / f"gateway-{peer.name}")) for peer in able
        }
        done: dict[str, list[Round]] = {peer.name: [] for peer in able}
        for gateway in gateways.values():
            ask(gateway.port, case.asked, WARM_UP, folder, case.host)
        for at in range(rounds):
            order = able[at % len(able) :] + able[: at % len(able)]
            for peer in order:
                done[peer.name].append(one_round(gateways[peer.name], case, primary, mirrors, seconds, folder))
    for peer in able:
        yield Figures.of(case.name, peer.name, done[peer.name])


def one_round(
    gateway: Running, case: Case, primary: Backend, mirrors: Sequence[Backend], seconds: int, folder: Path
) -> Round:
    answered, copied = primary.requests, sum(mirror.requests for mirror in mirrors)
    cpu = gateway.cpu
    answers = ask(gateway.port, case.asked, seconds, folder, case.host)
    spent = gateway.cpu - cpu
    # wrk goes without waiting for the last answers: what the upstream has seen is what was worked for.
    served = max(1, primary.requests - answered - 1)
    copies = sum(mirror.requests for mirror in mirrors) - copied - len(mirrors)
    return Round(answers, spent / served * 1e6, gateway.memory, copies / served)


def table(figures: Sequence[Figures]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield "| case | gateway | CPU µs/request | range | times ours | requests/s | ms: p50, p99, p99.9 | MB | copies |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for case in dict.fromkeys(each.case for each in figures):
        rows = [each for each in figures if each.case == case]
        ours = next((each.cost for each in rows if each.peer.startswith(OURS)), None)
        for row in rows:
            times = "" if ours is None else f"{row.cost / ours:.2f}"
            latency = ", ".join(f"{each / 1e3:.2f}" for each in (row.p50, row.p99, row.p999))
            yield (
                f"| {case} | {row.peer} | {row.cost:.1f} | {row.least:.1f} to {row.most:.1f} | {times} "
                f"| {row.rate:,.0f} | {latency} | {row.memory / 1e6:.0f} | {row.copies:.2f} |"
            )


def installed(wanted: Sequence[str] | None) -> list[Peer]:
    """Return the gateways that can be run, and say of each what it is."""
    peers = []
    for peer in PEERS:
        if wanted and peer.name not in wanted:
            continue
        if peer.path is None:
            print(f"{peer.name}: not here, left out", flush=True)
            continue
        environment = {**os.environ, "PYTHONPATH": str(peer.root)}
        done = subprocess.run([peer.path, *peer.version], capture_output=True, text=True, env=environment)
        said = (done.stdout + done.stderr).strip().splitlines() or ["?"]
        print(f"{peer.name}: {said[0]}", flush=True)
        peers.append(peer)
    return peers


def main() -> int:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=3, help="of one gateway in one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", metavar="WORD", help="cases whose name has it; may be given again")
    parser.add_argument("--peer", action="append", metavar="NAME", help="only this gateway; may be given again")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="an SVG")
    given = parser.parse_args()
    lacking = missing(["wrk", "nginx"])
    if lacking:
        sys.exit(f"{' and '.join(lacking)}: not installed.  On Debian and Ubuntu: apt install wrk nginx")
    print(started := machine(), flush=True)
    peers = installed(given.peer)
    figures: list[Figures] = []
    for case in CASES:
        if not given.only or any(word in case.name for word in given.only):
            print(f"{case.name} ...", file=sys.stderr, flush=True)
            found = list(measure(case, peers, given.seconds, given.rounds))
            # At once as well: the rest may take half an hour.
            print("\n".join(list(table(found))[2:]), file=sys.stderr, flush=True)
            figures += found
    print("\n".join(table(figures)))
    others = given.only is None and given.peer is None
    notes = []
    for measured in (conditions.measured(given.seconds, given.rounds), bad_mirrors.measured(peers)):
        for note in measured if others else ():
            print(note, flush=True)
            notes.append(note)
    print(ended := machine())
    if given.json is not None:
        rows = [asdict(each) for each in figures]
        report = {"started": started, "ended": ended, "figures": rows, "conditions": notes}
        given.json.write_text(json.dumps(report, indent=1) + "\n")
    if given.chart is not None:
        given.chart.write_text(bars([(each.case, each.peer, each.cost) for each in figures]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
