"""The ``ring-hash`` balancer: keys and endpoints on one ring."""

from __future__ import annotations

from array import array
from bisect import bisect
from hashlib import shake_128
from math import ceil
from typing import Any, Final

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.affinity import Affinity, Place, Seeded
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate

LARGEST: Final = 1 << 16
"""Points on a ring at most, but one for each endpoint: what can be laid out while a request waits."""

# The low bits of a point say whose it is, the others where it lies.
_OWNER_BITS: Final = 20
_OWNER: Final = (1 << _OWNER_BITS) - 1


def _ring_size(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if not 1 <= value <= LARGEST:
        raise ValueError(f"a ring has between 1 and {LARGEST:,} points; more could not be laid out in time")


@implementer(IBalancer)
@frozen(kw_only=True)
class RingHash(Affinity):
    """Requests with the same key go to the same endpoint: the one whose point follows the key on a ring.

    Endpoints have points in proportion to their weights; more points make truer shares (Istio ``ringHash``, Envoy
    ``RING_HASH``).  When the set changes, only keys of what comes or goes are moved, unless so many do that all have
    other numbers of points.  A request without the key goes by weight and chance.
    """

    minimum_ring_size: int = field(
        default=1024, validator=_ring_size, metadata={"doc": "Points on the ring at least, up to 65536."}
    )

    def _placing(self, seeded: tuple[Seeded, ...]) -> Place:
        owners = [endpoint for endpoint, _ in seeded]
        ring: list[int] | None = None

        def place(number: int) -> Candidate:
            nonlocal ring
            if ring is None:  # laid out when first asked: many a cluster of a configuration sees no request
                ring = _points(seeded, self.minimum_ring_size)
            return owners[ring[bisect(ring, number) % len(ring)] & _OWNER]

        return place


def _points(seeded: tuple[Seeded, ...], size: int) -> list[int]:
    """Return the points of all, in order.

    The lightest has a whole number of points, as in Envoy, so that weights hold where the ring is small; and a power
    of two, so that one endpoint more or less rarely takes points, and with them keys, from the others.
    """
    weights = [endpoint.weight for endpoint, _ in seeded]
    total, lightest = sum(weights), min(weights)
    fewest = 1 << (ceil(lightest * size / total) - 1).bit_length()
    density = min(fewest / lightest, LARGEST / total)
    points: list[int] = []
    for owner, (endpoint, seed) in enumerate(seeded):
        drawn = array("Q", shake_128(seed).digest(8 * max(1, round(endpoint.weight * density))))
        points.extend([point & ~_OWNER | owner for point in drawn])
    points.sort()
    return points
