"""VirtualService ``http[].corsPolicy``: what pages of other origins may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from attrs import field, frozen

from shadowgate.bundled.dialects.istio.matches import StringMatch
from shadowgate.bundled.dialects.istio.ranges import duration
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.fields import check_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import Duration
from shadowgate.plugin.checks import istio_routing


@frozen
class CorsPolicy:
    """Istio ``CorsPolicy``."""

    allow_origins: tuple[StringMatch, ...] = ()
    allow_origin: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: Duration | None = field(default=None, validator=duration)
    allow_credentials: bool | None = None
    unmatched_preflights: Literal["UNSPECIFIED", "FORWARD", "IGNORE"] = "UNSPECIFIED"
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> PluginUse:
        for name, words in (
            ("allowMethods", self.allow_methods),
            ("allowHeaders", self.allow_headers),
            ("exposeHeaders", self.expose_headers),
        ):
            self._check_tokens(words, scope.inside(name), methods=name == "allowMethods")
        if self.max_age is not None and self.max_age % 1:
            inner = scope.inside("maxAge")
            inner.error("maxAge is sent in whole seconds", self.position, check=istio_routing.DURATION)
        lists: dict[str, Any] = {
            "allow_origins": self._origins(scope),
            "allow_methods": self.allow_methods,
            "allow_headers": self.allow_headers,
            "expose_headers": self.expose_headers,
        }
        options = {name: words for name, words in lists.items() if words}
        if self.max_age is not None:
            options["max_age"] = self.max_age
        if self.allow_credentials is not None:
            options["allow_credentials"] = self.allow_credentials
        # Istio CorsPolicy.UnmatchedPreflights: what is not said is FORWARD.
        options["unmatched_preflights"] = "ignore" if self.unmatched_preflights == "IGNORE" else "forward"
        return PluginUse("cors", options, self.position, key="corsPolicy")

    def _origins(self, scope: Scope) -> tuple[dict[str, str], ...]:
        if self.allow_origin:
            message = "allowOrigin is deprecated; use allowOrigins with exact"
            scope.inside("allowOrigin").warning(message, self.position, check=istio_routing.DEPRECATED)
        for index, origin in enumerate(self.allow_origins):
            inner = scope.inside(f"allowOrigins[{index}]")
            origin.check(inner)
            if not any(origin.options().values()) and origin.prefix is None and origin.regex is None:
                message, expected = "nothing says which origins", "exact, prefix or regex"
                inner.error(message, origin.position, expected=expected, check=istio_routing.CORS)
        if self.allow_origins:
            return tuple(origin.options() for origin in self.allow_origins if origin.options())
        return tuple({"exact": origin} for origin in self.allow_origin)

    def _check_tokens(self, words: Iterable[str], scope: Scope, *, methods: bool) -> None:
        for index, word in enumerate(words):
            try:
                check_name(word)
            except ValueError as wrong:
                message = f'"{word}" is not a method' if methods else str(wrong)
                scope.inside(f"[{index}]").error(message, self.position, check=istio_routing.CORS)
