"""Filters whose options depend on the match that holds: their rule stands once for each prefix that they replace.

Istio's ``rewrite.uri`` and ``prefixRewrite``, and ``ReplacePrefixMatch`` of the Gateway API, replace the part of the
path that the request was found by.  A rule with several matches becomes several rules in their order, each with options
of its own, so that no request has to remember what it was matched by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from attrs import evolve

from shadowgate.model import Destination, Match, PluginUse, Route, Rule

_Prefix = tuple[str, bool]
"""A prefix, and whether case is ignored."""


def expand_matched(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return the routes with every ``PluginUse.matched`` filled in."""
    return tuple(
        evolve(route, rules=tuple(each for rule in route.rules for each in _expanded(rule)))
        if any(map(_depends, route.rules))
        else route
        for route in routes
    )


def _depends(rule: Rule) -> bool:
    filters = (*rule.filters, *(use for destination in rule.destinations for use in destination.filters))
    return any(use.matched for use in filters)


def _expanded(rule: Rule) -> Iterator[Rule]:
    if not _depends(rule):
        yield rule
        return
    for prefix, group in groupby(rule.matches or (Match(),), key=_prefix):
        yield evolve(
            rule,
            matches=tuple(group) if rule.matches else (),
            filters=tuple(_filled(use, prefix) for use in rule.filters),
            destinations=tuple(_filled_destination(each, prefix) for each in rule.destinations),
        )


def _prefix(match: Match) -> _Prefix | None:
    """Return the prefix that a match finds a path by; without a condition on the path it is the slash (Istio)."""
    if match.path is None:
        return "/", False
    return (match.path.value or "/", match.path.ignore_case) if match.path.kind in ("prefix", "segments") else None


def _filled_destination(destination: Destination, prefix: _Prefix | None) -> Destination:
    if not destination.filters:
        return destination
    return evolve(destination, filters=tuple(_filled(use, prefix) for use in destination.filters))


def _filled(use: PluginUse, prefix: _Prefix | None) -> PluginUse:
    if not use.matched:
        return use
    options: dict[str, Any] = dict(use.options or {})
    if prefix is not None:
        options[use.matched], fold = prefix
        if fold:
            options["ignore_case"] = True
    return evolve(use, options=options, matched="")
