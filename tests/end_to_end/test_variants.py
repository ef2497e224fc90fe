"""Variants whose presence probes decide, with real probes: routes follow them, and no file stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.peers import Peer, answering, echo, peer
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import get

VERSION = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Version: %b\r\n\r\nok"


def configuration(v1: Peer, v2: Peer, ready: Path) -> str:
    return f"""\
clusters: {{web-v1: "{v1}", web-v2: "{v2}"}}
variants:
  web:
    pattern: mirror
    variants:
      - {{name: v1, to: web-v1}}
      - name: v2
        to: web-v2
        probes:
          - http: {{path: /version, expectedHeaders: {{x-version: v2}}}}
            interval: 100ms
            fall: 2
          - {{file: {ready}, interval: 100ms, fall: 1}}
"""


def state(gateway: Gateway) -> tuple[bool, str]:
    """Whether the second variant is there, and why not."""
    (application,) = gateway.config()["variants"]
    second = application["variants"][1]
    return second["available"], second["reason"]


def copies(v2: Peer) -> int:
    return sum(request.start.startswith(b"GET /hello ") for request in v2.requests)


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_a_variant_gets_copies_for_as_long_as_its_probes_say_that_it_is_there(
    start_gateway: Callable[..., Gateway], directory: Path, workers: tuple[str, ...]
) -> None:
    ready = directory / "v2-is-ready"
    with peer(echo) as v1, peer(answering(VERSION % b"v2")) as v2:
        gateway = start_gateway({"web.yaml": configuration(v1, v2, ready)}, *workers)
        until(lambda: "does not exist" in state(gateway)[1], lambda: gateway.said)
        assert gateway.ask(get("/hello")).status == 200

        ready.touch()
        until(lambda: state(gateway) == (True, ""), lambda: gateway.said)
        assert gateway.ask(get("/hello")).status == 200
        until(lambda: copies(v2) == 1, lambda: f"one copy: {v2.requests}")

        # A file that is wrong keeps no variant in service that is gone.
        gateway.write("wrong.yaml", "{no: such, key: here}")
        until(lambda: not gateway.config()["last_load_ok"], lambda: gateway.said)
        ready.unlink()
        until(lambda: not state(gateway)[0], lambda: gateway.said)
        assert gateway.ask(get("/hello")).status == 200
        events = [(each["available"], each["weightsAfter"]) for each in gateway.config()["events"]]
        assert events == [(True, [1, 0]), (True, [1, 100]), (False, [1, 0])]
        assert gateway.metric("shadowgate_variant_changes_total", variant="v2") == 2
        assert gateway.metric("shadowgate_variant_available", variant="v2") == 0
        assert gateway.said.count("v2 of web is not available any more: file probe of") == 1
    assert copies(v2) == 1


def test_another_version_behind_the_same_address_is_not_the_one_that_was_meant(
    start_gateway: Callable[..., Gateway], directory: Path
) -> None:
    ready = directory / "v2-is-ready"
    ready.touch()
    with peer(echo) as v1, peer(answering(VERSION % b"v1")) as other:
        gateway = start_gateway({"web.yaml": configuration(v1, other, ready)})
        until(lambda: state(gateway) == (False, 'http probe of /version: x-version is "v1"'), lambda: gateway.said)
