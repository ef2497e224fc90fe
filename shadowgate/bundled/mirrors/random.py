"""The ``random`` mirror policy: each request has the same chance."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.percent import MILLION, per_million, percent_field
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMirrorPolicy
from shadowgate.plugin.scalars import number
from shadowgate.plugin.values import Environment


@implementer(IMirrorPolicy)
@frozen
class Random:
    """A roll of its own for every request and every mirror.

    Envoy rolls once per request, so that its smaller samples lie within the larger ones and correlate with the choice
    of the destination; here mirrors are independent of each other and of the primary.
    """

    percent: float = percent_field()

    @classmethod
    def from_scalar(cls, text: str) -> Random:
        return cls(number(text))

    def compile(self, env: Environment) -> Callable[[RequestHead], bool]:
        share = per_million(self.percent)
        if share in (0, MILLION):
            return lambda head: share == MILLION
        roll, chance = env.random.random, share / MILLION
        return lambda head: roll() < chance
