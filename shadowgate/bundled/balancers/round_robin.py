"""The ``round-robin`` balancer: one after another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.turns import alike, any_moment, taking_part, weighted_turns
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
        weights = [endpoint.weight for endpoint in sharing]
        places = weighted_turns(weights, any_moment(weights, env.random))
        return lambda head: sharing[next(places)]
