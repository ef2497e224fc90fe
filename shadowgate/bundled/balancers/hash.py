"""The ``hash`` balancer: the same user to the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from math import log
from typing import Final

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.weight import pick_by_weight
from shadowgate.bundled.keys import KeyOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate, Environment

SLOTS: Final = 1 << 14
"""Keys fall into this many slots, and a slot goes to one place: shares are true to a quarter of a per cent."""

_Seeded = tuple[Candidate, bytes]


@implementer(IBalancer)
@frozen(kw_only=True)
class Hash(KeyOptions):
    """Requests with the same key go to the same endpoint or destination, each having its weight's share of the keys.

    Only keys of what comes or goes are moved when the set changes (weighted rendezvous hashing).  A request without
    the key goes by weight and chance, as in Envoy.
    """

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate]:
        without_key = pick_by_weight(endpoints, env.random)
        seeded = _seeds(endpoints, self.salt)
        if len(seeded) < 2:
            return without_key
        read, digest = self.reader(), self.hasher()
        # Filled when first asked: working out all slots at once would hold up the gateway at every change of the set.
        table: list[Candidate | None] = [None] * SLOTS

        def pick(head: RequestHead) -> Candidate:
            key = read(head)
            if key is None:
                return without_key(head)
            slot = digest(key) % SLOTS
            chosen = table[slot]
            if chosen is None:
                chosen = table[slot] = _winner(slot, seeded)
            return chosen

        return pick


def _seeds(endpoints: tuple[Candidate, ...], salt: str) -> tuple[_Seeded, ...]:
    """Return those with a weight, each with what tells it apart; a name's second entry counts as another."""
    seen: Counter[str] = Counter()
    seeded = []
    for endpoint in endpoints:
        if endpoint.weight > 0:
            text = f"{salt}\0{endpoint.name}\0{seen[endpoint.name]}"
            seeded.append((endpoint, blake2b(text.encode(), digest_size=16).digest()))
            seen[endpoint.name] += 1
    return tuple(seeded)


def _winner(slot: int, seeded: tuple[_Seeded, ...]) -> Candidate:
    name = slot.to_bytes(4, "big")

    def score(entry: _Seeded) -> float:
        endpoint, seed = entry
        drawn = int.from_bytes(blake2b(name, key=seed, digest_size=6).digest(), "big")
        return -endpoint.weight / log((drawn + 1) / ((1 << 48) + 1))

    return max(seeded, key=score)[0]
