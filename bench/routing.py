"""What routing costs: one rule against 10,000 over 1,000 hosts, and against 1,000 prefixes on one host.

First the look-up alone, then whole requests through a gateway process: its processor time per request, all three
configurations asked the same things in turn.  Prints the ratios that ``docs/develop/performance.md`` speaks of.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import mean

import configurations
from processes import Child, Connection, gateway, machine, upstream
from twisted.internet.task import Clock

from shadowgate.config.catalog import Catalog
from shadowgate.gateway import Gateway
from shadowgate.http.head import RequestHead
from shadowgate.http.headers import Headers
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

Question = tuple[str, str]
"""Host and path."""

ONE, MANY, PREFIXES = "1 rule", "10,000 rules over 1,000 hosts", "1,000 prefixes on one host"
LIMITS = {MANY: 1.3, PREFIXES: 3.0}
ROUNDS = 25
REQUESTS = 2_000
"""In each round, to each gateway: short rounds in turn, so that whatever else the machine does meets all alike."""


def texts(address: str) -> dict[str, str]:
    return {
        ONE: configurations.one_rule(address),
        MANY: configurations.native(address),
        PREFIXES: configurations.prefixes(address),
    }


def questions(name: str) -> list[Question]:
    """Return requests that a configuration has a rule for, spread over all of it."""
    if name == PREFIXES:
        order = range(0, 37 * configurations.PREFIXES, 37)
        return [(configurations.host(0), f"/service-{at % configurations.PREFIXES:04}/items/7") for at in order]
    paths = configurations.matching_paths()
    order = range(0, 37 * configurations.HOSTS, 37)
    return [(configurations.host(at % configurations.HOSTS), paths[at % len(paths)]) for at in order]


def look_up(text: str) -> Callable[[RequestHead], object]:
    made = Gateway(Clock(), Catalog.discover())
    return made.apply(read_text(text, "bench", Report())).find


def time_of_look_ups(find: Callable[[RequestHead], object], asked: Sequence[Question]) -> float:
    """Return seconds for one."""
    heads = [RequestHead(b"GET", path.encode(), 11, Headers(), host.encode()) for host, path in asked]
    since = time.process_time()
    for head in heads:
        find(head)
    return (time.process_time() - since) / len(heads)


def measure_look_ups(address: str) -> None:
    finds = {name: look_up(text) for name, text in texts(address).items()}
    asked = {name: questions(name) for name in (MANY, PREFIXES)}
    print("look-up alone, microseconds:")
    for name in (MANY, PREFIXES):
        heads = [RequestHead(b"GET", path.encode(), 11, Headers(), host.encode()) for host, path in asked[name]]
        assert all(map(finds[name], heads)), "every request has a rule"
        alone = min(time_of_look_ups(finds[ONE], asked[name]) for _ in range(ROUNDS))
        many = min(time_of_look_ups(finds[name], asked[name]) for _ in range(ROUNDS))
        print(f"  {name}: {many * 1e6:.2f}, with one rule {alone * 1e6:.2f}")


def cpu_per_request(child: Child, connection: Connection, asked: Sequence[Question]) -> float:
    before = child.cpu
    for number in range(REQUESTS):
        answer = connection.ask(*asked[number % len(asked)])
        assert answer.startswith(b"HTTP/1.1 200"), answer
    return (child.cpu - before) / REQUESTS


def measure_requests(address: str) -> bool:
    """Print what requests cost; return whether all of it is within its limits."""
    with ExitStack() as stack:
        children = {name: stack.enter_context(gateway(text))[0] for name, text in texts(address).items()}
        connections = {name: child.connect() for name, child in children.items()}
        costs: dict[tuple[str, str], list[float]] = {}
        for _ in range(ROUNDS):
            for name in (MANY, PREFIXES):
                asked = questions(name)
                for one in (ONE, name):
                    cost = cpu_per_request(children[one], connections[one], asked)
                    costs.setdefault((name, one), []).append(cost)
    print(f"requests, microseconds of processor time in the gateway ({ROUNDS} rounds of {REQUESTS:,}):")
    good = True
    for name, limit in LIMITS.items():
        many, alone = mean(costs[name, name]), mean(costs[name, ONE])
        ratio = many / alone
        good = good and ratio <= limit
        print(f"  {name}: {many * 1e6:.0f}, with one rule {alone * 1e6:.0f}: {ratio:.2f} times (at most {limit})")
    return good


def main() -> int:
    print(machine())
    with upstream() as address:
        measure_look_ups(address)
        return 0 if measure_requests(address) else 1


if __name__ == "__main__":
    sys.exit(main())
