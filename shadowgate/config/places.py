"""Where a parent lets a route be served, and the route bound to those places.

What parents answer is decided in ``attachment`` (Gateways) and ``services``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve, frozen

from shadowgate.errors import Position
from shadowgate.model import Condition, Match, ParentReference, PluginUse, Route, Rule

Hosts = tuple[str, ...]


@frozen
class ServicePort:
    """One port of a Service, as a client names it behind the Host.

    Who names none of its ports, as clients that come in by a port of the gateway, means the first one.
    """

    number: int
    others: tuple[int, ...]
    first: bool

    def condition(self, position: Position) -> PluginUse:
        numbers = "|".join(map(str, self.others if self.first else (self.number,)))
        options = {"name": "host", "regex": f".*:({numbers})"}
        return PluginUse("header", {**options, "invert": True} if self.first else options, position)


@frozen
class Place:
    """A listener, and the hosts that a route is served for there; the gateway's own listeners have no ``port``.

    ``service_port`` narrows it to the requests for one port of a Service that has several.
    """

    listener: str
    hosts: Hosts
    port: int | None = None
    service_port: ServicePort | None = None


@frozen
class Answer:
    """What a parent says to a route.  ``places`` are where it is served then."""

    parent: ParentReference
    accepted: Condition
    places: tuple[Place, ...] = ()


def bound_routes(route: Route, answers: Iterable[Answer]) -> Iterator[Route]:
    """Yield the route once for each set of hosts that it has on some ports, so that its rules are compiled once."""
    by_port: dict[tuple[int | None, ServicePort | None], list[Place]] = {}
    for place in (place for answer in answers for place in answer.places):
        by_port.setdefault((place.port, place.service_port), []).append(place)
    by_hosts: dict[tuple[Hosts, ServicePort | None], dict[str, None]] = {}
    for (_, service_port), places in by_port.items():
        hosts = tuple(dict.fromkeys(host for place in places for host in place.hosts))
        by_hosts.setdefault((hosts, service_port), {}).update(dict.fromkeys(place.listener for place in places))
    for (hosts, service_port), listeners in by_hosts.items():
        rules = tuple(at_port(rule, service_port) for rule in route.rules)
        yield evolve(route, rules=rules, hosts=hosts, listeners=tuple(listeners))


def at_port(rule: Rule, port: ServicePort | None) -> Rule:
    """Return the rule for requests to a Service's port; its conditions have done their part."""
    if port is not None:
        asked = port.condition(rule.position)
        matches = rule.matches or (Match(position=rule.position),)
        rule = evolve(rule, matches=tuple(evolve(each, conditions=(*each.conditions, asked)) for each in matches))
    return evolve(rule, conditions=()) if rule.conditions else rule
