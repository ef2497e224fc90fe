"""The ``hash`` balancer: the same user to the same place."""

from __future__ import annotations

from hashlib import blake2b
from math import log
from typing import Final

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.affinity import Affinity, Place, Seeded
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate

SLOTS: Final = 1 << 14
"""Keys fall into this many slots, and a slot goes to one place: shares are true to a quarter of a per cent."""


@implementer(IBalancer)
@frozen(kw_only=True)
class Hash(Affinity):
    """Requests with the same key go to the same endpoint or destination, each having its weight's share of the keys.

    Only keys of what comes or goes are moved when the set changes (weighted rendezvous hashing).  A request without
    the key goes by weight and chance, as in Envoy.
    """

    def _placing(self, seeded: tuple[Seeded, ...]) -> Place:
        # Filled when first asked: working out all slots at once would hold up the gateway at every change of the set.
        table: list[Candidate | None] = [None] * SLOTS

        def place(number: int) -> Candidate:
            slot = number % SLOTS
            chosen = table[slot]
            if chosen is None:
                chosen = table[slot] = _winner(slot, seeded)
            return chosen

        return place


def _winner(slot: int, seeded: tuple[Seeded, ...]) -> Candidate:
    name = slot.to_bytes(4, "big")

    def score(entry: Seeded) -> float:
        endpoint, seed = entry
        drawn = int.from_bytes(blake2b(name, key=seed, digest_size=6).digest(), "big")
        return -endpoint.weight / log((drawn + 1) / ((1 << 48) + 1))

    return max(seeded, key=score)[0]
