"""Labels of clients, given to every condition that asks for them (Istio ``sourceLabels``).

A mesh knows the labels of a client from its pod; here networks have them, and the matcher ``source-labels`` finds the
narrowest network that a client is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any, Final

from attrs import evolve

from shadowgate.errors import Position
from shadowgate.model import ClientNetwork, PluginUse, Route, Rule
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Report
from shadowgate.plugin.checks import listeners as checks
from shadowgate.plugin.schema import to_node

_MATCHER: Final = "source-labels"
_OPTION: Final = "clients"


def label_clients(routes: Iterable[Route], networks: Iterable[ClientNetwork], report: Report) -> tuple[Route, ...]:
    """Return the routes with the networks as an option of each use of the matcher."""
    known = tuple(networks)
    _check_networks(known, report)
    clients = [{"networks": list(each.networks), "labels": dict(each.labels)} for each in known]

    def labelled(use: PluginUse) -> PluginUse:
        if use.name != _MATCHER:
            return use
        if not clients:
            message = "no client has labels; this match never holds"
            expected = "clients with networks and labels in a native document"
            report.warning(message, use.position, expected=expected, check=checks.NO_LABELLED_CLIENTS)
        return evolve(use, options=_with_clients(use, clients))

    def with_labels(rule: Rule) -> Rule:
        if not any(use.name == _MATCHER for match in rule.matches for use in match.conditions):
            return rule
        matches = (evolve(match, conditions=tuple(map(labelled, match.conditions))) for match in rule.matches)
        return evolve(rule, matches=tuple(matches))

    return tuple(evolve(route, rules=tuple(map(with_labels, route.rules))) for route in routes)


def _with_clients(use: PluginUse, clients: list[dict[str, Any]]) -> Any:
    """Return the options with the clients among them; those that a document gave itself stay."""
    if isinstance(use.options, MappingNode):
        if use.options.get(_OPTION) is not None:
            return use.options
        added = to_node({_OPTION: clients}, use.position)
        entries = added.entries if isinstance(added, MappingNode) else ()
        return MappingNode((*use.options.entries, *entries), use.options.position)
    options: Mapping[str, Any] = use.options if isinstance(use.options, Mapping) else {}
    return {_OPTION: clients, **options}


def _check_networks(networks: Iterable[ClientNetwork], report: Report) -> None:
    seen: dict[object, Position] = {}
    for each in networks:
        for text in each.networks:
            first = seen.setdefault(ip_network(text), each.position)
            if first != each.position:
                message = f"the clients of {text} have their labels at {first} already"
                report.error(message, each.position, path="clients", check=checks.CLIENT_TWICE)
