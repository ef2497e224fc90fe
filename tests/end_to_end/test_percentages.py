"""How many requests are mirrored: exactly none and all, exact counts, the same users, and chance within 3 sigma.

Chance may fall outside of 3 sigma once in 370 runs, so a second and a third run are allowed (as the Gateway API's own
conformance tests allow up to five).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt

import pytest

from harness.peers import Peer, peer
from harness.processes import Gateway
from harness.wire import get

REQUESTS = 2000
BATCH = 50
TRIES = 3

NATIVE = """\
clusters: {{httpbin: "{primary}", candidate: "{mirror}"}}
routes: [{{to: httpbin, mirror: {{to: candidate, name: {name}, {options}}}}}]
"""

ISTIO = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: httpbin}}
spec:
  hosts: [httpbin]
  http:
  - route: [{{destination: {{host: httpbin, subset: v1}}}}]
    mirror: {{host: httpbin, subset: v2}}
    mirrorPercentage: {{value: {percent}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: httpbin}}
spec:
  host: httpbin
  subsets: [{{name: v1, labels: {{version: v1}}}}, {{name: v2, labels: {{version: v2}}}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: httpbin}}
spec:
  hosts: [httpbin]
  ports: [{{number: 8000, name: http, protocol: HTTP}}]
  resolution: STATIC
  endpoints:
  - {{address: 127.0.0.1, ports: {{http: {primary}}}, labels: {{version: v1}}}}
  - {{address: 127.0.0.1, ports: {{http: {mirror}}}, labels: {{version: v2}}}}
"""


@contextmanager
def servers() -> Iterator[tuple[Peer, Peer]]:
    with peer() as primary, peer() as mirror:
        yield primary, mirror


def ask(gateway: Gateway, requests: int = REQUESTS, *fields: str) -> None:
    """Send requests over one connection, many at a time."""
    request = get("/", "httpbin:8000", *fields)
    with gateway.connect() as client:
        for start in range(0, requests, BATCH):
            size = min(BATCH, requests - start)
            client.send(request * size)
            for _ in range(size):
                assert client.answer().status == 200


def mirrored(gateway: Gateway, name: str, before: int = 0) -> int:
    """Return how many requests of this mirror were sampled, all of them sent and answered."""
    sampled = gateway.accounts(name).sampled
    accounts = gateway.settled_accounts(name, sampled)
    assert accounts.completed.get("2xx", 0) == sampled, accounts
    return sampled - before


@pytest.mark.parametrize("percent", [10, 50])
def test_mirror_percentage_is_met_within_three_sigma(gateway: Gateway, percent: int):
    with servers() as (primary, mirror):
        gateway.serve(ISTIO.format(percent=percent, primary=primary.port, mirror=mirror.port))
        name = gateway.config()["routes"][0]["rules"][0]["mirrors"][0]["name"]
        expected = REQUESTS * percent / 100
        sigma = sqrt(expected * (1 - percent / 100))
        counts: list[int] = []
        total = before = gateway.accounts(name).sampled
        while not any(abs(count - expected) <= 3 * sigma for count in counts):
            assert len(counts) < TRIES, counts
            ask(gateway)
            counts.append(mirrored(gateway, name, total))
            total += counts[-1]
        assert len(primary.requests) == REQUESTS * len(counts)
        assert len(mirror.requests) == total - before


@pytest.mark.parametrize("percent", [0, 100])
def test_none_and_all_are_exact(gateway: Gateway, percent: int):
    with servers() as (primary, mirror):
        name = f"exactly-{percent}"
        options = f"percent: {percent}"
        gateway.serve(NATIVE.format(primary=primary, mirror=mirror, name=name, options=options))
        ask(gateway)
        assert mirrored(gateway, name) == REQUESTS * percent // 100 == len(mirror.requests)
        assert len(primary.requests) == REQUESTS


@pytest.mark.parametrize(("percent", "of_2000"), [(10, 200), (33.3333, 666), (0.05, 1), (99.95, 1999)])
def test_the_counter_is_exact(gateway: Gateway, percent: float, of_2000: int):
    with servers() as (primary, mirror):
        name = f"counter-{percent}"
        options = f"by: {{counter: {percent}}}"
        gateway.serve(NATIVE.format(primary=primary, mirror=mirror, name=name, options=options))
        ask(gateway)
        assert mirrored(gateway, name) == of_2000 == len(mirror.requests)


def test_a_hash_mirrors_the_same_user_always_or_never(gateway: Gateway):
    with servers() as (primary, mirror):
        options = "percent: 30, by: {hash: {header: x-user}}"
        gateway.serve(NATIVE.format(primary=primary, mirror=mirror, name="hashed", options=options))
        users = 60
        for _ in range(5):
            for user in range(users):
                ask(gateway, 1, f"x-user: user-{user}")
        mirrored(gateway, "hashed")
        seen = [request.get(b"x-user") for request in mirror.requests]
        chosen = set(seen)
        assert 0 < len(chosen) < users
        assert all(seen.count(user) == 5 for user in chosen), "always or never"


def test_mirrors_of_one_rule_are_sampled_independently(gateway: Gateway):
    rules = """\
clusters: {{httpbin: "{0}", one: "{1}", two: "{2}"}}
routes: [{{to: httpbin, mirror: [{{to: one, percent: 0}}, {{to: two, by: {{counter: 50}}}}]}}]
"""
    with peer() as primary, peer() as one, peer() as two:
        gateway.serve(rules.format(primary, one, two))
        ask(gateway, 100)
        assert mirrored(gateway, "two") == 50
        assert (len(one.requests), len(two.requests)) == (0, 50)


def test_only_the_rule_that_serves_a_request_mirrors_it(gateway: Gateway):
    rules = """\
clusters: {{httpbin: "{0}", candidate: "{1}"}}
routes:
- {{match: {{method: GET, path: {{segments: /read}}}}, to: httpbin, mirror: {{to: candidate, name: reads}}}}
- {{to: httpbin}}
"""
    with servers() as (primary, mirror):
        gateway.serve(rules.format(primary, mirror))
        for target, method in (("/read/1", "GET"), ("/read", "POST"), ("/write", "GET"), ("/read", "GET")):
            assert gateway.ask(get(target, method=method)).status == 200
        assert mirrored(gateway, "reads") == 2
        assert [request.start.split()[1] for request in mirror.requests] == [b"/read/1", b"/read"]
