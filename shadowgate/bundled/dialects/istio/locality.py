"""Localities, and Istio's ``localityLbSetting``: which of them a cluster's requests go to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin.checks import istio_destinations

_TOPOLOGY = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone")
_EXPECTED = "region, region/zone or region/zone/subzone"


def is_locality(text: str) -> bool:
    """Return whether this is ``region/zone/subzone``, or the beginning of that."""
    parts = text.split("/")
    return len(parts) <= 3 and all(part and "*" not in part for part in parts)


def _is_pattern(text: str) -> bool:
    """Return whether this is a locality whose last part may be a ``*``."""
    return text == "*" or is_locality(text.removesuffix("/*"))


def _overlap(one: str, other: str) -> bool:
    first, second = (_significant(each) for each in (one, other))
    shorter = min(len(first), len(second))
    return first[:shorter] == second[:shorter]


def _significant(pattern: str) -> list[str]:
    return [part for part in pattern.split("/") if part != "*"]


@frozen
class Distribute:
    """Istio ``LocalityLoadBalancerSetting.Distribute``."""

    from_: str
    to: Mapping[str, int] = field(factory=dict)
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        _check_patterns([self.from_], self.position, scope.inside("from"))
        inner = scope.inside("to")
        _check_patterns(self.to, self.position, inner)
        for locality, weight in self.to.items():
            if not 1 <= weight <= 100:
                message = "the weight of a locality lies between 1 and 100"
                shares = istio_destinations.LOCALITY_SHARES
                inner.inside(locality).error(message, self.position, found=str(weight), check=shares)
        total = sum(self.to.values())
        if total != 100:
            message = "the weights make 100 together"
            inner.error(message, self.position, found=str(total), check=istio_destinations.LOCALITY_SHARES)


@frozen
class Failover:
    """Istio ``LocalityLoadBalancerSetting.Failover``."""

    from_: str
    to: str
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        for key, region in (("from", self.from_), ("to", self.to)):
            if not region or "/" in region or "*" in region:
                message = "failover names regions, without zone and wildcard"
                check = istio_destinations.LOCALITY_FAILOVER
                scope.inside(key).error(message, self.position, found=f'"{region}"', check=check)
        if self.from_ == self.to:
            message = f'"{self.to}" cannot stand in for itself'
            scope.error(message, self.position, check=istio_destinations.LOCALITY_FAILOVER)


@frozen
class LocalityLbSetting:
    """Istio ``LocalityLoadBalancerSetting``."""

    distribute: tuple[Distribute, ...] = ()
    failover: tuple[Failover, ...] = ()
    failover_priority: tuple[str, ...] = ()
    enabled: bool = True
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope, *, ejects: bool) -> model.Locality:
        """Return the model's form; ``ejects`` says that outlierDetection stands beside it."""
        for index, each in enumerate(self.distribute):
            each.check(scope.inside(f"distribute[{index}]"))
        _check_overlap([each.from_ for each in self.distribute], self.position, scope.inside("distribute"))
        for index, other in enumerate(self.failover):
            other.check(scope.inside(f"failover[{index}]"))
        self._check_ways(scope)
        if (self.failover or self.failover_priority) and not ejects:
            message = "without outlierDetection nobody notices that an endpoint is gone, so nothing fails over"
            inner = scope.inside("failover" if self.failover else "failoverPriority")
            inner.warning(message, self.position, check=istio_destinations.FAILOVER_BLIND)
        return model.Locality(
            distribute=tuple((each.from_, each.to) for each in self.distribute),
            failover=tuple((each.from_, each.to) for each in self.failover),
            priority=self.failover_priority,
            enabled=self.enabled,
        )

    def _check_ways(self, scope: Scope) -> None:
        if self.distribute and self.failover:
            message = "distribute and failover exclude each other"
            scope.error(message, self.position, check=istio_destinations.LOCALITY_WAYS)
        elif self.failover:
            for index, label in enumerate(self.failover_priority):
                if label.partition("=")[0] in _TOPOLOGY:
                    message = f"with failover, {label} cannot decide as well"
                    inner = scope.inside(f"failoverPriority[{index}]")
                    inner.error(message, self.position, check=istio_destinations.LOCALITY_WAYS)


def _check_patterns(patterns: Iterable[str], at: Position, scope: Scope) -> None:
    patterns = list(patterns)
    for pattern in patterns:
        if not _is_pattern(pattern):
            expected = f"{_EXPECTED}; the last part may be *"
            check = istio_destinations.LOCALITY_NAME
            scope.error("this is no locality", at, found=f'"{pattern}"', expected=expected, check=check)
    _check_overlap(patterns, at, scope)


def _check_overlap(patterns: list[str], at: Position, scope: Scope) -> None:
    for index, pattern in enumerate(patterns):
        for earlier in patterns[:index]:
            if _overlap(earlier, pattern):
                message = f'"{pattern}" overlaps with "{earlier}"'
                scope.error(message, at, check=istio_destinations.LOCALITY_SHARES)


def check_locality(text: str, at: Position, scope: Scope) -> None:
    """Report a locality of an endpoint that is not one; none at all is fine."""
    if text and not is_locality(text):
        check = istio_destinations.LOCALITY_NAME
        scope.error("this is no locality", at, found=f'"{text}"', expected=_EXPECTED, check=check)
