"""Which endpoints are near: plain functions over localities, ``region/zone/subzone`` with trailing parts left out.

Istio ``localityLbSetting``: a distribution, where there is one, decides alone; else, where ejection can tell that the
near ones are gone (``outlierDetection``), requests stay as near as there are endpoints, by labels or by locality.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from shadowgate.model import Locality, TrafficPolicy

TOPOLOGY: Final = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone")
"""Labels that are the parts of a locality, whether or not anybody has put them on."""


class Placed(Protocol):
    @property
    def locality(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


P = TypeVar("P", bound=Placed)


def groups(own: str, endpoints: Sequence[P], policy: TrafficPolicy) -> list[tuple[int, tuple[P, ...]]]:
    """Return the groups to choose among by weight; never an empty one, and none when there are no endpoints."""
    everybody = tuple(endpoints)
    locality = policy.locality or Locality()
    if not everybody or not own or not locality.enabled:
        return [(1, everybody)] if everybody else []
    for origin, shares in locality.distribute:
        if covers(origin, own):
            return _distributed(shares.items(), everybody) or [(1, everybody)]
    if locality.distribute or policy.outlier is None:
        return [(1, everybody)]
    return [(1, _nearest(own, everybody, locality))]


def covers(pattern: str, locality: str) -> bool:
    """Whether a locality lies within a pattern such as ``eu``, ``eu/north`` or ``eu/*``."""
    wanted, given = pattern.split("/"), locality.split("/")
    for index, part in enumerate(wanted):
        if part == "*":
            continue
        if index >= len(given) or given[index] != part:
            return False
    return True


def distance(own: str, other: str, failover: Mapping[str, str]) -> int:
    """Return 0 for the same subzone, 1 zone, 2 region, 3 the region to fail over to, 4 anywhere else."""
    mine, theirs = _parts(own), _parts(other)
    for depth in (3, 2, 1):
        if mine[:depth] == theirs[:depth]:
            return 3 - depth
    return 3 if failover.get(mine[0]) == theirs[0] else 4


def mismatches(own: str, endpoint: Placed, priority: Sequence[str]) -> int:
    """Return how many labels are left when the first one differs (Istio ``failoverPriority``).

    A label is the gateway's own, known for the parts of its locality, or comes with the value to look for:
    ``version=v1``.
    """
    mine = dict(zip(TOPOLOGY, _parts(own), strict=True))
    theirs = {**dict(zip(TOPOLOGY, _parts(endpoint.locality), strict=True)), **endpoint.labels}
    for index, label in enumerate(priority):
        name, given, value = label.partition("=")
        if (value if given else mine.get(name, "")) != theirs.get(name, ""):
            return len(priority) - index
    return 0


def _parts(locality: str) -> list[str]:
    return [*locality.split("/"), "", ""][:3]


def _nearest(own: str, endpoints: Sequence[P], locality: Locality) -> tuple[P, ...]:
    failover = dict(locality.failover)
    by_locality = bool(failover) or not locality.priority
    ranks = [
        (
            mismatches(own, endpoint, locality.priority),
            distance(own, endpoint.locality, failover) if by_locality else 0,
        )
        for endpoint in endpoints
    ]
    nearest = min(ranks)
    return tuple(one for one, rank in zip(endpoints, ranks, strict=True) if rank == nearest)


def _distributed(shares: Iterable[tuple[str, int]], endpoints: Sequence[P]) -> list[tuple[int, tuple[P, ...]]]:
    """Return the shares that have endpoints; an endpoint belongs to the first share that covers it."""
    left = list(endpoints)
    found = []
    for pattern, weight in shares:
        members = tuple(one for one in left if covers(pattern, one.locality))
        left = [one for one in left if not covers(pattern, one.locality)]
        if members and weight > 0:
            found.append((weight, members))
    return found
