"""The parts that several of Istio's kinds have in common: their shapes, and what each means in the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Attribute, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import canonical, is_address, is_host, is_label
from shadowgate.bundled.fields import check_name, check_value
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse


def port_number(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    """Validate a port."""
    if not 1 <= value <= 65535:
        raise ValueError("a port is a number from 1 to 65535")


def percentage(_instance: Any, _attribute: Attribute[Any], value: float | None) -> None:
    """Validate a share of the requests in per cent."""
    if value is not None and not 0 <= value <= 100:
        raise ValueError("a percentage lies between 0 and 100")


@frozen
class Percent:
    """Istio ``Percent``; a block without its value is 0, as in protocol buffers."""

    value: float = field(default=0.0, validator=percentage)
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class PortSelector:
    number: int = field(validator=port_number)


@frozen
class Destination:
    """Istio ``Destination``: of a route as well as of a mirror."""

    host: str
    subset: str | None = None
    port: PortSelector | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        if not is_host(self.host) and not is_address(self.host):
            message = "a destination is one host" if "*" in self.host else "this is not a host name"
            scope.inside("host").error(message, self.position, found=f'"{self.host}"', expected="a name without port")
        if self.subset is not None:
            check_label("a subset's name", self.subset, self.position, scope.inside("subset"))

    def translate(self, scope: Scope, weight: int = 1, filters: tuple[PluginUse, ...] = ()) -> model.Destination:
        return model.Destination(
            canonical(self.host, scope.namespace),
            subset=self.subset,
            port=None if self.port is None else self.port.number,
            weight=weight,
            filters=filters,
            position=self.position,
        )


def check_label(what: str, text: str, at: Position, scope: Scope) -> None:
    """Report a name that is no DNS label."""
    if not is_label(text):
        expected = "lower-case letters, digits and hyphens, at most 63"
        scope.error(f"{what} must be a DNS label", at, found=f'"{text}"', expected=expected)


@frozen
class HeaderOperations:
    """Istio ``Headers.HeaderOperations``."""

    set: Mapping[str, str] = field(factory=dict)
    add: Mapping[str, str] = field(factory=dict)
    remove: tuple[str, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)

    def options(self) -> dict[str, Any]:
        """Return what the ``header-rewrite`` filter is told; ``:authority`` is HTTP/2's name of Host."""
        parts: dict[str, Any] = {}
        for key, fields in (("set", self.set), ("add", self.add)):
            if fields:
                parts[key] = {"host" if name.lower() == ":authority" else name: text for name, text in fields.items()}
        if self.remove:
            parts["remove"] = list(self.remove)
        return parts

    def check(self, scope: Scope, *, authority: bool) -> None:
        """Report names and values that cannot stand in a header; Host may be changed where ``authority`` says so."""
        for key, fields in (("set", self.set), ("add", self.add)):
            for name, text in fields.items():
                self._check_name(name, scope.inside(key), authority=authority)
                try:
                    check_value(name, text)
                except ValueError as wrong:
                    scope.inside(key).error(str(wrong), self.position)
        for name in self.remove:
            self._check_name(name, scope.inside("remove"), authority=False)

    def _check_name(self, name: str, scope: Scope, *, authority: bool) -> None:
        if name.lower() in ("host", ":authority"):
            if not authority:
                message = f"{name} cannot be changed here; only a request's set and add may"
                scope.error(message, self.position)
            return
        try:
            check_name(name)
        except ValueError as wrong:
            scope.error(str(wrong), self.position)


@frozen
class Headers:
    """Istio ``Headers``: of a rule, or of one destination."""

    request: HeaderOperations = field(factory=HeaderOperations)
    response: HeaderOperations = field(factory=HeaderOperations)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> tuple[PluginUse, ...]:
        """Return the filter that does all of it, or nothing."""
        self.request.check(scope.inside("request"), authority=True)
        self.response.check(scope.inside("response"), authority=False)
        parts = {"request": self.request.options(), "response": self.response.options()}
        options = {key: operations for key, operations in parts.items() if operations}
        return (PluginUse("header-rewrite", options, self.position),) if options else ()
