"""Whose turn it is: what balancers that go round share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heapreplace
from random import Random

from shadowgate.plugin.values import Candidate


def taking_part(endpoints: tuple[Candidate, ...], random: Random) -> tuple[Candidate, ...]:
    """Return those with a weight, or all where none has one, beginning with one picked by chance.

    Everything that restarts together would otherwise send its first request to the same endpoint.
    """
    weighted = tuple(endpoint for endpoint in endpoints if endpoint.weight > 0) or endpoints
    start = random.randrange(len(weighted))
    return weighted[start:] + weighted[:start]


def alike(endpoints: tuple[Candidate, ...]) -> bool:
    """Return whether all weights are the same."""
    return len({endpoint.weight for endpoint in endpoints}) == 1


def any_moment(weights: Sequence[int], random: Random) -> list[float]:
    """Return the phases of a round in full swing, just when someone's turn has come.

    Weights that change while an endpoint warms up start the turns anew.  From these phases each single turn falls on
    everyone with the chance of its weight; from equal ones, the lightest would be passed over each time.
    """
    phases = [random.random() for _ in weights]
    phases[random.choices(range(len(weights)), weights)[0]] = 0.0
    return phases


def weighted_turns(weights: Sequence[int], phases: Sequence[float]) -> Iterator[int]:
    """Return the places of the weights in the order of their due times, for ever.

    The k-th turn of weight w, from 0, is due at (k + phase) / w, with a phase between 0 and 1 for each.  Each unit of
    time then holds exactly w turns of everyone, and each due time is one division of its own: nothing adds up, so
    nothing drifts.
    """
    heap = [(phase / weight, place, 0) for place, (weight, phase) in enumerate(zip(weights, phases, strict=True))]
    heapify(heap)
    while True:
        _, place, taken = heap[0]
        heapreplace(heap, ((taken + 1 + phases[place]) / weights[place], place, taken + 1))
        yield place
