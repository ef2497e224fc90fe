"""What is in service, as plain values for ``/config``: the configuration, and what only a running gateway knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from shadowgate.admin.metrics import Serving
from shadowgate.config.catalog import Catalog
from shadowgate.config.secrets import redacted
from shadowgate.config.view import View
from shadowgate.errors import Problem
from shadowgate.gateway import Gateway
from shadowgate.model import Configuration


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

    @classmethod
    def of(cls, gateway: Gateway) -> State:
        busy: dict[str, int] = {}
        for state in gateway.registry.endpoints:
            busy[state.name] = busy.get(state.name, 0) + state.in_flight
        return cls.among(gateway.catalog, gateway, gateway.listeners.addresses, busy)

    @classmethod
    def among(
        cls, catalog: Catalog, serving: Serving, addresses: Iterable[tuple[str, str, str]], busy: dict[str, int]
    ) -> State:
        """The same of whatever puts configurations in service."""
        facts = {
            "generation": serving.snapshot.generation,
            "ready": serving.ready,
            "loaded_at": serving.loaded_at,
            "last_load_ok": serving.last_load_ok,
            "problems": [_problem(problem) for problem in serving.problems],
        }
        return cls(catalog, serving.snapshot.configuration, facts, tuple(addresses), busy)

    def show(self) -> dict[str, Any]:
        """Return all of it, with the ports that are open for listeners."""
        view = configuration_view(self.catalog, self.configuration)
        for cluster, model in zip(view["clusters"], self.configuration.clusters, strict=True):
            for shown, endpoint in zip(cluster["endpoints"], model.endpoints, strict=True):
                shown["inFlight"] = self.busy.get(str(endpoint), 0)
        view["listeners"] = [
            {"name": name, "endpoint": endpoint, "address": address} for name, endpoint, address in self.addresses
        ]
        return {**self.facts, **view}


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
