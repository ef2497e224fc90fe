"""Whether the objects that rules refer to may be used (Gateway API ``backendRefs[]``), and what happens where not.

A bad backend fails its own share of the requests and nothing else: the specification wants 500 for it, neither the
404 of a route that is missing nor the 503 of a Service without endpoints.  A bad mirror is left out.  What was wrong
goes into the rule's conditions, from which the route's status is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import evolve, field, frozen

from shadowgate.config import conditions as words
from shadowgate.config.conditions import bad
from shadowgate.config.grants import Grants
from shadowgate.config.names import service_host, suggest_host
from shadowgate.model import (
    GATEWAY_GROUP,
    Condition,
    Configuration,
    Destination,
    Grantee,
    Mirror,
    Reference,
    Route,
    Rule,
)
from shadowgate.plugin import Check, Report
from shadowgate.plugin.checks import gateway_api

SERVICE: Final = ("", "Service")
"""API group and kind of the one backend that is served."""

_NOT_SPOKEN: Final = ("kubernetes.io/h2c", "kubernetes.io/wss", "h2c", "grpc", "https")
"""Values of a port's ``appProtocol`` that ask for HTTP/2 or TLS (GEP-1911)."""

_PASSING: Final = frozenset({"header-rewrite", "path-rewrite", "cors"})
"""Filters of which none answers an ordinary request."""


def resolve_backends(
    routes: Iterable[Route], clusters: Configuration, grants: Grants, report: Report
) -> tuple[Route, ...]:
    """Return the routes with the failures of their destinations filled in, and without mirrors that go nowhere."""
    backends = _Backends(clusters, grants, report)
    return tuple(backends.route(route) if route.parents else route for route in routes)


@frozen
class _Backends:
    clusters: Configuration
    grants: Grants
    report: Report = field(repr=False)

    def route(self, route: Route) -> Route:
        return evolve(route, rules=tuple(self._rule(rule, route) for rule in route.rules))

    def _rule(self, rule: Rule, route: Route) -> Rule:
        found: list[Condition] = []
        destinations = tuple(self._destination(each, route, found) for each in rule.destinations)
        return evolve(
            rule,
            destinations=destinations,
            mirrors=tuple(self._mirrors(rule.mirrors, route, found)),
            failure=rule.failure or _failure(rule),
            conditions=(*rule.conditions, *found),
        )

    def _destination(self, destination: Destination, route: Route, found: list[Condition]) -> Destination:
        mirrors = tuple(self._mirrors(destination.mirrors, route, found))
        if mirrors != destination.mirrors:
            destination = evolve(destination, mirrors=mirrors)
        wrong = self._look(destination, route)
        if wrong is None:
            return destination
        found.append(wrong)
        consequence = "its share of the requests is answered 500"
        self._tell(wrong, consequence, destination, route, gateway_api.BAD_BACKEND)
        return evolve(destination, failure=destination.failure or f"{wrong.reason}: {wrong.message}")

    def _mirrors(self, mirrors: Iterable[Mirror], route: Route, found: list[Condition]) -> Iterator[Mirror]:
        for mirror in mirrors:
            wrong = self._look(mirror.destination, route)
            if wrong is None:
                yield mirror
                continue
            found.append(wrong)
            self._tell(wrong, "nothing is mirrored there", mirror.destination, route, gateway_api.BAD_MIRROR)

    def _tell(self, wrong: Condition, consequence: str, destination: Destination, route: Route, check: Check) -> None:
        path = f"{route.kind} {route.name}"
        self.report.warning(f"{wrong.message}; {consequence}", destination.position, path=path, check=check)

    def _look(self, destination: Destination, route: Route) -> Condition | None:
        """Return what is wrong with a reference, by the first of the specification's reasons that holds."""
        reference = destination.reference
        if reference is None:
            return None
        key = reference.key
        if (key.group, key.kind) != SERVICE:
            kind = f"{key.group}/{key.kind}" if key.group else key.kind
            return bad(words.RESOLVED_REFS, words.INVALID_KIND, f"a backend is a Service, not of the kind {kind}")
        if not self.grants.allow(Grantee(GATEWAY_GROUP, route.kind, route.namespace), key):
            message = (
                f"no ReferenceGrant in the namespace {key.namespace} lets routes of {route.namespace} refer to {key}"
            )
            return bad(words.RESOLVED_REFS, words.NOT_PERMITTED, message)
        return self._look_up(reference)

    def _look_up(self, reference: Reference) -> Condition | None:
        key = reference.key
        host = service_host(key.name, key.namespace)
        clusters = self.clusters.named(host)
        if not clusters:
            known = (name for each in self.clusters.clusters for name in (each.name, *each.aliases))
            message = f"there is no {key}{suggest_host(host, known)}"
            return bad(words.RESOLVED_REFS, words.BACKEND_NOT_FOUND, message)
        numbers = ", ".join(str(port.number) for cluster in clusters for port in cluster.ports)
        if reference.port is None:
            # The port of a Service is never guessed (``BackendObjectReference.port``).
            message = f"no port of {key} is named; it has {numbers}"
            return bad(words.RESOLVED_REFS, words.BACKEND_NOT_FOUND, message)
        cluster = self.clusters.find(host, reference.port)
        if cluster is None:
            message = f"{key} has no port {reference.port}; it has {numbers}"
            return bad(words.RESOLVED_REFS, words.BACKEND_NOT_FOUND, message)
        spoken = next((port.protocol for port in cluster.ports if port.number == reference.port), "")
        if spoken in _NOT_SPOKEN:
            message = f"port {reference.port} of {key} speaks {spoken}, which is not served yet"
            return bad(words.RESOLVED_REFS, words.UNSUPPORTED_PROTOCOL, message)
        return None


def _failure(rule: Rule) -> str:
    """Return why no request of the rule can be sent anywhere, where its own text says so."""
    if rule.delegate is not None:
        return ""
    if not rule.destinations:
        return "" if any(use.name not in _PASSING for use in rule.filters) else "the rule has no backendRefs"
    if all(destination.weight == 0 for destination in rule.destinations):
        return "the weights of all backendRefs are 0"
    return ""
