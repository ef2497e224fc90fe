"""Istio's ``loadBalancer``: what chooses among endpoints, and how those that have just come are warmed up."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.locality import LocalityLbSetting
from shadowgate.bundled.dialects.istio.ranges import duration
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, report_unserved
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.fields import check_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import Duration, Node
from shadowgate.plugin.checks import Unfit, istio_destinations, istio_routing

# LEAST_CONN is the older name of LEAST_REQUEST; saying nothing means the same (Istio ``LoadBalancerSettings``).
_BALANCERS: Mapping[str, str] = {
    "UNSPECIFIED": "least-request",
    "LEAST_REQUEST": "least-request",
    "LEAST_CONN": "least-request",
    "ROUND_ROBIN": "round-robin",
    "RANDOM": "random",
    "PASSTHROUGH": "passthrough",
}
_WARMING: Final = ("least-request", "round-robin")
_LARGEST_RING: Final = 8 * 1024 * 1024
"""Envoy ``maximum_ring_size``."""
_LAID_OUT: Final = 1 << 16
"""Places that the ``ring-hash`` balancer has at most."""
_MAGLEV_BELOW: Final = 5_000_011
_AUTHORITY: Final = ":authority"
"""HTTP/2's name of Host."""


def _cookie_name(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    try:
        check_name(value)
    except ValueError:
        raise Unfit(istio_destinations.HASH_COOKIE, "this is not the name of a cookie") from None


def _cookie_text(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    # RFC 6265 section 4.1.1: anything but control characters and the semicolon.
    if not value.isascii() or not value.isprintable() or ";" in value:
        raise Unfit(istio_destinations.HASH_COOKIE, "this cannot stand in a cookie")


def _field_name(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is None or value == _AUTHORITY:
        return
    try:
        check_name(value)
    except ValueError as wrong:
        raise Unfit(istio_destinations.HASH_KEY, str(wrong)) from None


def _ring_size(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and not 0 <= value <= _LARGEST_RING:
        raise Unfit(istio_destinations.HASH_TABLE, f"a ring has at most {_LARGEST_RING:,} places")


def _table_size(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value >= _MAGLEV_BELOW:
        raise Unfit(istio_destinations.HASH_TABLE, f"a maglev table has fewer than {_MAGLEV_BELOW:,} places")
    if not _is_prime(value):
        raise Unfit(istio_destinations.HASH_TABLE, "the size of a maglev table is a prime number")


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % factor for factor in range(2, isqrt(number) + 1))


def _share(_instance: Any, _attribute: Attribute[float], value: float) -> None:
    if not 0 <= value <= 100:
        raise Unfit(istio_destinations.WARMUP, "minimumPercent lies between 0 and 100")


def _aggression(_instance: Any, _attribute: Attribute[float], value: float) -> None:
    if value < 1:
        raise Unfit(istio_destinations.WARMUP, "aggression is 1 or more")


@frozen
class CookieAttribute:
    """Istio ``HTTPCookie.Attribute``."""

    name: str = field(validator=_cookie_name)
    value: str = field(default="", validator=_cookie_text)


@frozen
class HTTPCookie:
    """Istio ``ConsistentHashLB.HTTPCookie``; with a ``ttl`` it is given to those who have none, 0 for a session."""

    name: str = field(validator=_cookie_name)
    path: str = field(default="", validator=_cookie_text)
    ttl: Duration | None = None
    attributes: tuple[CookieAttribute, ...] = ()

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"name": self.name}
        if self.path:
            options["path"] = self.path
        if self.ttl is not None:
            options["ttl"] = self.ttl
        if self.attributes:
            options["attributes"] = [{"name": each.name, "value": each.value} for each in self.attributes]
        return options


@frozen
class RingHash:
    """Istio ``ConsistentHashLB.RingHash``."""

    minimum_ring_size: int | None = field(default=None, validator=_ring_size)


@frozen
class Maglev:
    """Istio ``ConsistentHashLB.MagLev``."""

    table_size: int = field(default=65537, validator=_table_size)


@frozen
class ConsistentHash:
    """Istio ``ConsistentHashLB``; a ring where no table is chosen."""

    http_header_name: str | None = field(default=None, validator=_field_name)
    http_cookie: HTTPCookie | None = None
    use_source_ip: bool = False
    http_query_parameter_name: str | None = None
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    minimum_ring_size: int | None = field(default=None, validator=_ring_size)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> PluginUse:
        key = self._key(scope)
        self._check_table(scope)
        if self.maglev is not None:
            return PluginUse("maglev", {**key, "table_size": self.maglev.table_size}, self.position)
        size = self.minimum_ring_size if self.ring_hash is None else self.ring_hash.minimum_ring_size
        if size and size > _LAID_OUT:
            message = f"a ring has at most {_LAID_OUT:,} places here, so that is its size; maglev has larger tables"
            scope.warning(message, self.position, found=str(size), check=istio_destinations.HASH_TABLE)
            size = _LAID_OUT
        return PluginUse("ring-hash", {**key, "minimum_ring_size": size} if size else key, self.position)

    def _key(self, scope: Scope) -> dict[str, Any]:
        keys: dict[str, Any] = {
            "header": "host" if self.http_header_name == _AUTHORITY else self.http_header_name,
            "cookie": None if self.http_cookie is None else self.http_cookie.options(),
            "source": self.use_source_ip or None,
            "query": self.http_query_parameter_name or None,
        }
        given = {name: value for name, value in keys.items() if value is not None}
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            expected = "httpHeaderName, httpCookie, useSourceIp: true or httpQueryParameterName"
            message = "there must be exactly one key"
            check = istio_destinations.HASH_KEY
            scope.error(message, self.position, found=found, expected=expected, check=check)
        return given

    def _check_table(self, scope: Scope) -> None:
        if self.minimum_ring_size is not None:
            message = "minimumRingSize has moved to ringHash.minimumRingSize"
            scope.inside("minimumRingSize").warning(message, self.position, check=istio_routing.DEPRECATED)
        tables = {"ringHash": self.ring_hash, "maglev": self.maglev, "minimumRingSize": self.minimum_ring_size}
        given = [name for name, value in tables.items() if value is not None]
        if len(given) > 1:
            message = f"{' and '.join(given)} exclude each other"
            scope.error(message, self.position, check=istio_destinations.HASH_TABLE)


@frozen
class Warmup:
    """Istio ``WarmupConfiguration``."""

    duration: Duration | None = field(default=None, validator=duration)
    minimum_percent: float = field(default=10.0, validator=_share)
    aggression: float = field(default=1.0, validator=_aggression)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.Warmup | None:
        if self.duration is None:
            message = "there is no duration"
            scope.error(message, self.position, expected="duration, such as 30s", check=istio_destinations.WARMUP)
            return None
        return model.Warmup(self.duration, self.minimum_percent, self.aggression)


@frozen
class LoadBalancer:
    """Istio ``LoadBalancerSettings``."""

    simple: Literal["UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN", "ROUND_ROBIN", "RANDOM", "PASSTHROUGH"] | None = None
    consistent_hash: ConsistentHash | None = None
    locality_lb_setting: LocalityLbSetting | None = None
    zone_aware_lb_setting: Node | None = field(default=None, metadata=UNSERVED)
    warmup: Warmup | None = None
    warmup_duration_secs: Duration | None = field(default=None, validator=duration)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope, *, ejects: bool) -> model.TrafficPolicy:
        """Return a policy of this block alone; ``ejects`` says that outlierDetection stands beside it."""
        report_unserved(self, scope)
        balancer = self._balancer(scope)
        locality = self.locality_lb_setting
        return model.TrafficPolicy(
            balancer,
            self._warmup(balancer, scope),
            None if locality is None else locality.translate(scope.inside("localityLbSetting"), ejects=ejects),
        )

    def _balancer(self, scope: Scope) -> PluginUse:
        if self.consistent_hash is not None:
            if self.simple is not None:
                message = "simple and consistentHash exclude each other"
                scope.error(message, self.position, check=istio_destinations.ONE_BALANCER)
            return self.consistent_hash.translate(scope.inside("consistentHash"))
        return PluginUse(_BALANCERS[self.simple or "UNSPECIFIED"], None, self.position)

    def _warmup(self, balancer: PluginUse, scope: Scope) -> model.Warmup | None:
        if self.warmup_duration_secs is not None:
            inner = scope.inside("warmupDurationSecs")
            message = "warmupDurationSecs has moved to warmup.duration"
            inner.warning(message, self.position, check=istio_routing.DEPRECATED)
        warmup = self.warmup
        if warmup is None and self.warmup_duration_secs is not None:
            warmup = Warmup(self.warmup_duration_secs)
        if warmup is None:
            return None
        if balancer.name not in _WARMING:
            message = f"the balancer {balancer.name} has no warm-up"
            expected = "LEAST_REQUEST or ROUND_ROBIN"
            inner = scope.inside("warmup")
            inner.warning(message, self.position, expected=expected, check=istio_destinations.WARMUP_BALANCER)
        return warmup.translate(scope.inside("warmup"))
