"""``requestHeaderModifier`` and ``responseHeaderModifier``: fields set, added and removed."""

from __future__ import annotations

from typing import Any, Literal

from attrs import field, frozen

from shadowgate.bundled.dialects.gateway_api.distinct import distinct
from shadowgate.bundled.dialects.gateway_api.forms import at_most, header_name, text_of
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.fields import check_changeable, check_value
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import gateway_api


@frozen
class Header:
    """``set[]`` and ``add[]``."""

    name: str = field(validator=header_name)
    value: str = field(validator=text_of(1, 4096, "a header's value"))
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class HeaderModifier:
    """What becomes of the fields of one head."""

    set: tuple[Header, ...] = field(default=(), validator=at_most(16, "headers to set"))
    add: tuple[Header, ...] = field(default=(), validator=at_most(16, "headers to add"))
    remove: tuple[str, ...] = field(default=(), validator=at_most(16, "headers to remove"))
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, side: Literal["request", "response"], scope: Scope) -> tuple[PluginUse, ...]:
        """Return the filter, or nothing where there is nothing to do."""
        options: dict[str, Any] = {}
        for key, headers in (("set", self.set), ("add", self.add)):
            inner = scope.inside(key)
            named = {header.name: header.value for index, header in distinct(headers, inner, fold=True)}
            for index, header in enumerate(headers):
                self._check(header, side, inner.inside(f"[{index}]"))
            if named:
                options[key] = named
        if self.remove:
            self._check_removed(side, scope.inside("remove"))
            options["remove"] = list(self.remove)
        return (PluginUse("header-rewrite", {side: options}, self.position),) if options else ()

    def _check(self, header: Header, side: str, scope: Scope) -> None:
        try:
            _check_name(header.name, side, host=side == "request")
            check_value(header.name, header.value)
        except ValueError as wrong:
            scope.error(str(wrong), header.position, check=gateway_api.HEADER)

    def _check_removed(self, side: str, scope: Scope) -> None:
        for index, name in enumerate(self.remove):
            inner = scope.inside(f"[{index}]")
            if name in self.remove[:index]:
                inner.error(f"{name} is said a second time", self.position, check=gateway_api.REPEATED)
            try:
                _check_name(name, side, host=False)
            except ValueError as wrong:
                inner.error(str(wrong), self.position, check=gateway_api.HEADER)


def _check_name(name: str, side: str, *, host: bool) -> None:
    if name.lower() == "host" and not host:
        raise ValueError("a request keeps its Host" if side == "request" else "a response has no Host")
    check_changeable(name)
