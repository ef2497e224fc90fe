"""The ``random`` balancer: all alike, by chance."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from zope.interface import implementer

from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate, Environment


@implementer(IBalancer)
@frozen
class Random:
    """Every endpoint is as likely as any other; weights play no part (Envoy ``RANDOM``; ``weight`` heeds them)."""

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate]:
        count = len(endpoints)
        roll = env.random.random
        return lambda head: endpoints[int(roll() * count)]
