"""The ``least-request`` balancer: to those with the least to do."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heapreplace
from random import Random

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.turns import alike, any_moment, taking_part
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate, Environment


@implementer(IBalancer)
@frozen
class LeastRequest:
    """The less busy of two endpoints picked by chance (Envoy ``LEAST_REQUEST``, Istio's default).

    The two are never the same one, as they can be in Envoy.  Where weights differ, each endpoint has turns in
    proportion to weight / (requests in flight + 1), as in Envoy.
    """

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate]:
        sharing = taking_part(endpoints, env.random)
        if len(sharing) == 1:
            only = sharing[0]
            return lambda head: only
        return _of_two(sharing, env.random) if alike(sharing) else _weighted(sharing, env.random)


def _of_two(endpoints: tuple[Candidate, ...], random: Random) -> Callable[[RequestHead], Candidate]:
    count, others = len(endpoints), len(endpoints) - 1
    roll = random.random

    def pick(head: RequestHead) -> Candidate:
        first = int(roll() * count)
        one, other = endpoints[first], endpoints[first - 1 - int(roll() * others)]
        return other if other.in_flight < one.in_flight else one

    return pick


def _weighted(endpoints: tuple[Candidate, ...], random: Random) -> Callable[[RequestHead], Candidate]:
    """Take the endpoint whose turn is due first; its next one is the later, the busier it is."""
    phases = any_moment([endpoint.weight for endpoint in endpoints], random)
    heap = [(phases[place] / endpoint.weight, place) for place, endpoint in enumerate(endpoints)]
    heapify(heap)

    def pick(head: RequestHead) -> Candidate:
        due, place = heap[0]
        endpoint = endpoints[place]
        heapreplace(heap, (due + (endpoint.in_flight + 1) / endpoint.weight, place))
        return endpoint

    return pick
