"""``requestRedirect``: another address that the client is told to ask."""

from __future__ import annotations

from typing import Any, Literal

from attrs import field, frozen

from shadowgate.bundled.dialects.gateway_api.forms import port_number, precise_hostname
from shadowgate.bundled.dialects.gateway_api.path_modifier import PathModifier
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse


@frozen
class RequestRedirect:
    """What is not said stays as the client asked for it, but for the port."""

    scheme: Literal["http", "https"] | None = None
    hostname: str | None = field(default=None, validator=precise_hostname)
    path: PathModifier | None = None
    port: int | None = field(default=None, validator=port_number)
    status_code: Literal[301, 302, 303, 307, 308] = 302
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, prefix: str) -> PluginUse:
        options: dict[str, Any] = {"code": self.status_code}
        if self.scheme is not None:
            options["scheme"] = self.scheme
        if self.hostname is not None:
            options["authority"] = self.hostname
        if self.path is not None:
            options |= self.path.options(prefix, "path")
        # HTTPRequestRedirectFilter.port: what is said, else the well-known port of a scheme that is said, else the
        # listener's.
        if self.port is not None:
            options["port"] = self.port
        else:
            options["derive_port"] = "request" if self.scheme is None else "protocol-default"
        return PluginUse("redirect", options, self.position)
