"""What is in service, as plain values for ``/config``: the configuration, and what only a running gateway knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from shadowgate.admin.metrics import Serving
from shadowgate.config.catalog import Catalog
from shadowgate.config.secrets import redacted
from shadowgate.config.view import View
from shadowgate.errors import Problem
from shadowgate.gateway import Gateway
from shadowgate.model import Configuration
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.registry import Registry
from shadowgate.runtime.watch import is_well

Health = dict[str, dict[str, dict[str, Any]]]
"""Of clusters whose endpoints are looked after, by name, what is held against each endpoint, by address."""


def configuration_view(catalog: Catalog, configuration: Configuration) -> dict[str, Any]:
    """Return a configuration as JSON-able values, without secrets."""
    view: dict[str, Any] = redacted(View(catalog).configuration(configuration))
    return view


@frozen
class State:
    """What a gateway is at one moment.  Taking it is quick; to :meth:`show` a large configuration is not."""

    catalog: Catalog
    configuration: Configuration
    facts: dict[str, Any]
    addresses: tuple[tuple[str, str, str], ...]
    busy: dict[str, int]
    health: Health

    @classmethod
    def of(cls, gateway: Gateway) -> State:
        busy: dict[str, int] = {}
        for state in gateway.registry.endpoints:
            busy[state.name] = busy.get(state.name, 0) + state.in_flight
        health = health_of(gateway.registry)
        return cls.among(gateway.catalog, gateway, gateway.listeners.addresses, busy, health)

    @classmethod
    def among(
        cls,
        catalog: Catalog,
        serving: Serving,
        addresses: Iterable[tuple[str, str, str]],
        busy: dict[str, int],
        health: Health,
    ) -> State:
        """The same of whatever puts configurations in service."""
        facts = {
            "generation": serving.snapshot.generation,
            "ready": serving.ready,
            "loaded_at": serving.loaded_at,
            "last_load_ok": serving.last_load_ok,
            "problems": [_problem(problem) for problem in serving.problems],
        }
        return cls(catalog, serving.snapshot.configuration, facts, tuple(addresses), busy, health)

    def show(self) -> dict[str, Any]:
        """Return all of it, with the ports that are open for listeners."""
        view = configuration_view(self.catalog, self.configuration)
        for cluster, model in zip(view["clusters"], self.configuration.clusters, strict=True):
            for shown, endpoint in zip(cluster["endpoints"], model.endpoints, strict=True):
                shown["inFlight"] = self.busy.get(str(endpoint), 0)
                shown.update(self.health.get(model.name, {}).get(str(endpoint), {}))
        view["listeners"] = [
            {"name": name, "endpoint": endpoint, "address": address} for name, endpoint, address in self.addresses
        ]
        return {**self.facts, **view}


def health_of(registry: Registry) -> Health:
    """Return the health of all endpoints that are looked after, a cluster's subsets included."""
    found: Health = {}
    for cluster in registry.clusters:
        if cluster.watched:
            facts = {endpoint.name: _facts(endpoint) for endpoint in cluster.endpoints}
            join_health(found, {cluster.name.partition("/")[0]: facts})
    return found


def join_health(found: Health, more: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Add what others have against endpoints: one is healthy when nobody has anything."""
    for cluster, endpoints in more.items():
        for name, facts in endpoints.items():
            known = found.setdefault(cluster, {}).setdefault(name, {"healthy": True})
            known.update(facts, healthy=known["healthy"] and facts["healthy"])


def _facts(state: EndpointState) -> dict[str, Any]:
    record, checked = state.record, state.checked
    facts: dict[str, Any] = {"healthy": is_well(state)}
    if record is not None and record.ejected:
        facts.update(ejectedUntil=record.until, ejectedFor=record.reason)
    if checked is not None and checked.reason:
        facts["lastProbe"] = checked.reason
    return facts


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "position": str(problem.position),
        "path": problem.path,
        "found": problem.found,
        "expected": problem.expected,
    }
