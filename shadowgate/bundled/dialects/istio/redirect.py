"""VirtualService ``http[].redirect``: another address that the client is told to ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.istio.matches import HTTPMatch
from shadowgate.bundled.dialects.istio.values import port_number
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, istio_routing

_DEFAULT_CODE: Final = 301
# Envoy knows no others (``RedirectAction.RedirectResponseCode``).
_CODES: Final = (301, 302, 303, 307, 308)
_DERIVED: Final = {"FROM_PROTOCOL_DEFAULT": "protocol-default", "FROM_REQUEST_PORT": "request"}


def _code(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value and value not in _CODES:
        raise Unfit(istio_routing.REDIRECT, f"a redirect has one of the codes {', '.join(map(str, _CODES))}")


def _scheme(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    if value not in ("", "http", "https"):
        raise Unfit(istio_routing.REDIRECT, "a redirect goes to http or https")


def _port(instance: Any, attribute: Attribute[Any], value: int | None) -> None:
    if value is not None:
        port_number(instance, attribute, value)


@frozen
class Redirect:
    """Istio ``HTTPRedirect``."""

    uri: str = ""
    prefix_rewrite: str = ""
    authority: str = ""
    port: int | None = field(default=None, validator=_port)
    derive_port: Literal["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"] | None = None
    scheme: str = field(default="", validator=_scheme)
    redirect_code: int = field(default=0, validator=_code)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope, matches: Iterable[HTTPMatch]) -> PluginUse:
        self._check(scope)
        if self.prefix_rewrite:
            self._check_prefixes(scope.inside("prefixRewrite"), matches)
        options = {
            "path": self.uri,
            "replacement": self.prefix_rewrite,
            "authority": self.authority,
            "scheme": self.scheme,
            "port": self.port,
            "derive_port": _DERIVED.get(self.derive_port or ""),
        }
        given: dict[str, Any] = {key: value for key, value in options.items() if value}
        given["code"] = self.redirect_code or _DEFAULT_CODE
        matched = "prefix" if self.prefix_rewrite else ""
        return PluginUse("redirect", given, self.position, key="redirect", matched=matched)

    def _check(self, scope: Scope) -> None:
        def refuse(message: str, expected: str = "") -> None:
            scope.error(message, self.position, expected=expected, check=istio_routing.REDIRECT)

        parts = (self.uri, self.prefix_rewrite, self.authority, self.port, self.derive_port, self.scheme)
        if not any(parts):
            refuse("the redirect says nothing", "uri, prefixRewrite, authority, port, derivePort or scheme")
        if self.uri and self.prefix_rewrite:
            refuse("uri and prefixRewrite exclude each other")
        if self.port is not None and self.derive_port is not None:
            refuse("port and derivePort exclude each other")

    def _check_prefixes(self, scope: Scope, matches: Iterable[HTTPMatch]) -> None:
        for index, match in enumerate(matches):
            if match.uri is not None and match.uri.prefix is None:
                message = f"match[{index}] has no prefix that could be replaced"
                scope.error(message, self.position, expected="uri.prefix", check=istio_routing.REDIRECT_PREFIX)
