"""What loading 10,000 rules costs, and who notices.

For Istio's YAML and for the native form: seconds of processor time, part by part, in a process of its own; then a
gateway in service takes the same as a new configuration, again and again, while a client on a keep-alive connection
asks every few milliseconds: the longest that a request took is how long loading held one up.  A client that asks as
steadily while nothing is loaded tells what the machine does to it anyway.  Prints the figures of
``docs/develop/performance.md``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread

import configurations
from attrs import define, field
from processes import ROOT, Child, Connection, gateway, machine, upstream
from processes import field as header
from twisted.internet.task import Clock

from shadowgate.background import Background
from shadowgate.compiler.build import run_steps
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load, read_paths
from shadowgate.gateway import Gateway
from shadowgate.plugin import Report

FORMS: dict[str, Callable[[str, int], str]] = {"istio": configurations.istio, "native": configurations.native}
LONGEST_LOAD = 5.0
LONGEST_WAIT = 0.1
EVERY = 0.005
"""Seconds from one request to the next."""

QUIET = 5.0
RELOADS = 20
SETTLED = 2.0
"""Seconds after the swap that still count: letting go of the old configuration is part of loading."""

PAUSE = 0.25
"""Seconds after a configuration was written down: that holds up the client's own thread, and is no wait of its."""

PATIENCE = 120.0


def measure_parts(path: str) -> None:
    """Print the processor time of each part of loading a file, which does not depend on what else goes on."""
    times = [time.process_time()]
    report = Report()
    made = Gateway(Clock(), Catalog.discover())
    background = Background(None)
    background.hold()  # as the gateway does before it loads
    documents = read_paths([path], report)
    times.append(time.process_time())
    loaded = load(documents, report.problems, made.catalog)
    times.append(time.process_time())
    snapshot = run_steps(made.compile(loaded))
    times.append(time.process_time())
    assert not loaded.report.failed, loaded.report.problems[0]
    read, translated, compiled = (after - before for before, after in pairwise(times))
    parts = f"{read:.2f} reading YAML, {translated:.2f} translating and checking, {compiled:.2f} compiling"
    size = f"{len(documents):,} documents, {len(snapshot.rules):,} rules"
    print(f"  {size}: {times[-1] - times[0]:.2f} s ({parts})", flush=True)


@define
class Probe:
    """Asks every few milliseconds, and keeps how long each request took and which version answered."""

    connection: Connection
    waits: list[float] = field(factory=list)
    version: bytes | None = None
    over: Event = field(factory=Event)
    _thread: Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        path = configurations.matching_paths()[0]
        due = time.perf_counter()
        while not self.over.is_set():
            answer = self.connection.ask(configurations.host(0), path)
            now = time.perf_counter()
            self.waits.append(now - due)  # from when it should have been asked
            self.version = header(answer, b"x-version")
            due = max(due + EVERY, now)
            time.sleep(max(0.0, due - time.perf_counter()))

    def take(self) -> list[float]:
        """Return the waits since this was last asked."""
        waits, self.waits = self.waits, []
        return waits

    def until(self, version: int) -> float:
        """Wait until this version answers; return the seconds that it took."""
        since = time.perf_counter()
        while self.version != b"%d" % version:
            if time.perf_counter() - since > PATIENCE:
                raise TimeoutError(f"version {version} was never served")
            time.sleep(0.01)
        return time.perf_counter() - since

    def stop(self) -> None:
        self.over.set()
        self._thread.join()


def measure_reloads(form: str, address: str, workers: int, reloads: int) -> bool:
    """Print what a client of a gateway sees while it loads; return whether all of it is within the limits."""
    text = FORMS[form]
    with gateway(configurations.one_rule(address), "--workers", str(workers)) as (child, path):
        connection = child.connect()
        connection.ask(configurations.host(0), "/")  # waiting for the first worker is no part of it
        probe = Probe(connection)
        try:
            time.sleep(QUIET)
            print(f"  nothing is loaded: {_shown(probe.take())}", flush=True)
            memory = [child.memory]
            loads = []
            for version in range(1, reloads + 2):
                loads.append(_replace(child, path, text(address, version), version, probe))
                memory.append(child.memory)
            first, later = loads[0], loads[1:]
            print(f"  loaded beside requests in {first[0]:.1f} s: {_shown(first[1])}")
            slowest, waits = max(seconds for seconds, _ in later), [wait for _, waits in later for wait in waits]
            print(f"  {reloads} times again, each in at most {slowest:.1f} s: {_shown(waits)}")
            after = (1, 2, 3, reloads // 2, reloads + 1)
            shown = ", ".join(f"{memory[at] >> 20}" for at in after)
            print(f"  memory, MiB: {memory[0] >> 20}; after load {', '.join(map(str, after))}: {shown}")
            return max(first[0], slowest) <= LONGEST_LOAD and max(*first[1], *waits) <= LONGEST_WAIT
        finally:
            probe.stop()


def _shown(waits: list[float]) -> str:
    return f"requests took {median(waits) * 1e3:.1f} ms in the median, {max(waits) * 1e3:.0f} ms at most"


def _replace(child: Child, path: Path, text: str, version: int, probe: Probe) -> tuple[float, list[float]]:
    """Put another configuration in service; return how long that took and the waits of the requests meanwhile."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    time.sleep(PAUSE)
    probe.take()
    fresh.replace(path)
    child.reload()
    seconds = probe.until(version)
    time.sleep(SETTLED)
    return seconds, probe.take()


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--parts", metavar="FILE", help="only tell how long each part of loading this file takes")
    parser.add_argument("--workers", type=int, default=1, help="processes of the gateway; memory is the first one's")
    parser.add_argument("--reloads", type=int, default=RELOADS, help="how often it is replaced after the first load")
    options = parser.parse_args()
    if options.parts:
        measure_parts(options.parts)
        return 0
    good = True
    print(machine())
    with upstream() as address, TemporaryDirectory() as directory:
        for form, text in FORMS.items():
            print(f"{form}:", flush=True)
            path = Path(directory) / f"{form}.yaml"
            path.write_text(text(address, 0))
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            subprocess.run([sys.executable, __file__, "--parts", str(path)], env=environment, check=True)
            good = measure_reloads(form, address, options.workers, options.reloads) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
