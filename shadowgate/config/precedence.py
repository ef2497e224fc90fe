"""Routes of several objects on one host, put in the order in which a gateway tries them.

Istio and the Gateway API agree: the older object first, then by namespace and name.  Rules that match everything come
after all others of the host, so that none of two objects can hide the other.  Routes of documents without a date (the
native form) stay in the order of reading, before those.

Routes of the Gateway API that have a host in common are one block here, which stands where its oldest route does:
within it ``ranking`` puts matches before one another, whatever route they are in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import evolve

from shadowgate.model import Match, Route, Rule
from shadowgate.plugin import Report
from shadowgate.plugin.checks import gateway_api
from shadowgate.plugin.checks import listeners as checks

_Place = tuple[str, str]
"""A listener, "" for the gateway's own, and a host."""

_OWN: Final = ""


def order_routes(routes: Iterable[Route], report: Report) -> tuple[Route, ...]:
    """Return the routes in the order in which the compiler is to rank their rules."""
    written = tuple(routes)
    attached = [route for route in written if route.parents]
    dated = sorted((route for route in written if route.created is not None and not route.parents), key=_age)
    by_place: dict[_Place, list[Route]] = {}
    for route in dated:
        for place in _places(route):
            by_place.setdefault(place, []).append(route)
    _report_shared(by_place, report)
    _report_dialects(by_place, attached, report)
    units = sorted([*((route,) for route in dated), *_blocks(attached)], key=lambda unit: min(map(_age, unit)))
    users = Counter(place for unit in units for place in {place for route in unit for place in _places(route)})
    first: list[Route] = []
    last: list[Route] = []
    for unit in units:
        alone = all(users[place] == 1 for route in unit for place in _places(route))
        for route in unit:
            if alone:
                first.append(route)
                continue
            before, after = _split_ranked(route.rules) if route.parents else _split(route.rules)
            first += [evolve(route, rules=before)] if before else []
            last += [evolve(route, rules=after)] if after else []
    return (*(route for route in written if route.created is None and not route.parents), *first, *last)


def _age(route: Route) -> tuple[str, str, str]:
    return route.created or "", route.namespace, route.name


def _blocks(routes: Sequence[Route]) -> Iterable[tuple[Route, ...]]:
    """Return the routes in groups that have no host in common: within one, matches are ranked across all routes."""
    leaders = list(range(len(routes)))

    def leader(at: int) -> int:
        while leaders[at] != at:
            leaders[at] = at = leaders[leaders[at]]
        return at

    seen: dict[_Place, int] = {}
    for at, route in enumerate(routes):
        for place in _places(route):
            leaders[leader(at)] = leader(seen.setdefault(place, at))
    blocks: dict[int, list[Route]] = {}
    for at, route in enumerate(routes):
        blocks.setdefault(leader(at), []).append(route)
    return map(tuple, blocks.values())


def _places(route: Route) -> list[_Place]:
    return [(name, host.lower()) for name in route.listeners or (_OWN,) for host in route.hosts]


def _split(rules: Sequence[Rule]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Return the rules before the first match that holds always, and those from there on."""
    for at, rule in enumerate(rules):
        if not rule.matches:
            return tuple(rules[:at]), tuple(rules[at:])
        for index, match in enumerate(rule.matches):
            if _holds_always(match):
                before = (evolve(rule, matches=rule.matches[:index]),) if index else ()
                after = evolve(rule, matches=rule.matches[index:])
                return (*rules[:at], *before), (after, *rules[at + 1 :])
    return tuple(rules), ()


def _split_ranked(rules: Iterable[Rule]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Return the rules with the matches that some request fails, and with those that hold always."""
    before: list[Rule] = []
    after: list[Rule] = []
    for rule in rules:
        always = tuple(match for match in rule.matches if _holds_always(match))
        if always or not rule.matches:
            after.append(evolve(rule, matches=always))
        if len(always) < len(rule.matches):
            before.append(evolve(rule, matches=tuple(match for match in rule.matches if match not in always)))
    return tuple(before), tuple(after)


def _holds_always(match: Match) -> bool:
    """Return whether no request fails (Istio ``IsCatchAllRoute``)."""
    if match.conditions:
        return False
    path = match.path
    if path is None:
        return True
    return path.value == ".*" if path.kind == "regex" else path.kind != "exact" and path.value in ("", "/")


def _report_shared(by_place: Mapping[_Place, Sequence[Route]], report: Report) -> None:
    """Tell of hosts that a mesh would give to one object alone, once for each two objects."""
    told: set[tuple[str, str, str, str]] = set()
    for (listener, host), (first, *others) in by_place.items():
        for other in others if listener == _OWN else ():
            pair = (first.namespace, first.name, other.namespace, other.name)
            if pair in told:
                continue
            told.add(pair)
            message = (
                f"{first.kind} {first.namespace}/{first.name} at {first.position} has rules for {host}, too; "
                "both hold, that one first"
            )
            report.warning(message, other.position, path=f"{other.kind} {other.name}", check=checks.SHARED_HOST)


def _report_dialects(by_place: Mapping[_Place, Sequence[Route]], attached: Iterable[Route], report: Report) -> None:
    """Tell of hosts that have rules in both dialects, once for each two objects."""
    told: set[tuple[tuple[str, str, str], tuple[str, str, str]]] = set()
    for route in attached:
        for place in _places(route):
            for other in by_place.get(place, ()):
                pair = (_age(route), _age(other))
                if pair in told:
                    continue
                told.add(pair)
                message = (
                    f"{other.kind} {other.namespace}/{other.name} at {other.position} has rules for {place[1]}, too; "
                    "both hold, the older object's first"
                )
                path = f"{route.kind} {route.name}"
                report.warning(message, route.position, path=path, check=gateway_api.BOTH_DIALECTS)
