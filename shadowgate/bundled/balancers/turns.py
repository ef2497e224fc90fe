"""Whose turn it is: what balancers that go round share."""

from __future__ import annotations

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
