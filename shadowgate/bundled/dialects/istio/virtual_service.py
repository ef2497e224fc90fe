"""Istio's VirtualService: the rules of some hosts.

The checks are those of Istio's own validation for the fields that are served; the rest is marked ``unserved``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import Attribute, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.matches import HTTPMatch, StringMatch
from shadowgate.bundled.dialects.istio.mirrors import Mirroring, MirrorPolicy
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, UNSUPPORTED, report_unserved
from shadowgate.bundled.dialects.istio.values import Destination, Headers, Percent, percentage
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import all_names, is_address, is_host
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Duration, Node, Scalar
from shadowgate.plugin.scalars import integer

_MESH = "mesh"


def _not_negative(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value < 0:
        raise ValueError("a weight is 0 or more")


def _whole_milliseconds(_instance: Any, _attribute: Attribute[Any], value: float | None) -> None:
    if value is None:
        return
    if value < 0.001:
        raise ValueError("a timeout is at least 1ms; leave it out to have the gateway's own")
    if abs(value * 1000 - round(value * 1000)) > 1e-6:
        raise ValueError("a timeout is a whole number of milliseconds")


def _whole_percentage(instance: Any, attribute: Attribute[Any], value: Scalar | None) -> None:
    if value is not None:
        percentage(instance, attribute, integer(value.text))


@frozen
class RouteDestination:
    """Istio ``HTTPRouteDestination``."""

    destination: Destination
    weight: int = field(default=0, validator=_not_negative)
    headers: Headers = field(factory=Headers)
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Fault:
    """Istio ``HTTPFaultInjection``: an abort answers in the destination's place, a delay only comes before it."""

    delay: Node | None = field(default=None, metadata=UNSERVED)
    abort: Node | None = field(default=None, metadata=UNSUPPORTED)


@frozen
class HTTPRoute:
    """Istio ``HTTPRoute``: one rule."""

    name: str = ""
    match: tuple[HTTPMatch, ...] = ()
    route: tuple[RouteDestination, ...] = ()
    redirect: Node | None = field(default=None, metadata=UNSUPPORTED)
    direct_response: Node | None = field(default=None, metadata=UNSUPPORTED)
    delegate: Node | None = field(default=None, metadata=UNSUPPORTED)
    rewrite: Node | None = field(default=None, metadata=UNSUPPORTED)
    timeout: Duration | None = field(default=None, validator=_whole_milliseconds)
    retries: Node | None = field(default=None, metadata=UNSERVED)
    fault: Fault | None = None
    mirror: Destination | None = None
    mirrors: tuple[MirrorPolicy, ...] = ()
    mirror_percent: Scalar | None = field(default=None, validator=_whole_percentage)
    mirror_percentage: Percent | None = None
    cors_policy: Node | None = field(default=None, metadata=UNSERVED)
    headers: Headers = field(factory=Headers)
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def answers_itself(self) -> bool:
        """Whether something else than a route says what becomes of the requests."""
        return any(part is not None for part in (self.redirect, self.direct_response, self.delegate))

    def translate(self, scope: Scope) -> model.Rule:
        report_unserved(self, scope)
        if self.fault is not None:
            report_unserved(self.fault, scope.inside("fault"))
        if not self.route and not self.answers_itself:
            scope.error("the rule does not say where requests go", self.position, expected="route")
        elif self.route and self.answers_itself:
            scope.error("route excludes redirect, directResponse and delegate", self.position)
        mirroring = Mirroring(self.position, self.mirror, self.mirror_percentage, self.mirror_percent, self.mirrors)
        return model.Rule(
            matches=tuple(match.translate(scope.inside(f"match[{index}]")) for index, match in enumerate(self.match)),
            destinations=tuple(self._destinations(scope.inside("route"))),
            filters=self.headers.translate(scope.inside("headers")),
            mirrors=mirroring.translate(scope),
            timeouts=None if self.timeout is None else model.Timeouts(response=self.timeout),
            name=self.name,
            position=self.position,
        )

    def _destinations(self, scope: Scope) -> Iterator[model.Destination]:
        """Yield those that have a share: one alone has all of it, among several a weight of 0 is none."""
        several = len(self.route) > 1
        if several and not any(item.weight for item in self.route):
            message = "several destinations, and none has a weight above 0"
            scope.error(message, self.position, expected="a weight at each")
        for index, item in enumerate(self.route):
            inner = scope.inside(f"[{index}]")
            item.destination.check(inner.inside("destination"))
            filters = item.headers.translate(inner.inside("headers"))
            if item.weight or not several:
                yield item.destination.translate(inner, item.weight or 1, filters)


@frozen
class VirtualService:
    """Istio ``VirtualService``, what stands below ``spec``."""

    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    http: tuple[HTTPRoute, ...] = ()
    tls: Node | None = field(default=None, metadata=UNSERVED)
    tcp: Node | None = field(default=None, metadata=UNSERVED)
    export_to: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Route]:
        report_unserved(self, scope)
        self._check_gateways(scope.inside("gateways"))
        self._check_hosts(scope.inside("hosts"))
        if not self.http and self.tls is None and self.tcp is None:
            scope.error("there are no rules", self.position, expected="http")
        rules = tuple(rule.translate(scope.inside(f"http[{index}]")) for index, rule in enumerate(self.http))
        self._report_unreachable(scope)
        hosts = dict.fromkeys(each for host in self.hosts for each in all_names(host, scope.namespace))
        if rules:
            yield model.Route(
                document.name,
                tuple(hosts),
                rules,
                kind="VirtualService",
                namespace=scope.namespace,
                position=scope.document,
            )

    def _check_gateways(self, scope: Scope) -> None:
        if any(gateway != _MESH for gateway in self.gateways):
            scope.warning("Gateways are not served yet: these rules answer on every listener", self.position)

    def _check_hosts(self, scope: Scope) -> None:
        if not self.hosts:
            scope.error("there are no hosts", self.position, expected="a list of names")
        in_mesh = not self.gateways or _MESH in self.gateways
        for index, host in enumerate(self.hosts):
            inner = scope.inside(f"[{index}]")
            if in_mesh and (host == "*" or is_address(host)):
                message = "this host needs gateways: in the mesh, which is the default, rules are for names"
                inner.error(message, self.position, found=f'"{host}"')
                continue
            if host != "*" and not is_address(host) and not is_host(host.removeprefix("*.")):
                expected = 'a name without port, "*." before a name, or "*"'
                inner.error("this is not a host name", self.position, found=f'"{host}"', expected=expected)
                continue
            for earlier in self.hosts[:index]:
                if _overlap(earlier.lower(), host.lower()):
                    inner.error(f'"{host}" overlaps with "{earlier}" of the same VirtualService', self.position)

    def _report_unreachable(self, scope: Scope) -> None:
        """Tell of rules that never get a request: the first rule that matches decides."""
        seen: dict[StringMatch | None, list[HTTPMatch]] = {}
        for index, rule in enumerate(self.http):
            inner = scope.inside(f"http[{index}]")
            matches = [match.conditions for match in rule.match] or [HTTPMatch()]
            if all(match in seen.get(match.uri, ()) for match in matches):
                inner.warning("no request gets here: the rules above match the same", rule.position)
            if any(match.catches_all for match in matches):
                for unreached in self.http[index + 1 : index + 2]:
                    message = "no request gets here or further down: the rule above matches everything"
                    scope.inside(f"http[{index + 1}]").warning(message, unreached.position)
                return
            for match in matches:
                seen.setdefault(match.uri, []).append(match)


def _overlap(one: str, other: str) -> bool:
    if one == other or "*" in (one, other):
        return True
    return any(wide.startswith("*.") and narrow.endswith(wide[1:]) for wide, narrow in ((one, other), (other, one)))
