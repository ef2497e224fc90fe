"""In which order the matches of all routes are tried.

Routes of Istio and of the native form stand in their order, and so do their rules and matches.  Routes with parents
(Gateway API) that stand next to each other are one block, in which every match has its place by how specific it is,
whatever route and rule it is in: an exact path, a regular expression, the longest prefix; a condition on the method;
the more conditions on headers, then on query parameters; the older route, then by namespace and name; the order of
the rules and of the matches.  Of regular expressions the specification leaves the place open; they come where other
gateways have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from shadowgate.model import Match, PathMatch, Route

_PATHS: Final = {"exact": 0, "regex": 1, "segments": 2, "prefix": 2}

_EVERYTHING: Final = (2, 0)


def rank_matches(routes: Iterable[Route]) -> Iterator[int]:
    """Yield the rank of each match, in the order in which routes, rules and matches stand; a rule without has one."""
    base = 0
    for ranked, block in groupby(routes, key=lambda route: bool(route.parents)):
        matches = [(route, match) for route in block for rule in route.rules for match in rule.matches or (Match(),)]
        yield from _ranked(matches, base) if ranked else range(base, base + len(matches))
        base += len(matches)


def _ranked(matches: Sequence[tuple[Route, Match]], base: int) -> Iterable[int]:
    # Sorting keeps the order of what is equal, which is that of the rules in a route and of the matches in a rule.
    order = sorted(range(len(matches)), key=lambda at: _key(*matches[at]))
    ranks = [0] * len(matches)
    for rank, at in enumerate(order, base):
        ranks[at] = rank
    return ranks


def _key(route: Route, match: Match) -> tuple[Any, ...]:
    return *specificity(match), route.created or "", route.namespace, route.name


def specificity(match: Match) -> tuple[Any, ...]:
    """Return what sorts a match before those that are less specific (``HTTPRouteRule.matches``)."""
    names = [use.name for use in match.conditions]
    return *_path(match.path), "method" not in names, -names.count("header"), -names.count("query")


def _path(path: PathMatch | None) -> tuple[int, int]:
    if path is None:
        return _EVERYTHING
    # A slash at the end of a prefix means nothing, and an empty prefix is the slash.
    value = path.value.rstrip("/") if path.kind == "segments" else path.value
    return _PATHS[path.kind], -len(value)
