"""Filters that rules refer to by name: each reference gives way to the plugin that its definition names.

A filter is never skipped (Gateway API ``HTTPRouteFilter``): a reference that leads nowhere makes its rule, or its
destination's share, answer 500.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, evolve, field

from shadowgate.model import Condition, Destination, FilterDefinition, PluginUse, Route, Rule
from shadowgate.plugin import Report
from shadowgate.plugin.checks import gateway_api, references
from shadowgate.plugin.spelling import did_you_mean

_OTHER_KIND = " "
"""In what refers to an object of a kind that is not looked up here; no namespace and no name has one."""


def resolve_definitions(
    routes: Iterable[Route], definitions: Iterable[FilterDefinition], report: Report
) -> tuple[Route, ...]:
    """Return the routes with every ``PluginUse.definition`` looked up."""
    known: dict[str, FilterDefinition] = {}
    for each in definitions:
        name = f"{each.namespace}/{each.name}"
        first = known.setdefault(name, each)
        if first is not each:
            message = f"Filter {name} is said a second time; the first is at {first.position}"
            report.error(message, each.position, check=references.SAID_TWICE)
    return tuple(
        evolve(route, rules=tuple(_settled(rule, _LookUp(known, report, _title(route))) for rule in route.rules))
        if any(map(_refers, route.rules))
        else route
        for route in routes
    )


def _refers(rule: Rule) -> bool:
    uses = (*rule.filters, *(use for destination in rule.destinations for use in destination.filters))
    return any(use.definition for use in uses)


def _title(route: Route) -> str:
    return f"{route.kind} {route.name}"


def _settled(rule: Rule, look_up: _LookUp) -> Rule:
    filters = look_up.all(rule.filters)
    failure = rule.failure or look_up.failure
    destinations = tuple(_settled_destination(each, look_up) for each in rule.destinations)
    conditions = (*rule.conditions, *look_up.conditions)
    return evolve(rule, filters=filters, destinations=destinations, failure=failure, conditions=conditions)


def _settled_destination(destination: Destination, look_up: _LookUp) -> Destination:
    look_up.failure = ""
    filters = look_up.all(destination.filters)
    return evolve(destination, filters=filters, failure=destination.failure or look_up.failure)


@define
class _LookUp:
    """One rule's look-ups: ``failure`` is what the last of them failed with, ``conditions`` are those of all."""

    known: Mapping[str, FilterDefinition]
    report: Report
    path: str
    failure: str = ""
    conditions: list[Condition] = field(factory=list)

    def all(self, uses: Iterable[PluginUse]) -> tuple[PluginUse, ...]:
        """Return the uses with their definitions in their places; those that lead nowhere are left out."""
        found = (self._one(use) if use.definition else use for use in uses)
        return tuple(use for use in found if use is not None)

    def _one(self, use: PluginUse) -> PluginUse | None:
        definition = self.known.get(use.definition)
        if definition is not None:
            return definition.use
        if _OTHER_KIND in use.definition:
            kind, _, name = use.definition.partition(_OTHER_KIND)
            reason, self.failure, hint = "InvalidKind", f"{kind} {name} is of no kind that filters are looked up in", ""
        else:
            reason, self.failure = "BackendNotFound", f"there is no Filter {use.definition}"
            hint = did_you_mean(use.definition, self.known)
        message = f"{self.failure}{hint}; requests are answered with 500"
        self.report.warning(message, use.position, path=self.path, check=gateway_api.EXTENSION_REF)
        self.conditions.append(Condition("ResolvedRefs", False, reason, self.failure))
        return None
