"""``cors``: which pages of other origins may read the answers."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.gateway_api.forms import at_most
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.fields import check_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, gateway_api
from shadowgate.plugin.spelling import did_you_mean

_ORIGIN: Final = re.compile(r"\*|https?://(?:(?:\*\.)?(?:[a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(?::[0-9]{1,5})?", re.ASCII)
_WELL_KNOWN: Final = {"http": "80", "https": "443"}
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*")


def _max_age(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value < 1:
        raise Unfit(gateway_api.CORS, "maxAge is 1 or more seconds")


@frozen
class Cors:
    """``HTTPCORSFilter``."""

    allow_origins: tuple[str, ...] = field(default=(), validator=at_most(64, "allowOrigins"))
    allow_credentials: bool = False
    allow_methods: tuple[str, ...] = field(default=(), validator=at_most(9, "allowMethods"))
    allow_headers: tuple[str, ...] = field(default=(), validator=at_most(64, "allowHeaders"))
    expose_headers: tuple[str, ...] = field(default=(), validator=at_most(64, "exposeHeaders"))
    max_age: int = field(default=5, validator=_max_age)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> PluginUse:
        self._check(scope)
        lists = {
            "allow_origins": tuple(_origin(text) for text in self.allow_origins if _ORIGIN.fullmatch(text)),
            "allow_methods": self.allow_methods,
            "allow_headers": self.allow_headers,
            "expose_headers": self.expose_headers,
        }
        options: dict[str, Any] = {key: list(words) for key, words in lists.items() if words}
        # HTTPCORSFilter.allowOrigins: a preflight of another origin is answered here, without permission.
        options |= {"max_age": self.max_age, "unmatched_preflights": "ignore"}
        if self.allow_credentials:
            options["allow_credentials"] = True
        return PluginUse("cors", options, self.position)

    def _check(self, scope: Scope) -> None:
        for key, words in (
            ("allowOrigins", self.allow_origins),
            ("allowMethods", self.allow_methods),
            ("allowHeaders", self.allow_headers),
            ("exposeHeaders", self.expose_headers),
        ):
            inner = scope.inside(key)
            for index, word in enumerate(words):
                reason = _reason(key, word)
                if reason:
                    place = inner.inside(f"[{index}]")
                    place.error(reason, self.position, found=f'"{word}"', check=gateway_api.CORS)
            if key != "exposeHeaders" and "*" in words and len(words) > 1:
                inner.error("* stands alone", self.position, check=gateway_api.CORS)
            for word, times in Counter(words).items():
                if times > 1:
                    inner.error(f"{word} is said more than once", self.position, check=gateway_api.REPEATED)


def _reason(key: str, word: str) -> str:
    """Say why this cannot stand in the list, or nothing."""
    if key == "allowOrigins":
        return "" if _ORIGIN.fullmatch(word) else "an origin is *, or http:// or https:// and a host without a path"
    if key == "allowMethods":
        return "" if word in _METHODS else f"this is not a method{did_you_mean(word, _METHODS)}"
    try:
        check_name(word)
    except ValueError:
        return "this is not a header name"
    return ""


def _origin(text: str) -> dict[str, Any]:
    """Return the condition on an origin: a wildcard is any number of labels, and a scheme's own port is no port."""
    if text == "*":
        return {"exact": "*"}
    scheme, _, authority = text.lower().partition("://")
    host, _, port = authority.partition(":")
    own = _WELL_KNOWN[scheme]
    name = r"([^:/]+|\[[^]/]+\])" if host == "*" else "[^:/]+".join(map(re.escape, host.split("*")))
    ports = f"(:{own})?" if port in ("", own) else f":{port}"
    return {"regex": f"{scheme}://{name}{ports}", "ignore_case": True}
