"""What is in service, as plain values for ``/config``: the configuration, and what only a running gateway knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import frozen

from shadowgate.admin.metrics import Serving
from shadowgate.config.catalog import Catalog
from shadowgate.config.secrets import redacted
from shadowgate.config.view import View
from shadowgate.errors import Problem
from shadowgate.gateway import Gateway
from shadowgate.model import Availability, Configuration
from shadowgate.runtime.availability import AvailabilityEvent
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.registry import Registry
from shadowgate.runtime.watch import is_well

RESOLVED: Final = "resolved"

Health = dict[str, dict[str, dict[str, Any]]]
"""By clusters and endpoints: what is held against those that are looked after, and which addresses names stand for."""


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
            "variants": [_application(each) for each in serving.availability.current],
            "events": [_event(each) for each in serving.availability.recent],
            "problems": [problem_view(problem) for problem in serving.problems],
        }
        return cls(catalog, serving.snapshot.configuration, facts, tuple(addresses), busy, health)

    def show(self) -> dict[str, Any]:
        """Return all of it, with the ports that are open for listeners."""
        view = configuration_view(self.catalog, self.configuration)
        for cluster, model in zip(view["clusters"], self.configuration.clusters, strict=True):
            for shown, endpoint in zip(cluster["endpoints"], model.endpoints, strict=True):
                shown.update(self._endpoint(self.health.get(model.name, {}), str(endpoint)))
        view["listeners"] = [
            {"name": name, "endpoint": endpoint, "address": address} for name, endpoint, address in self.addresses
        ]
        return {**self.facts, **view}

    def _endpoint(self, health: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
        """Return what is known of an endpoint; of a name, also of each address that it stands for."""
        known = {**health.get(name, {})}
        shown = {"inFlight": self.busy.get(name, 0), **known}
        if RESOLVED in known:
            addresses = [{"address": each, **self._endpoint(health, each)} for each in known[RESOLVED]]
            shown[RESOLVED] = addresses
            shown["inFlight"] += sum(each["inFlight"] for each in addresses)
        return shown


def health_of(registry: Registry) -> Health:
    """Return the health of all endpoints that are looked after, a cluster's subsets included, and what names mean."""
    found: Health = {}
    for cluster in registry.clusters:
        facts = {endpoint.name: _facts(endpoint) for endpoint in cluster.endpoints} if cluster.watched else {}
        for discovery in cluster.discoveries:
            if discovery.endpoints != (discovery.endpoint,):
                facts[str(discovery.endpoint)] = {RESOLVED: [str(each) for each in discovery.endpoints]}
        if facts:
            join_health(found, {cluster.name.partition("/")[0]: facts})
    return found


def join_health(found: Health, more: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Add what others have against endpoints: one is healthy when nobody has anything."""
    for cluster, endpoints in more.items():
        for name, facts in endpoints.items():
            known = found.setdefault(cluster, {}).setdefault(name, {})
            well = known.get("healthy", True) and facts.get("healthy", True)
            known.update(facts)
            if "healthy" in known:
                known["healthy"] = well


def _facts(state: EndpointState) -> dict[str, Any]:
    record, checked = state.record, state.checked
    facts: dict[str, Any] = {"healthy": is_well(state)}
    if record is not None and record.ejected:
        facts.update(ejectedUntil=record.until, ejectedFor=record.reason)
    if checked is not None and checked.reason:
        facts["lastProbe"] = checked.reason
    return facts


def _application(application: Availability) -> dict[str, Any]:
    """Return which variants of an application are there."""
    states = zip(application.variants, application.weights, strict=True)
    return {
        "application": str(application),
        "variants": [
            {"name": each.name, "available": each.available, "weight": weight, "reason": each.reason}
            for each, weight in states
        ],
    }


def _event(event: AvailabilityEvent) -> dict[str, Any]:
    return {
        "at": event.at,
        "application": event.application,
        "variant": event.variant,
        "available": event.available,
        "reason": event.reason,
        "weightsBefore": list(event.before),
        "weightsAfter": list(event.after),
    }


def problem_view(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON has it."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "position": str(problem.position),
        "path": problem.path,
        "found": problem.found,
        "expected": problem.expected,
    }
