"""``rules[].sessionPersistence``: who has been at a backend comes there again (GEP-1619, experimental)."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Literal

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.gateway_api.forms import duration, header_name, seconds, text_of
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, gateway_api


def _lasting(instance: Any, attribute: Attribute[str | None], value: str | None) -> None:
    duration(instance, attribute, value)
    if value is not None and seconds(value) < 1:
        raise Unfit(gateway_api.SESSION, "a session lasts 1s or longer")


@frozen
class CookieConfig:
    """``cookie``."""

    name: str | None = field(default=None, validator=header_name)
    path: str = field(default="/", validator=text_of(0, 1024, "a path"))
    lifetime_type: Literal["Session", "Permanent"] = "Session"


@frozen
class HeaderConfig:
    """``header``."""

    name: str = field(validator=header_name)


@frozen
class SessionPersistence:
    """A cookie of the gateway's making, or a header.

    Until version 1.6 of the API ``cookie`` was called ``cookieConfig`` and had no name, ``sessionName`` was that of the
    cookie or header and could be left out for either, and until 1.5 there was ``idleTimeout``.
    """

    type: Literal["Cookie", "Header"] = "Cookie"
    cookie: CookieConfig | None = None
    cookie_config: CookieConfig | None = None
    header: HeaderConfig | None = None
    session_name: str | None = field(default=None, validator=header_name)
    absolute_timeout: str | None = field(default=None, validator=_lasting)
    idle_timeout: str | None = field(default=None, validator=_lasting)
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        cookie = self._cookie
        if self.cookie is not None and self.cookie_config is not None:
            raise Unfit(gateway_api.SESSION, "cookieConfig is the older name of cookie; write one of them")
        if cookie is not None and self.type != "Cookie":
            raise Unfit(gateway_api.SESSION, "cookie belongs to the type Cookie")
        if self.header is not None and self.type != "Header":
            raise Unfit(gateway_api.SESSION, "header belongs to the type Header")
        if cookie is not None and cookie.lifetime_type == "Permanent" and self.absolute_timeout is None:
            raise Unfit(gateway_api.SESSION, "a Permanent cookie needs absoluteTimeout")

    @property
    def _cookie(self) -> CookieConfig | None:
        return self.cookie or self.cookie_config

    def translate(self, owner: str, rule: str) -> tuple[PluginUse, PluginUse]:
        """Return the balancers among the rule's destinations and among the endpoints of each.

        ``owner`` is the route, whose sessions mean nothing to others; ``rule`` tells its rules apart.
        """
        options: dict[str, Any] = {"salt": owner}
        lasts = None if self.absolute_timeout is None else seconds(self.absolute_timeout)
        if lasts is not None:
            options["timeout"] = lasts
        if self.idle_timeout is not None:
            options["idle_timeout"] = seconds(self.idle_timeout)
        if self.type == "Header":
            name = self.session_name if self.header is None else self.header.name
            options["header"] = name or _own_name(f"{owner} {rule}")
        else:
            cookie = self._cookie or CookieConfig()
            permanent = cookie.lifetime_type == "Permanent"
            options["cookie"] = {
                "name": cookie.name or self.session_name or _own_name(f"{owner} {rule}"),
                "path": cookie.path or "/",
                "ttl": lasts if permanent else 0,
                "attributes": ["SameSite=Strict"],
            }
        return (
            PluginUse("session", {**options, "among": "destinations"}, self.position),
            PluginUse("session", {**options, "among": "endpoints"}, self.position),
        )


def _own_name(rule: str) -> str:
    """Return a name that no other rule's cookie or header has (``CookieConfig.name``)."""
    return f"session-{blake2b(rule.encode(), digest_size=4).hexdigest()}"
