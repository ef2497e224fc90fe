"""Gateways of the Gateway API: which are ours, and which of their listeners are opened.

Only HTTP is opened.  What asks for TLS, TCP or UDP is looked at and told not to be served; it is never served in the
clear instead.  Routes are attached elsewhere; see ``attachment``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from shadowgate.config import conditions as words
from shadowgate.config.conditions import bad, first_bad, good
from shadowgate.model import (
    GATEWAY_GROUP,
    Condition,
    Gateway,
    GatewayClass,
    GatewayListener,
    LabelRequirement,
    LabelSelector,
    Listener,
    Namespace,
)
from shadowgate.plugin import Report
from shadowgate.plugin.checks import gateway_api

CONTROLLER: Final = "shadowgate.io/gateway-controller"
"""What GatewayClasses of ours have as their ``controllerName``."""

HTTP_ROUTE: Final = (GATEWAY_GROUP, "HTTPRoute")

_KINDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {"HTTP": (HTTP_ROUTE,), "HTTPS": (HTTP_ROUTE,)}
"""The kinds of routes that a listener can take, by its protocol."""

_SERVED: Final = "HTTP"
_FAMILIES: Final = {"HTTP": "HTTP", "HTTPS": "TLS", "TLS": "TLS", "TCP": "TCP"}
"""Protocols that can share a port are one family; UDP ports are others."""

_NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The label that every namespace of a cluster has, of its own name."""


@frozen
class PlacedListener:
    """One listener of a Gateway of ours: the kinds of routes that it takes, and what its own text amounts to."""

    gateway: Gateway = field(repr=False)
    listener: GatewayListener
    kinds: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]

    @property
    def key(self) -> str:
        """What it is called among the model's listeners: an Istio Gateway's name has one slash, this has two."""
        return f"{self.gateway.namespace}/{self.gateway.name}/{self.listener.name}"

    @property
    def host(self) -> str:
        return self.listener.hostname.lower() or "*"

    @property
    def is_open(self) -> bool:
        return any(each.type == words.PROGRAMMED and each.holds for each in self.conditions)

    @property
    def open_listener(self) -> Listener:
        """The place to accept clients that it amounts to."""
        listener = self.listener
        name = f"{GATEWAY_GROUP}/{self.key}"
        return Listener(name, port=listener.port, hosts=(self.host,), gateway=self.key, position=listener.position)


@frozen
class Gateways:
    """The Gateways and GatewayClasses that are ours, and the labels of namespaces.

    ``foreign`` are the namespaces and names of Gateways whose class is another controller's.
    """

    classes: tuple[GatewayClass, ...]
    listeners: Mapping[tuple[str, str], tuple[PlacedListener, ...]]
    gateways: Mapping[tuple[str, str], Gateway]
    foreign: frozenset[tuple[str, str]]
    labels: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(
        cls,
        classes: Iterable[GatewayClass],
        gateways: Iterable[Gateway],
        namespaces: Iterable[Namespace],
        report: Report,
    ) -> Gateways:
        by_name = {each.name: each for each in classes}
        ours: dict[tuple[str, str], Gateway] = {}
        foreign: set[tuple[str, str]] = set()
        for gateway in sorted(gateways, key=lambda each: (each.created, each.namespace, each.name)):
            key = (gateway.namespace, gateway.name)
            if _is_ours(gateway, by_name, report):
                ours[key] = gateway
            else:
                foreign.add(key)
        placed = {key: tuple(_placed(gateway)) for key, gateway in ours.items()}
        labels = {each.name: {_NAME_LABEL: each.name, **each.labels} for each in namespaces}
        owned = tuple(each for each in by_name.values() if each.controller == CONTROLLER)
        return cls(owned, _without_rivals(placed, report), ours, frozenset(foreign), labels)

    @property
    def open(self) -> Iterator[PlacedListener]:
        """The listeners that are opened, those of older Gateways first."""
        return (each for placed in self.listeners.values() for each in placed if each.is_open)

    def admits(self, placed: PlacedListener, namespace: str) -> bool:
        """Return whether a listener takes routes of a namespace (``allowedRoutes.namespaces``)."""
        listener = placed.listener
        if listener.admits == "Selector" and listener.selector is not None:
            return selects(listener.selector, self.labels.get(namespace, {_NAME_LABEL: namespace}))
        return listener.admits == "All" or (listener.admits == "Same" and namespace == placed.gateway.namespace)


def selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Return whether a selector selects what has these labels (Kubernetes ``LabelSelector``)."""
    return selector.labels.items() <= labels.items() and all(_holds(each, labels) for each in selector.requirements)


def _holds(requirement: LabelRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    if requirement.operator == "In":
        return value in requirement.values
    if requirement.operator == "NotIn":
        return value not in requirement.values
    return (value is None) == (requirement.operator == "DoesNotExist")


def _is_ours(gateway: Gateway, classes: Mapping[str, GatewayClass], report: Report) -> bool:
    path = f"Gateway {gateway.name}"
    named = classes.get(gateway.class_name)
    if named is None:
        message = f"there is no GatewayClass {gateway.class_name}; the Gateway is taken for this gateway's own"
        report.info(message, gateway.position, path=path, check=gateway_api.NO_CLASS)
        return True
    if named.controller == CONTROLLER:
        return True
    message = (
        f"its GatewayClass {named.name} is that of {named.controller} and not of {CONTROLLER}; "
        "nothing of it is served here"
    )
    report.info(message, gateway.position, path=path, check=gateway_api.NOT_OURS)
    return False


# Single listeners


def _placed(gateway: Gateway) -> Iterator[PlacedListener]:
    refused = first_bad(gateway.conditions, words.ACCEPTED)
    for listener in gateway.listeners:
        supported = _KINDS.get(listener.protocol, ())
        kinds = tuple(kind for kind in listener.kinds if kind in supported)
        yield PlacedListener(gateway, listener, kinds, tuple(_conditions(listener, kinds, refused)))


def _conditions(
    listener: GatewayListener, kinds: tuple[tuple[str, str], ...], refused: Condition | None
) -> Iterator[Condition]:
    """Yield the conditions of a listener that stands alone: what its text has settled, and the rest."""
    accepted = first_bad(listener.conditions, words.ACCEPTED) or refused or _protocol(listener)
    resolved = first_bad(listener.conditions, words.RESOLVED_REFS) or _route_kinds(listener, kinds)
    yield accepted
    yield resolved
    yield Condition(words.CONFLICTED, False, words.NO_CONFLICTS)
    if accepted.holds and kinds:
        yield good(words.PROGRAMMED)
    else:
        wrong = resolved if accepted.holds else accepted
        yield bad(words.PROGRAMMED, words.INVALID, wrong.message)


def _protocol(listener: GatewayListener) -> Condition:
    if listener.protocol == _SERVED:
        return good(words.ACCEPTED)
    yet = " yet" if listener.protocol in _FAMILIES else ""
    message = f"{listener.protocol} is not served{yet}: port {listener.port} is not opened for it"
    return bad(words.ACCEPTED, words.UNSUPPORTED_PROTOCOL, message)


def _route_kinds(listener: GatewayListener, kinds: tuple[tuple[str, str], ...]) -> Condition:
    others = [f"{kind} of {group or 'the core group'}" for group, kind in listener.kinds if (group, kind) not in kinds]
    if others and listener.protocol in _KINDS:
        message = f"no routes of these kinds are served: {', '.join(others)}"
        return bad(words.RESOLVED_REFS, words.INVALID_ROUTE_KINDS, message)
    return good(words.RESOLVED_REFS)


# Listeners of one port


def _without_rivals(
    placed: Mapping[tuple[str, str], tuple[PlacedListener, ...]], report: Report
) -> Mapping[tuple[str, str], tuple[PlacedListener, ...]]:
    """Close the listeners that exclude each other; the Gateways come oldest first."""
    holders: dict[tuple[int, str], PlacedListener] = {}
    settled: dict[tuple[str, str], tuple[PlacedListener, ...]] = {}
    for key, listeners in placed.items():
        kept: list[PlacedListener] = []
        for each in listeners:
            conflict = _conflict(each, listeners)
            if conflict is None and each.is_open:
                holder = holders.setdefault((each.listener.port, each.host), each)
                if holder is not each and holder.gateway is not each.gateway:
                    reason = words.HOSTNAME_CONFLICT
                    message = f"the listener {holder.key} has port {each.listener.port} for {_hosts(each)} already"
                    conflict = bad(words.ACCEPTED, reason, message)
            if conflict is not None:
                at, path = each.listener.position, f"Gateway {each.gateway.name}: listener {each.listener.name}"
                report.warning(
                    f"{conflict.message}; it is not opened", at, path=path, check=gateway_api.LISTENERS_CONFLICT
                )
                each = _closed(each, conflict)
            kept.append(each)
        settled[key] = tuple(kept)
    return settled


def _conflict(placed: PlacedListener, others: Sequence[PlacedListener]) -> Condition | None:
    """Return why a listener and others of its Gateway exclude each other: no one of them is the winner then."""
    listener = placed.listener
    family = _FAMILIES.get(listener.protocol)
    if family is None:
        return None
    for other in others:
        other_family = _FAMILIES.get(other.listener.protocol)
        if other is placed or other.listener.port != listener.port or other_family is None:
            continue
        beside = f"the listener {other.listener.name} has port {listener.port}, too, for"
        if other_family != family:
            return bad(words.ACCEPTED, words.PROTOCOL_CONFLICT, f"{beside} {other.listener.protocol}")
        if other.host == placed.host:
            return bad(words.ACCEPTED, words.HOSTNAME_CONFLICT, f"{beside} {_hosts(placed)}")
    return None


def _hosts(placed: PlacedListener) -> str:
    return "all hosts" if placed.host == "*" else placed.host


def _closed(placed: PlacedListener, conflict: Condition) -> PlacedListener:
    """Return the listener with the conflict in all the conditions that tell of it."""
    changed = {
        words.ACCEPTED: conflict if first_bad(placed.conditions, words.ACCEPTED) is None else None,
        words.CONFLICTED: evolve(conflict, type=words.CONFLICTED, holds=True),
        words.PROGRAMMED: evolve(conflict, type=words.PROGRAMMED),
    }
    return evolve(placed, conditions=tuple(changed.get(each.type) or each for each in placed.conditions))
