"""A route with one mirror, and a client that would notice if it waited for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from harness.peers import Behaviour, echo, peer
from harness.processes import Gateway
from harness.wire import get

MIRROR_TIMEOUT = 60.0
"""Far above what a run of requests takes when nobody waits."""

REQUESTS = 40
BODY = b"0123456789" * 200


def configuration(primary: object, mirror: object, name: str, limits: str = "") -> str:
    limits = limits or f"timeout: {MIRROR_TIMEOUT:g}s, connect: {MIRROR_TIMEOUT:g}s"
    return f"""\
clusters: {{httpbin: "{primary}", candidate: "{mirror}"}}
routes: [{{to: httpbin, mirror: {{to: candidate, name: {name}, limits: {{{limits}}}}}}}]
"""


def ask_repeatedly(gateway: Gateway, requests: int = REQUESTS) -> None:
    """Send POSTs one after another on one connection; every answer is right, and none waited for the mirror."""
    since = monotonic()
    with gateway.connect() as client:
        for number in range(requests):
            body = b"%d %b" % (number, BODY)
            client.send(get(f"/{number}", method="POST", body=body))
            answer = client.answer()
            assert (answer.status, answer.body) == (200, body)
    assert monotonic() - since < MIRROR_TIMEOUT / 2


@contextmanager
def mirrored_to(gateway: Gateway, behaviour: Behaviour, name: str, limits: str = "") -> Iterator[None]:
    with peer(echo) as primary, peer(behaviour) as mirror:
        gateway.serve(configuration(primary, mirror, name, limits))
        yield
    assert len(primary.requests) == REQUESTS, "no request was lost and none was sent twice"
