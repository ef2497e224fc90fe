"""Variants of the native form made into routes, by which of them are there.

Law (the same as Iter8's): a variant that is not there has no weight; one that is has its own or 1; where all have
none, the first has 1.  What says which are there are Availability documents, so that every process that reads the same
documents routes the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, frozen

from shadowgate.model import (
    Availability,
    Destination,
    Mirror,
    PluginUse,
    Presence,
    Route,
    Rule,
    Variant,
    Variants,
)
from shadowgate.plugin import Report
from shadowgate.plugin.checks import references

UNASKED = "its probes have not answered yet"


@frozen
class Resolved:
    """What applications amount to now; ``absent`` are routes to those variants that get nothing, to be checked only."""

    routes: tuple[Route, ...]
    absent: tuple[Route, ...]
    availability: tuple[Availability, ...]


def resolve_variants(blocks: Iterable[Variants], said: Iterable[Availability], report: Report) -> Resolved:
    """Return the routes of all applications of the native form, and the availability of those and of all others."""
    found = _once(said, report)
    routes: list[Route] = []
    absent: list[Route] = []
    availability: list[Availability] = []
    for block in blocks:
        told = found.pop((block.namespace, block.name), None)
        state = _availability(block, told)
        weights = state.weights
        rules = tuple(_rules(block, weights))
        routes.append(_route(block, rules))
        out = tuple(each.destination for each, weight in zip(block.variants, weights, strict=True) if not weight)
        if out:
            absent.append(_route(block, (Rule(destinations=out, position=block.position),)))
        availability.append(state)
    # Of others a generator has decided everything; what was told of an application that is gone means nothing.
    rest = (each for each in found.values() if all(variant.weight is not None for variant in each.variants))
    return Resolved(tuple(routes), tuple(absent), (*availability, *rest))


def _once(said: Iterable[Availability], report: Report) -> dict[tuple[str, str], Availability]:
    found: dict[tuple[str, str], Availability] = {}
    for each in said:
        first = found.setdefault((each.namespace, each.name), each)
        if first is not each:
            message = f"the variants of {each} are said a second time; the first is at {first.position}"
            report.error(message, each.position, check=references.SAID_TWICE)
    return found


def _availability(block: Variants, told: Availability | None) -> Availability:
    """Return which variants of a block are there, with their weights."""
    by_name = {} if told is None else {each.name: each for each in told.variants}
    states = [_presence(variant, by_name) for variant in block.variants]
    if not any(each.weight for each in states):
        states[0] = evolve(states[0], weight=1)
    return Availability(block.name, block.namespace, tuple(states), block.position)


def _presence(variant: Variant, told: Mapping[str, Presence]) -> Presence:
    state = told.get(variant.name, Presence(variant.name, False, UNASKED)) if variant.probes else None
    if state is not None and not state.available:
        return Presence(variant.name, False, state.reason, 0)
    return Presence(variant.name, True, "", 1 if variant.weight is None else variant.weight)


def _rules(block: Variants, weights: tuple[int, ...]) -> Iterator[Rule]:
    """Yield the rules that a pattern makes of the variants that get anything."""
    primary, *others = block.variants
    there = [each for each, weight in zip(others, weights[1:], strict=True) if weight]
    if block.pattern == "mirror":
        yield _rule(block, (primary.destination,), mirrors=tuple(map(_mirror, there)))
    elif block.pattern == "canary":
        for each in there:
            yield evolve(_rule(block, (each.destination,)), matches=each.matches, name=each.name)
        yield evolve(_rule(block, (primary.destination,)), name=primary.name)
    else:
        shares = zip(block.variants, weights, strict=True)
        yield _rule(block, tuple(evolve(each.destination, weight=weight) for each, weight in shares if weight))


def _rule(block: Variants, destinations: tuple[Destination, ...], mirrors: tuple[Mirror, ...] = ()) -> Rule:
    return evolve(block.rule, destinations=destinations, mirrors=mirrors)


def _mirror(variant: Variant) -> Mirror:
    """Return the mirror of a variant; its weight is the percentage that is copied (Iter8's mirror pattern)."""
    policy = None
    if variant.weight is not None and variant.weight < 100:
        policy = PluginUse("random", {"percent": variant.weight}, variant.position)
    return Mirror(variant.destination, policy=policy, position=variant.position)


def _route(block: Variants, rules: tuple[Rule, ...]) -> Route:
    return Route(
        block.name,
        block.hosts,
        rules,
        block.listeners,
        namespace=block.namespace,
        position=block.position,
    )
