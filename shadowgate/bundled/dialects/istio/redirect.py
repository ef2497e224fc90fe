"""VirtualService ``http[].redirect``: another address that the client is told to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.istio.matches import HTTPMatch
from shadowgate.bundled.dialects.istio.values import port_number, rooted
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, istio_routing

_DEFAULT_CODE: Final = 301
# Envoy knows no others (``RedirectAction.RedirectResponseCode``); Istio's checks let all of 3xx pass.
_FOLLOWED: Final = (301, 302, 303, 307, 308)
_DERIVED: Final = {"FROM_PROTOCOL_DEFAULT": "protocol-default", "FROM_REQUEST_PORT": "request"}


_PORT: Final = re.compile(r":[0-9]+$", re.ASCII)
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)


def _code(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value and not 300 <= value <= 399:
        raise Unfit(istio_routing.REDIRECT, "the code of a redirect lies between 300 and 399")


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
        path, replacement = self._path(), self.prefix_rewrite and rooted(self.prefix_rewrite)
        if replacement and not self._has_prefixes(scope.inside("prefixRewrite"), matches):
            path, replacement = path or replacement, ""
        authority, derived = self._authority_and_derived_port()
        options = {
            "path": path,
            "replacement": replacement,
            "authority": authority,
            "scheme": self.scheme,
            "port": self.port,
            "derive_port": derived,
        }
        given: dict[str, Any] = {key: value for key, value in options.items() if value}
        given["code"] = self.redirect_code or _DEFAULT_CODE
        matched = "prefix" if replacement else ""
        return PluginUse("redirect", given, self.position, key="redirect", matched=matched)

    def _path(self) -> str:
        # Istio takes one without its slash, with which Envoy's Location would name another host.
        return self.uri if not self.uri or _URL.match(self.uri) else rooted(self.uri)

    def _authority_and_derived_port(self) -> tuple[str, str | None]:
        """Return them so that at most one has a port: Envoy would write both, one behind the other."""
        derived = _DERIVED.get(self.derive_port or "")
        port = _PORT.search(self.authority)
        if port is None:
            return self.authority, derived
        if self.port is None and self.derive_port != "FROM_REQUEST_PORT":
            return self.authority, None
        return self.authority[: port.start()], derived

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
        if self.redirect_code and self.redirect_code not in _FOLLOWED:
            message, expected = "clients do not follow a redirect with this code", ", ".join(map(str, _FOLLOWED))
            inner, found = scope.inside("redirectCode"), str(self.redirect_code)
            inner.warning(message, self.position, found=found, expected=expected, check=istio_routing.UNFOLLOWED)

    def _has_prefixes(self, scope: Scope, matches: Iterable[HTTPMatch]) -> bool:
        all_have = True
        for index, match in enumerate(matches):
            if match.uri is not None and match.uri.prefix is None:
                all_have = False
                message = f"match[{index}] has no prefix that could be replaced"
                scope.error(message, self.position, expected="uri.prefix", check=istio_routing.REDIRECT_PREFIX)
        return all_have
