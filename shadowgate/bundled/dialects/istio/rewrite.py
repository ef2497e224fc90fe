"""VirtualService ``http[].rewrite``: another path, and another host, for the request that is forwarded."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from shadowgate.bundled.dialects.istio.values import rooted
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import istio_routing
from shadowgate.plugin.regex import compile_regex


@frozen
class RegexRewrite:
    """Istio ``RegexRewrite``."""

    match: str = ""
    rewrite: str = ""
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        if not self.match or not self.rewrite:
            expected = "both match and rewrite"
            scope.error("half of it is missing", self.position, expected=expected, check=istio_routing.REWRITE)
            return
        try:
            compile_regex(self.match)
        except ValueError as wrong:
            inner = scope.inside("match")
            inner.error(str(wrong), self.position, found=f'"{self.match}"', check=istio_routing.REGEX)


@frozen
class Rewrite:
    """Istio ``HTTPRewrite``."""

    uri: str = ""
    authority: str = ""
    uri_regex_rewrite: RegexRewrite | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> Iterator[PluginUse]:
        """Yield the filters that do it.

        Below a prefix ``uri`` takes the prefix's place, and that of the whole path otherwise.
        """
        if not self.uri and not self.authority and self.uri_regex_rewrite is None:
            expected = "uri, uriRegexRewrite or authority"
            scope.error("the rewrite says nothing", self.position, expected=expected, check=istio_routing.REWRITE)
        if self.uri and self.uri_regex_rewrite is not None:
            message = "uri and uriRegexRewrite exclude each other"
            scope.error(message, self.position, check=istio_routing.REWRITE)
        if self.uri:
            # Istio takes one without its slash, with which Envoy's request would be none.
            options = {"replacement": rooted(self.uri)}
            yield PluginUse("path-rewrite", options, self.position, key="rewrite", matched="prefix")
        elif self.uri_regex_rewrite is not None:
            regex = self.uri_regex_rewrite
            regex.check(scope.inside("uriRegexRewrite"))
            options = {"regex": regex.match, "replacement": regex.rewrite}
            yield PluginUse("path-rewrite", options, regex.position, key="rewrite")
        if self.authority:
            options_of_host = {"request": {"set": {"host": self.authority}}}
            yield PluginUse("header-rewrite", options_of_host, self.position, key="rewrite")
