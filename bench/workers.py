"""What a second worker brings: requests a second with one process and with two, and the processor time behind them.

Two scenes.  In the first the gateway answers by itself, so that nothing but it and the load generator (wrk) runs: on a
machine with two cores this is the one where a second worker has room.  In the second it forwards to an upstream, which
is a process of its own and, with two workers on two cores, takes its time from them.

Requests a second say what this machine does; processor time per request, which does not depend on who else runs, says
what a core does.  ``cores x requests per core second`` is what the workers would serve if each had a core to itself.
Runs of one and of two alternate, so that a change of the machine's mood meets both, and the median counts.

The load generator needs a good half of a core itself.  So on a machine with two cores, or with something else to do,
two workers cannot have two cores between them, and the first figure says little of them; then the second one is judged.

``python bench/workers.py [--seconds 8] [--rounds 3] [--connections 64]``; exit status 1 when two workers serve less
than 1.7 times what one does in the first scene.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from attrs import frozen
from processes import Child, cpu_of, free_port, machine, upstream

WANTED = 1.7
WARM_UP = 1
BUSY = 1.8
"""Cores that two workers under full load use, where nobody takes them away."""

ALONE = "routes: [{filters: {respond: {body: 0123456789012345678901234567890123456789}}}]\n"
FORWARDED = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'


@frozen
class Run:
    """One run of the load generator."""

    rate: float
    seconds: float
    requests: int
    cpu: tuple[float, ...]
    """Of each process that serves."""

    @property
    def cost(self) -> float:
        """Microseconds of the gateway's processor time for a request."""
        return sum(self.cpu) / self.requests * 1e6

    def __str__(self) -> str:
        shares = " + ".join(f"{100 * used / self.seconds:.0f} %" for used in self.cpu)
        return f"{self.rate:8,.0f} requests/s   {self.cost:5.0f} us of processor time each   busy {shares}"


def measure(text: str, workers: int, seconds: int, connections: int) -> Run:
    """Run a gateway with so many workers under load."""
    port, admin = free_port(), free_port()
    with TemporaryDirectory() as directory:
        path = Path(directory) / "configuration.yaml"
        path.write_text(text)
        options = ["-c", str(path), "--access-log", "none", "--workers", str(workers)]
        options += ["-l", f"tcp:{port}:interface=127.0.0.1", "--admin", f"tcp:{admin}:interface=127.0.0.1"]
        gateway = Child(["-m", "shadowgate", "run", *options], port, quiet=True)
        try:
            pids = serving(admin, gateway.process.pid)
            load(port, WARM_UP, connections)
            before = [cpu_of(pid) for pid in pids]
            requests, took = load(port, seconds, connections)
            cpu = tuple(cpu_of(pid) - was for pid, was in zip(pids, before, strict=True))
            return Run(requests / took, took, requests, cpu)
        finally:
            gateway.end()


def serving(admin: int, parent: int) -> list[int]:
    """Return the processes that serve, once all do."""
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{admin}/ready", timeout=10).close()
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/config", timeout=10) as answer:
        workers = json.load(answer).get("workers", [])
    return [worker["pid"] for worker in workers] or [parent]


def load(port: int, seconds: int, connections: int) -> tuple[int, float]:
    """Return how many requests were answered, and in how many seconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}/"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    found = re.search(r"(\d+) requests in ([\d.]+)s", said)
    assert found is not None, said
    return int(found[1]), float(found[2])


def scene(title: str, text: str, seconds: int, rounds: int, connections: int) -> float:
    """Print what one and two workers do; return how many times as much two serve, where they have the cores for it."""
    print(f"\n{title}", flush=True)
    runs: dict[int, list[Run]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers, done in runs.items():
            done.append(measure(text, workers, seconds, connections))
            print(f"  {workers} worker{'s' if workers > 1 else ' '}   {done[-1]}", flush=True)
    one, two = (median(run.rate for run in runs[workers]) for workers in runs)
    costs = [median(run.cost for run in runs[workers]) for workers in runs]
    print(f"  two serve {two / one:.2f} times what one does (median of {rounds})")
    accounted = 2 * costs[0] / costs[1]
    print(f"  with a core for each worker: {accounted:.2f} times, from the processor time of a request")
    busy = median(sum(run.cpu) / run.seconds for run in runs[2])
    if busy >= BUSY:
        return two / one
    print(f"  the two had {busy:.1f} cores between them, so that this is what counts")
    return accounted


def main() -> int:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed.  On Debian and Ubuntu: apt install wrk")
    print(machine())
    alone = scene("Answered by the gateway itself", ALONE, **vars(given))
    with upstream() as address:
        scene("Forwarded to an upstream, which needs a core too", FORWARDED.format(address), **vars(given))
    print(f"\n{'enough' if alone >= WANTED else 'NOT enough'}: {alone:.2f}, wanted {WANTED}")
    return int(alone < WANTED)


if __name__ == "__main__":
    sys.exit(main())
