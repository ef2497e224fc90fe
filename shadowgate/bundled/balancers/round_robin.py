"""The ``round-robin`` balancer: one after another."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heapreplace
from itertools import cycle

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.turns import alike, taking_part
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate, Environment


@implementer(IBalancer)
@frozen
class RoundRobin:
    """Endpoints take turns; one with twice the weight has twice as many, spread evenly (Envoy ``ROUND_ROBIN``)."""

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate]:
        sharing = taking_part(endpoints, env.random)
        if alike(sharing):
            turns = cycle(sharing)
            return lambda head: next(turns)
        return _weighted(sharing)


def _weighted(endpoints: tuple[Candidate, ...]) -> Callable[[RequestHead], Candidate]:
    """Give the turns in the order of their due times, the k-th of weight w being due at (k + 1/2) / w.

    Each unit of time then holds exactly w turns of everyone, and each due time is one division of its own: nothing
    adds up, so nothing drifts.
    """
    heap = [(0.5 / endpoint.weight, place, 0) for place, endpoint in enumerate(endpoints)]
    heapify(heap)

    def pick(head: RequestHead) -> Candidate:
        _, place, taken = heap[0]
        endpoint = endpoints[place]
        heapreplace(heap, ((taken + 1.5) / endpoint.weight, place, taken + 1))
        return endpoint

    return pick
