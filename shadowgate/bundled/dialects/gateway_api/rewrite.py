"""``urlRewrite``: another path, and another host, for the request that is forwarded."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from shadowgate.bundled.dialects.gateway_api.forms import precise_hostname
from shadowgate.bundled.dialects.gateway_api.path_modifier import PathModifier
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse


@frozen
class URLRewrite:
    """``HTTPURLRewriteFilter``."""

    hostname: str | None = field(default=None, validator=precise_hostname)
    path: PathModifier | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, prefix: str) -> Iterator[PluginUse]:
        if self.path is not None:
            yield PluginUse("path-rewrite", self.path.options(prefix, "replacement"), self.path.position)
        if self.hostname is not None:
            yield PluginUse("header-rewrite", {"request": {"set": {"host": self.hostname}}}, self.position)
