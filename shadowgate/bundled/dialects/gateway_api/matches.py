"""``rules[].matches[]``: which requests a rule is for.  Which match goes first is decided in ``config``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.distinct import distinct
from shadowgate.bundled.dialects.gateway_api.forms import at_most, header_name, text_of
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, gateway_api
from shadowgate.plugin.regex import compile_regex

_PATH: Final = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+", re.ASCII)
_NEVER_WITHIN: Final = ("//", "/./", "/../", "%2f", "%2F", "#")
_NEVER_AT_END: Final = ("/..", "/.")
_PATH_KINDS: Final[dict[str, Literal["exact", "segments", "regex"]]] = {
    "Exact": "exact",
    "PathPrefix": "segments",
    "RegularExpression": "regex",
}


@frozen
class PathMatch:
    """``path``; a prefix is compared element by element, so that ``/foo`` is not a prefix of ``/foobar``."""

    type: Literal["Exact", "PathPrefix", "RegularExpression"] = "PathPrefix"
    value: str = field(default="/", validator=text_of(0, 1024, "a path"))
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.type == "RegularExpression":
            return
        if not self.value.startswith("/"):
            raise Unfit(gateway_api.PATH, f'"{self.value}" does not begin with a slash')
        for part in _NEVER_WITHIN:
            if part in self.value:
                raise Unfit(gateway_api.PATH, f'"{self.value}" has "{part}" in it')
        if self.value.endswith(_NEVER_AT_END):
            raise Unfit(gateway_api.PATH, f'"{self.value}" ends with a dot segment')
        if not _PATH.fullmatch(self.value):
            raise Unfit(gateway_api.PATH, f'"{self.value}" has a character that no path has; percent-encode it')

    def translate(self, scope: Scope, at: Position) -> model.PathMatch:
        if self.type == "RegularExpression":
            _check_regex(self.value, self.position, scope.inside("value"))
        where = at if self.position is NOWHERE else self.position
        return model.PathMatch(_PATH_KINDS[self.type], self.value, position=where)


@frozen
class NamedMatch:
    """``headers[]`` and ``queryParams[]``."""

    name: str = field(validator=header_name)
    value: str = field(validator=text_of(1, 4096, "a value"))
    type: Literal["Exact", "RegularExpression"] = "Exact"
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, plugin: str, scope: Scope) -> PluginUse:
        if self.type == "RegularExpression":
            _check_regex(self.value, self.position, scope.inside("value"))
        how = "exact" if self.type == "Exact" else "regex"
        return PluginUse(plugin, {"name": self.name, how: self.value}, self.position)


@frozen
class Match:
    """All of it holds; what is not said holds for every request."""

    path: PathMatch = field(factory=PathMatch)
    headers: tuple[NamedMatch, ...] = field(default=(), validator=at_most(16, "headers"))
    query_params: tuple[NamedMatch, ...] = field(default=(), validator=at_most(16, "queryParams"))
    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope, at: Position) -> model.Match:
        """Return the match; ``at`` is the place of the rule, for what nobody wrote."""
        where = at if self.position is NOWHERE else self.position
        path = self.path.translate(scope.inside("path"), where)
        return model.Match(path, tuple(self._conditions(scope)), position=where)

    def _conditions(self, scope: Scope) -> Iterator[PluginUse]:
        if self.method is not None:
            yield PluginUse("method", {"exact": self.method}, self.position)
        for index, header in distinct(self.headers, scope.inside("headers"), fold=True):
            yield header.translate("header", scope.inside(f"headers[{index}]"))
        for index, parameter in distinct(self.query_params, scope.inside("queryParams")):
            yield parameter.translate("query", scope.inside(f"queryParams[{index}]"))


def _check_regex(text: str, at: Position, scope: Scope) -> None:
    try:
        compile_regex(text)
    except ValueError as wrong:
        scope.error(str(wrong), at, found=f'"{text}"', check=gateway_api.REGEX)
