"""Routes of several objects on one host, put in the order in which a gateway tries them.

Istio and the Gateway API agree: the older object first, then by namespace and name.  Rules that match everything come
after all others of the host, so that none of two objects can hide the other.  Routes of documents without a date (the
native form) stay in the order of reading, before those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import evolve

from shadowgate.model import Match, Route, Rule
from shadowgate.plugin import Report
from shadowgate.plugin.checks import listeners as checks

_Place = tuple[str, str]
"""A listener, "" for the gateway's own, and a host."""

_OWN: Final = ""


def order_routes(routes: Iterable[Route], report: Report) -> tuple[Route, ...]:
    """Return the routes in the order in which the compiler is to rank their rules."""
    written = tuple(routes)
    dated = sorted(
        (route for route in written if route.created is not None),
        key=lambda route: (route.created, route.namespace, route.name),
    )
    by_place: dict[_Place, list[Route]] = {}
    for route in dated:
        for place in _places(route):
            by_place.setdefault(place, []).append(route)
    _report_shared(by_place, report)
    first: list[Route] = []
    last: list[Route] = []
    for route in dated:
        if all(len(by_place[place]) == 1 for place in _places(route)):
            first.append(route)
            continue
        before, after = _split(route.rules)
        first += [evolve(route, rules=before)] if before else []
        last += [evolve(route, rules=after)] if after else []
    return (*(route for route in written if route.created is None), *first, *last)


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
