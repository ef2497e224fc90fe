"""The ``maglev`` balancer: a table of keys that the endpoints fill in turns (Eisenbud et al., NSDI 2016)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from itertools import cycle, filterfalse, islice
from math import gcd, isqrt
from typing import Any, Final

from attrs import Attribute, define, field, frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.affinity import Affinity, Place, Seeded
from shadowgate.bundled.balancers.turns import weighted_turns
from shadowgate.plugin.interfaces import IBalancer
from shadowgate.plugin.values import Candidate

LARGEST: Final = 5_000_011
"""Envoy's bound, itself no longer allowed (Istio ``maglev.tableSize``)."""

PATIENCE: Final = 1 << 18
"""Looks at the table that one request may spend on filling it: about 20 ms.

A table of 65,537 places takes some 800,000, or 40 to 60 ms; 95 in 100 places are taken by the first request.
"""

LONGEST_ROUND: Final = 4096
"""Turns after which all is as before, if they are worked out once and repeated."""

TURN: Final = 6
"""What it costs, in looks, to work out whose turn is next."""

_Turn = tuple[int, Callable[[], int]]


def _prime(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    # A step of any length passes every place of a table only if its size is prime.
    if not 2 <= value < LARGEST:
        raise ValueError(f"the size of a table lies between 2 and {LARGEST - 1:,}, not at {value:,}")
    if any(value % divisor == 0 for divisor in range(2, isqrt(value) + 1)):
        raise ValueError(f"the size of a table is a prime number; {value:,} is none, 65,537 is one")


@implementer(IBalancer)
@frozen(kw_only=True)
class Maglev(Affinity):
    """Requests with the same key go to the same endpoint, found in a table that all endpoints fill by their weights.

    Shares are true to one place of the table (Istio ``maglev``, Envoy ``MAGLEV``); when the set changes, a few keys of
    those that stay are moved as well.  A request without the key goes by weight and chance.
    """

    table_size: int = field(
        default=65_537, validator=_prime, metadata={"doc": "Places in the table, a prime number below 5000011."}
    )

    def _placing(self, seeded: tuple[Seeded, ...]) -> Place:
        size = self.table_size
        seeded = tuple(sorted(seeded, key=lambda entry: entry[1]))
        table: _Table | None = None

        def place(number: int) -> Candidate:
            nonlocal table
            if table is None:  # laid out when first asked: many a cluster of a configuration sees no request
                table = _Table(size, seeded)
            return seeded[table.owner(number % size)][0]

        return place


@define(eq=False)
class _Table:
    """A table under construction: a place once taken stays what it is, so a request only waits for its own.

    Half of the places are taken in the first sixth of the time and the last tenth in the last half, which is why
    filling goes on only until the place that is asked for is taken.  Meanwhile keys of the last places go to a
    neighbour's endpoint.
    """

    size: int
    seeded: tuple[Seeded, ...]
    _places: array[int] = field(init=False)
    _turns: Iterator[_Turn] = field(init=False)
    _turn: int = field(init=False)
    _free: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._places = array("I", bytes(4 * self.size))  # 0 is free, n the place of the n-th endpoint
        self._free = self.size
        self._turns, self._turn = self._order()

    def owner(self, place: int) -> int:
        """Return the number of the endpoint that this place belongs to."""
        places = self._places
        if not places[place]:
            self._fill(place)
            while not places[place]:
                place = (place + 1) % self.size
        return places[place] - 1

    def _fill(self, wanted: int) -> None:
        places, patience = self._places, PATIENCE
        while patience > 0 and self._free and not places[wanted]:
            turns = min(2048, self._free // 16 + 1)
            for number, search in islice(self._turns, turns):
                places[search()] = number
            # A place is found after as many looks as there are places to a free one.
            patience -= turns * (self._turn + self.size // self._free)
            self._free -= turns

    def _searches(self) -> list[_Turn]:
        """Return for each endpoint what finds the next free place in its own order of all of them."""
        searches = []
        taken = self._places.__getitem__
        for number, (_, seed) in enumerate(self.seeded, 1):
            start = int.from_bytes(seed[:8], "big") % self.size
            step = int.from_bytes(seed[8:], "big") % (self.size - 1) + 1
            order = map(self.size.__rmod__, range(start, start + step * self.size, step))
            searches.append((number, filterfalse(taken, order).__next__))
        return searches

    def _order(self) -> tuple[Iterator[_Turn], int]:
        """Return whose turn it is, for ever, and what it costs to find that out."""
        searches, weights = self._searches(), [endpoint.weight for endpoint, _ in self.seeded]
        turns = map(searches.__getitem__, weighted_turns(weights, [0.5] * len(weights)))
        round_length = sum(weights) // gcd(*weights)
        if round_length > LONGEST_ROUND:
            return turns, TURN
        return cycle(tuple(islice(turns, round_length))), 0
