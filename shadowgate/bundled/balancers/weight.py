"""The ``weight`` balancer: to each its share, by chance.  What a rule uses for its destinations."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from random import Random

from attrs import frozen
from zope.interface import implementer

from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate, Environment


@implementer(IBalancer)
@frozen
class Weight:
    """Each has the share weight / sum of weights (Istio ``weight``, Gateway API ``backendRefs[].weight``).

    A single one gets everything whatever its weight; where all weights are 0, the first one does.
    """

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate]:
        return pick_by_weight(endpoints, env.random)


def pick_by_weight(endpoints: tuple[Candidate, ...], random: Random) -> Callable[[RequestHead], Candidate]:
    """Return the weighted random choice among a non-empty tuple."""
    shares = [endpoint for endpoint in endpoints if endpoint.weight > 0] or [endpoints[0]]
    if len(shares) == 1:
        only = shares[0]
        return lambda head: only
    bounds = list(accumulate(endpoint.weight for endpoint in shares))
    total = bounds[-1]
    roll = random.random
    return lambda head: shares[bisect(bounds, roll() * total)]
