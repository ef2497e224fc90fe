"""What a gateway holds while it rests, and what must add up once everything has ended."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import asdict, frozen
from prometheus_client.parser import text_string_to_metric_families

from harness.processes import Accounts, Gateway, whole_lines
from harness.waiting import settled, until

SETTLING: Final = 40.0
"""Seconds in which everything must have ended: more than any timeout of the configurations."""

MEMORY: Final = 0.10
MEMORY_LEAST: Final = 12 * 1024 * 1024
"""How much resident memory may grow, as a share and at least: the allocator's heaps move that much by themselves."""

CALLS: Final = 12
"""How many more calls may be scheduled: each length of timeout has one, which may be on its way or not."""


@frozen
class Rest:
    """One look at a gateway that has nothing to do, all of its processes together."""

    sockets: int
    files: int
    threads: int
    connections: int
    timeouts: int
    calls: int
    endpoints: int
    memory: int

    def worse_than(self, warm: Rest) -> Iterator[str]:
        """Yield what should not be there, and what there is more of than after the warm-up."""
        for name in ("connections", "timeouts", "endpoints"):
            if getattr(self, name):
                yield f"{name}: {getattr(self, name)} while nothing is served"
        allowed = {
            "memory": max(int(warm.memory * MEMORY), MEMORY_LEAST),
            "calls": CALLS,
            "threads": 16,  # a pool that starts its threads one by one
        }
        before = asdict(warm)
        for name, now in asdict(self).items():
            if now > before[name] + allowed.get(name, 0):
                yield f"{name}: {now:,} where {before[name]:,} were after the warm-up"


def processes(pid: int) -> list[int]:
    """Return a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def rest(gateway: Gateway) -> Rest:
    """Measure a gateway that serves nothing any more; waits until its numbers come to rest."""
    pids = processes(gateway.process.pid)
    with suppress(AssertionError):  # what is left then is seen below
        until(lambda: gateway.metric("shadowgate_connections_open") == 0, seconds=SETTLING)
    sockets, files = settled(lambda: _descriptors(pids), seconds=SETTLING)
    found = samples(gateway)
    return Rest(
        sockets,
        files,
        sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids),
        sum(value for name, _, value in found if name == "shadowgate_connections_open"),
        sum(value for name, _, value in found if name == "shadowgate_timeouts"),
        sum(value for name, _, value in found if name == "shadowgate_scheduled_calls"),
        sum(name == "shadowgate_endpoint_requests_total" for name, _, _ in found),
        sum(_memory(pid) for pid in pids),
    )


def unsettled(gateway: Gateway) -> Iterator[str]:
    """Wait for the end of every exchange and shadow; yield what does not end or does not add up."""

    def left() -> list[str]:
        exchanges = int(gateway.metric("shadowgate_requests_in_flight"))
        found = [f"{exchanges} exchanges never ended"] if exchanges else []
        for name, accounts in counts(gateway)[1].items():
            if not accounts.balanced:
                found.append(f"the accounts of mirror {name} do not add up: {accounts}")
        return found

    with suppress(AssertionError):
        until(lambda: not left(), seconds=SETTLING)
        return
    yield from left()


def counts(gateway: Gateway) -> tuple[Counter[str], dict[str, Accounts]]:
    """Return how many exchanges each route has had since the last rest, and every mirror's numbers."""
    exchanges: Counter[str] = Counter()
    found = samples(gateway)
    for name, labels, value in found:
        # What no route was found for has one number for as long as the gateway lives.
        if name == "shadowgate_requests_total" and labels["route"]:
            exchanges[labels["route"]] += value
    mirrors = sorted({labels["mirror"] for _, labels, _ in found if "mirror" in labels})
    return exchanges, {mirror: gateway.accounts(mirror) for mirror in mirrors}


def logged(paths: Iterable[Path]) -> Counter[str]:
    """Return how many lines there are for each route and each mirror."""
    lines: Counter[str] = Counter()
    for path in paths:
        for line in whole_lines(path.read_text()):
            entry = json.loads(line)
            lines[entry.get("route") or entry.get("mirror") or ""] += 1
    return lines


def samples(gateway: Gateway) -> list[tuple[str, dict[str, str], int]]:
    """Return the name, labels and value of every sample there is."""
    text = gateway.admin("/metrics").body.decode()
    families = text_string_to_metric_families(text)
    return [(sample.name, sample.labels, int(sample.value)) for family in families for sample in family.samples]


def _descriptors(pids: list[int]) -> tuple[int, int]:
    """Return how many sockets are open, and how many other files."""
    names = []
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                names.append(os.readlink(entry))
            except FileNotFoundError:
                continue
    sockets = sum(name.startswith("socket:") for name in names)
    return sockets, len(names) - sockets


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]
