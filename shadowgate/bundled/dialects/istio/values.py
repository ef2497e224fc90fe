"""The parts that several of Istio's kinds have in common: their shapes, and what each means in the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import Attribute, field

from shadowgate import model
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import canonical, is_address, is_host, is_label, is_service_record
from shadowgate.bundled.fields import check_changeable, check_value
from shadowgate.errors import NOWHERE, Position
from shadowgate.fixed import fixed
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Check, Unfit, istio_routing


def port_number(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    """Validate a port."""
    if not 1 <= value <= 65535:
        raise Unfit(istio_routing.PORT, "a port is a number from 1 to 65535")


def percentage(_instance: Any, _attribute: Attribute[Any], value: float | None) -> None:
    """Validate a share of the requests in per cent."""
    if value is not None and not 0 <= value <= 100:
        raise Unfit(istio_routing.PERCENTAGE, "a percentage lies between 0 and 100")


@fixed
class Percent:
    """Istio ``Percent``; a block without its value is 0, as in protocol buffers."""

    value: float = field(default=0.0, validator=percentage)
    position: Position = field(default=NOWHERE, eq=False)


@fixed
class PortSelector:
    number: int = field(validator=port_number)


@fixed
class Destination:
    """Istio ``Destination``: of a route as well as of a mirror."""

    host: str
    subset: str | None = None
    port: PortSelector | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        if not is_host(self.host) and not is_address(self.host) and not is_service_record(self.host):
            message = "a destination is one host" if "*" in self.host else "this is not a host name"
            found, expected = f'"{self.host}"', "a name without port"
            inner = scope.inside("host")
            inner.error(message, self.position, found=found, expected=expected, check=istio_routing.DESTINATION)
        if self.subset is not None and not is_label(self.subset):
            label = scope.inside("subset")
            check_label("a subset's name", self.subset, self.position, label, istio_routing.DESTINATION)

    def translate(self, scope: Scope, weight: int = 1, filters: tuple[PluginUse, ...] = ()) -> model.Destination:
        return model.Destination(
            canonical(self.host, scope.namespace),
            subset=self.subset,
            port=None if self.port is None else self.port.number,
            weight=weight,
            filters=filters,
            position=self.position,
        )


def check_label(what: str, text: str, at: Position, scope: Scope, check: Check) -> None:
    """Report a name that is no DNS label."""
    if not is_label(text):
        expected = "lower-case letters, digits and hyphens, at most 63"
        scope.error(f"{what} must be a DNS label", at, found=f'"{text}"', expected=expected, check=check)


def rooted(path: str) -> str:
    """Return the path with the slash that it begins with."""
    return path if path.startswith("/") else f"/{path}"


def is_authority(name: str) -> bool:
    """Return whether a header operation is about the host: ``:authority`` is HTTP/2's name of Host."""
    return name.lower() in ("host", ":authority")


@fixed
class HeaderOperations:
    """Istio ``Headers.HeaderOperations``."""

    set: Mapping[str, str] = field(factory=dict)
    add: Mapping[str, str] = field(factory=dict)
    remove: tuple[str, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def given(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.set or self.add or self.remove)

    @property
    def authorities(self) -> tuple[str, ...]:
        """What the host is changed to, once for each operation that does it."""
        if not self.given:
            return ()
        return tuple(text for fields in (self.set, self.add) for name, text in fields.items() if is_authority(name))

    def options(self, *, authority: bool = True) -> dict[str, Any]:
        """Return what the ``header-rewrite`` filter is told; without ``authority`` the host is left alone."""
        parts: dict[str, Any] = {}
        for key, fields in (("set", self.set), ("add", self.add)):
            named = {_plain_name(name): text for name, text in fields.items() if authority or not is_authority(name)}
            if named:
                parts[key] = named
        removed = [name for name in self.remove if not is_authority(name)]  # nobody can, and `check` says so
        if removed:
            parts["remove"] = removed
        return parts

    def check(self, scope: Scope, *, authority: bool) -> None:
        """Report names and values that cannot stand in a header; Host may be changed where ``authority`` says so."""
        for key, fields in (("set", self.set), ("add", self.add)):
            for name, text in fields.items():
                inner = scope.inside(f"{key}.{name}")
                self._check_name(name, inner, authority=authority)
                try:
                    check_value(name, text)
                except ValueError as wrong:
                    inner.error(str(wrong), self.position, check=istio_routing.HEADER_VALUE)
                if _command_operator(text):
                    message = f"the value of {name} is sent as it stands: command operators are not substituted"
                    inner.warning(message, self.position, check=istio_routing.COMMAND_OPERATOR)
        for index, name in enumerate(self.remove):
            self._check_name(name, scope.inside(f"remove[{index}]"), authority=False)

    def _check_name(self, name: str, scope: Scope, *, authority: bool) -> None:
        if is_authority(name):
            if not authority:
                message = f"{name} cannot be changed here; only a request's set and add may"
                scope.error(message, self.position, check=istio_routing.HOST_HEADER)
            return
        try:
            check_changeable(name)
        except ValueError as wrong:
            scope.error(str(wrong), self.position, check=istio_routing.HEADER_NAME)


_command_operator = re.compile(r"%[A-Z][A-Z0-9_]+(\([^)]*\))?(:\d+)?%").search
"""What Envoy would put something else in the place of (its access log's and header's format strings)."""


def _plain_name(name: str) -> str:
    return "host" if name.lower() == ":authority" else name


_NOTHING: Final = HeaderOperations()


@fixed
class Headers:
    """Istio ``Headers``: of a rule, or of one destination."""

    request: HeaderOperations = _NOTHING
    response: HeaderOperations = _NOTHING
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope, *, authority: bool = True) -> tuple[PluginUse, ...]:
        """Return the filter that does all of it, or nothing; without ``authority`` the host is left alone."""
        if not self.request.given and not self.response.given:
            return ()
        self.request.check(scope.inside("request"), authority=True)
        self.response.check(scope.inside("response"), authority=False)
        parts = {
            "request": self.request.options(authority=authority),
            "response": self.response.options(authority=False),
        }
        options = {key: operations for key, operations in parts.items() if operations}
        return (PluginUse("header-rewrite", options, self.position, key="headers"),) if options else ()
