"""What loading 10,000 rules costs, and who notices.

For Istio's YAML and for the native form: seconds to load, part by part, in a process of its own; then a gateway in
service takes the same as a new configuration, again and again, while a client on a keep-alive connection asks every few
milliseconds: the longest that a request took is how long loading held one up.  A client that asks as steadily while
nothing is loaded tells what the machine does to it anyway.  Prints the figures of ``docs/develop/performance.md``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Thread

import configurations
from attrs import define, field
from processes import ROOT, Child, Connection, gateway, machine, upstream
from processes import field as header
from twisted.internet.task import Clock

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
PATIENCE = 120.0


def measure_parts(path: str) -> None:
    """Print how long each part of loading a file takes when nothing else goes on."""
    times = [time.perf_counter()]
    report = Report()
    made = Gateway(Clock(), Catalog.discover(), random=Random(0))
    documents = read_paths([path], report)
    times.append(time.perf_counter())
    loaded = load(documents, report.problems, made.catalog)
    times.append(time.perf_counter())
    snapshot = run_steps(made.compile(loaded))
    times.append(time.perf_counter())
    assert not loaded.report.failed, loaded.report.problems[0]
    read, translated, compiled = (after - before for before, after in zip(times, times[1:], strict=False))
    print(f"  {len(documents):,} documents, {len(snapshot.rules):,} rules: {times[-1] - times[0]:.2f} s", end="")
    print(f" ({read:.2f} reading YAML, {translated:.2f} translating and checking, {compiled:.2f} compiling)", flush=True)


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

    def longest(self) -> float:
        """Return the longest wait since this was last asked."""
        waits, self.waits = self.waits, []
        return max(waits, default=0.0)

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


def measure_reloads(form: str, address: str) -> bool:
    """Print what a client of a gateway sees while it loads; return whether all of it is within the limits."""
    text = FORMS[form]
    with gateway(configurations.one_rule(address)) as (child, path):
        probe = Probe(child.connect())
        try:
            time.sleep(QUIET)
            print(f"  longest request: {probe.longest() * 1e3:.0f} ms while nothing is loaded", flush=True)
            small = child.memory
            first, waits = _replace(child, path, text(address, 1), 1, probe)
            print(f"  loaded beside requests: {first:.1f} s; longest request {waits * 1e3:.0f} ms", flush=True)
            memory = [child.memory]
            later = []
            for version in range(2, 2 + RELOADS):
                later.append(_replace(child, path, text(address, version), version, probe))
                memory.append(child.memory)
            slowest, longest = max(seconds for seconds, _ in later), max(wait for _, wait in later)
            print(f"  {RELOADS} times again: at most {slowest:.1f} s; longest request {longest * 1e3:.0f} ms")
            shown = ", ".join(f"{memory[at] >> 20}" for at in (0, 1, 2, RELOADS // 2, RELOADS))
            print(f"  memory, MiB: {small >> 20} before; after load 1, 2, 3, {RELOADS // 2 + 1}, {RELOADS + 1}: {shown}")
            return max(longest, waits) <= LONGEST_WAIT
        finally:
            probe.stop()


def _replace(child: Child, path: Path, text: str, version: int, probe: Probe) -> tuple[float, float]:
    """Put another configuration in service; return how long that took and the longest wait of a request."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    probe.longest()
    fresh.replace(path)
    child.reload()
    seconds = probe.until(version)
    time.sleep(1.0)  # letting go of the old one is part of it
    return seconds, probe.longest()


def main(arguments: list[str]) -> int:
    if arguments:
        measure_parts(arguments[0])
        return 0
    good = True
    print(machine())
    with upstream() as address, TemporaryDirectory() as directory:
        for form, text in FORMS.items():
            print(f"{form}:", flush=True)
            path = Path(directory) / f"{form}.yaml"
            path.write_text(text(address, 0))
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            subprocess.run([sys.executable, __file__, str(path)], env=environment, check=True)
            good = measure_reloads(form, address) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
