"""What can be served and is hardly meant: warnings about single rules, whatever dialect they were written in.

A copy to where the request itself goes, requests that come back to the gateway, paths that no request has, weights and
percentages that amount to nothing.  Names that lead nowhere are ``references``' to tell, rules in vain ``reach``'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote

from attrs import define, field

from shadowgate.errors import NOWHERE, Position
from shadowgate.model import (
    Cluster,
    Configuration,
    Destination,
    Endpoint,
    Listener,
    Mirror,
    PathMatch,
    PluginUse,
    Route,
    Rule,
)
from shadowgate.plugin import Check, Report, Scalar
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin.checks import references
from shadowgate.plugin.scalars import number

_SMALLEST: Final = 0.0001
"""Per cent: what is less is 0 (Envoy ``FractionalPercent`` per million)."""

_HERE: Mapping[str, str] = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a connection to these addresses arrives."""

_ANYWHERE: Final = ("", "0.0.0.0", "::")
_PARTS: Final = re.compile(r"(?:\\.|[^:\\])+")
"""The parts of a Twisted endpoint string: a backslash keeps a colon in its part."""
_NEVER_SENT: Final = re.compile(r"[^!-~]").search
_IN_PATHS: Final = "".join(map(chr, range(0x21, 0x7F)))


def check_rules(configuration: Configuration, report: Report) -> None:
    """Warn of what the rules say in vain or at the cost of their writer."""
    lints = _Lints(configuration, report, _own_places(configuration.listeners))
    for route in configuration.routes:
        for rule in route.rules:
            lints.rule(route, rule)


@define
class _Lints:
    configuration: Configuration
    report: Report
    own: Mapping[tuple[str, int], str]
    """The gateway's listeners by address and port, or by path with port 0."""
    told: set[tuple[Position, str]] = field(factory=set)

    def rule(self, route: Route, rule: Rule) -> None:
        title = f"{route.kind} {route.name}".strip()
        path = f"{title}: rule {rule.name}" if rule.name else title
        for match in rule.matches:
            if match.path is not None and match.path.kind != "regex":
                self.sent(match.path, path)
        self.weights(rule, path)
        self.slashes(rule, path)
        for destination in rule.destinations:
            self.loop(destination, "requests to", path)
        for mirror in _mirrors(rule):
            self.loop(mirror.destination, "copies for", path)
            if not mirror.filters and not mirror.destination.filters:
                self.mirror(mirror.destination, rule, path)
        for use in _uses(rule):
            for percent, position in _percentages(use.options, use.position):
                if 0 < percent < _SMALLEST:
                    message = f"{Decimal(repr(percent)):f} per cent in {use.name} is so little that it is 0"
                    expected = f"0, or {_SMALLEST:.4f} and more"
                    self.warn(references.ROUNDED_AWAY, message, position, path, expected)

    def sent(self, match: PathMatch, path: str) -> None:
        """Warn of a path that is in no request (RFC 9112 section 3.2.1); ``*`` is one (3.2.4)."""
        value = match.value
        if value in ("", "*"):
            return
        if not value.startswith("/"):
            expected = f"/{value}"
        elif "?" in value or "#" in value:
            expected = f"{re.split('[?#]', value)[0]}, and a condition on the query"
        elif _NEVER_SENT(value):
            expected = quote(value, safe=_IN_PATHS)
        else:
            return
        message = f'no request has the path "{value}", so that this match never holds'
        self.warn(references.NO_SUCH_PATH, message, match.position, path, expected)

    def weights(self, rule: Rule, path: str) -> None:
        # Another balancer than weight may read a weight in another way.
        if len(rule.destinations) < 2 or rule.balancer is not None or rule.failure:
            return
        idle = [each for each in rule.destinations if each.weight == 0]
        if len(idle) == len(rule.destinations):
            message = f"all weights are 0; {idle[0]} gets every request"
            self.warn(references.WEIGHT_IN_VAIN, message, idle[0].position, path)
            return
        for each in idle:
            self.warn(references.WEIGHT_IN_VAIN, f"{each} has the weight 0 and gets no request", each.position, path)

    def slashes(self, rule: Rule, path: str) -> None:
        """Warn of a prefix without a last slash whose replacement has one."""
        for use in (*rule.filters, *(use for each in rule.destinations for use in each.filters)):
            if use.name not in ("path-rewrite", "redirect"):
                continue
            prefix, replacement = _text_of(use.options, "prefix"), _text_of(use.options, "replacement")
            if prefix and not prefix.endswith("/") and replacement.endswith("/"):
                message = f"{prefix}/x becomes {replacement}/x, with two slashes"
                expected = f"the prefix {prefix}/, and another match for {prefix} itself"
                self.warn(references.DOUBLE_SLASH, message, use.position, path, expected)

    def mirror(self, mirror: Destination, rule: Rule, path: str) -> None:
        """A copy that a filter changes, or sends to another path, is another request; this one is the same."""
        where = self.place(mirror)
        served = [each for each in rule.destinations if each.weight] or rule.destinations[:1]
        same = next((each for each in served if self.place(each) == where), None)
        if same is not None:
            some = " some of" if len(served) > 1 else ""
            message = f"the copy goes where{some} the requests themselves go, to {same}"
            self.warn(references.MIRROR_TO_PRIMARY, message, mirror.position, path)

    def place(self, destination: Destination) -> tuple[object, ...]:
        """Return what two destinations have in common when they are one, whichever names they use."""
        cluster = self.configuration.find(destination.cluster, destination.port)
        if cluster is None:
            return destination.cluster, destination.subset, destination.port
        port = cluster.ports[0].number if cluster.ports else destination.port
        return cluster.name, destination.subset, port

    def loop(self, destination: Destination, what: str, path: str) -> None:
        cluster = self.configuration.find(destination.cluster, destination.port)
        if not self.own or cluster is None:
            return
        for endpoint in _endpoints(cluster, destination.subset):
            listener = self.listener_at(endpoint)
            if listener is not None:
                message = f"{what} {destination} come back to the gateway: {endpoint} is its listener {listener}"
                self.warn(references.LOOP, message, destination.position, path)
                return

    def listener_at(self, endpoint: Endpoint) -> str | None:
        if endpoint.address.startswith("unix:"):
            return self.own.get((endpoint.address.removeprefix("unix:"), 0))
        address = _HERE.get(endpoint.address, endpoint.address)
        found = self.own.get((address, endpoint.port))
        if found is None and _is_loopback(address):
            wide = ((any_address, endpoint.port) for any_address in _ANYWHERE)
            return next((self.own[place] for place in wide if place in self.own), None)
        return found

    def warn(self, check: Check, message: str, position: Position, path: str, expected: str = "") -> None:
        """Report it once, in however many routes the rule stands after merging."""
        if position == NOWHERE or (position, message) not in self.told:
            self.told.add((position, message))
            self.report.warning(message, position, path=path, expected=expected, check=check)


def _endpoints(cluster: Cluster, subset: str | None) -> Iterable[Endpoint]:
    labels = next((each.labels.items() for each in cluster.subsets if each.name == subset), None)
    return (each for each in cluster.endpoints if labels is None or labels <= each.labels.items())


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


# The gateway's own ports


def _own_places(listeners: Iterable[Listener]) -> Mapping[tuple[str, int], str]:
    places: dict[tuple[str, int], str] = {}
    for listener in listeners:
        place = _place(listener)
        if place is not None:
            places.setdefault(place, listener.name)
    return places


def _place(listener: Listener) -> tuple[str, int] | None:
    """Return address and port of a listener, as far as its endpoint says them."""
    if not listener.endpoint:
        return None if listener.port is None else (_address(listener.bind), listener.port)
    kind, *parts = [re.sub(r"\\(.)", r"\1", part) for part in _PARTS.findall(listener.endpoint)]
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    first = next((part for part in parts if "=" not in part), "")
    if kind == "unix":
        return named.get("address", first), 0
    port = named.get("port", first)
    if kind not in ("tcp", "tcp4", "tcp6", "ssl") or not port.isdecimal():
        return None
    return _address(named.get("interface", "")), int(port)


def _address(interface: str) -> str:
    return interface if interface in _ANYWHERE else _HERE.get(interface, interface)


# Percentages


def _uses(rule: Rule) -> Iterator[PluginUse]:
    """Yield the plugins of a rule that act on a share of the requests."""
    yield from rule.filters
    for destination in rule.destinations:
        yield from destination.filters
    for mirror in _mirrors(rule):
        if mirror.policy is not None:
            yield mirror.policy


def _mirrors(rule: Rule) -> Iterator[Mirror]:
    """Yield the mirrors of a rule and of its destinations."""
    yield from rule.mirrors
    for destination in rule.destinations:
        yield from destination.mirrors


def _text_of(options: Any, key: str) -> str:
    """Return an option that is text, whether a dialect made it or handed on what was written."""
    if isinstance(options, MappingNode):
        return options.text(key)
    value = options.get(key) if isinstance(options, Mapping) else None
    return value if isinstance(value, str) else ""


def _percentages(options: Any, position: Position) -> Iterator[tuple[float, Position]]:
    """Yield every option called ``percent``, however deep, with its place; what is no number is told by its plugin."""
    if isinstance(options, MappingNode):
        entries: Iterable[tuple[str, Any]] = ((key.text, value) for key, value in options.entries)
    elif isinstance(options, Mapping):
        entries = options.items()
    else:
        return
    for key, value in entries:
        if key != "percent":
            yield from _percentages(value, position)
        elif isinstance(value, Scalar):
            try:
                yield number(value.text), value.position
            except ValueError:
                continue
        elif isinstance(value, int | float):
            yield value, position
