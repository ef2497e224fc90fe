"""What is in service, as plain values for ``/config``: listeners, routes, clusters with their endpoints, problems."""

from __future__ import annotations

from typing import Any

import attrs

from shadowgate.errors import Problem
from shadowgate.gateway import Gateway
from shadowgate.model import Cluster, Destination, Match, Mirror, PluginUse, Route, Rule


def configuration_view(gateway: Gateway) -> dict[str, Any]:
    """Return the whole state as JSON-able values."""
    configuration = gateway.snapshot.configuration
    busy: dict[str, int] = {}
    for state in gateway.registry.endpoints:
        busy[state.name] = busy.get(state.name, 0) + state.in_flight
    return {
        "generation": gateway.snapshot.generation,
        "ready": gateway.ready,
        "loaded_at": gateway.loaded_at,
        "last_load_ok": gateway.last_load_ok,
        "problems": [_problem(problem) for problem in gateway.problems],
        "listeners": [
            {"name": name, "endpoint": endpoint, "address": address}
            for name, endpoint, address in gateway.listeners.addresses
        ],
        "routes": [_route(route) for route in configuration.routes],
        "clusters": [_cluster(cluster, busy) for cluster in configuration.clusters],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "message": problem.message,
        "position": str(problem.position),
        "path": problem.path,
        "found": problem.found,
        "expected": problem.expected,
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "kind": route.kind,
        "name": route.name,
        "namespace": route.namespace,
        "hosts": list(route.hosts),
        "listeners": list(route.listeners),
        "position": str(route.position),
        "rules": [_rule(rule) for rule in route.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "matches": [_match(match) for match in rule.matches],
        "filters": _names(rule.filters),
        "destinations": [_destination(destination) for destination in rule.destinations],
        "mirrors": [_mirror(mirror) for mirror in rule.mirrors],
        "timeouts": None if rule.timeouts is None else attrs.asdict(rule.timeouts),
        "position": str(rule.position),
    }


def _match(match: Match) -> dict[str, Any]:
    path = match.path
    return {
        "path": None if path is None else {path.kind: path.value},
        "conditions": _names(match.conditions),
    }


def _destination(destination: Destination) -> dict[str, Any]:
    return {
        "destination": str(destination),
        "weight": destination.weight,
        "filters": _names(destination.filters),
    }


def _mirror(mirror: Mirror) -> dict[str, Any]:
    return {
        "name": mirror.name or str(mirror.destination),
        "destination": str(mirror.destination),
        "policy": None if mirror.policy is None else mirror.policy.name,
        "suffix": mirror.suffix,
        "host": mirror.host,
        "filters": _names(mirror.filters),
        "observers": _names(mirror.observers),
        "position": str(mirror.position),
    }


def _cluster(cluster: Cluster, busy: dict[str, int]) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "aliases": list(cluster.aliases),
        "subsets": {subset.name: dict(subset.labels) for subset in cluster.subsets},
        "endpoints": [
            {
                "address": str(endpoint),
                "labels": dict(endpoint.labels),
                "weight": endpoint.weight,
                "in_flight": busy.get(str(endpoint), 0),
            }
            for endpoint in cluster.endpoints
        ],
        "position": str(cluster.position),
    }


def _names(uses: tuple[PluginUse, ...]) -> list[str]:
    return [use.name for use in uses]
