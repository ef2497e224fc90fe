"""The ``counter`` mirror policy: an exact share, evenly spread."""

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
class Counter:
    """Of the first n requests exactly the whole part of n * percent / 100: at 10, every tenth.

    Counts one gateway process; a new configuration starts at zero.
    """

    percent: float = percent_field()

    @classmethod
    def from_scalar(cls, text: str) -> Counter:
        return cls(number(text))

    def compile(self, env: Environment) -> Callable[[RequestHead], bool]:
        share = per_million(self.percent)
        owed = 0

        def decide(head: RequestHead) -> bool:
            nonlocal owed
            owed += share
            if owed < MILLION:
                return False
            owed -= MILLION
            return True

        return decide
