"""VirtualService ``http[].match[]``: which requests a rule is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import Attribute, evolve, field

from shadowgate import model
from shadowgate.bundled.dialects.istio.gateway_names import check_gateways, resolve_gateways
from shadowgate.bundled.dialects.istio.labels import check_labels
from shadowgate.bundled.dialects.istio.unserved import UNSERVED
from shadowgate.bundled.dialects.istio.values import port_number
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.fields import check_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.fixed import fixed
from shadowgate.model import PathMatch, PluginUse
from shadowgate.plugin.checks import Unfit, istio_routing
from shadowgate.plugin.regex import compile_regex

# Istio passes over these as names of headers: the match has fields of its own for them.
_NOT_HEADERS: Final = ("uri", "scheme", "method", "authority")
_CLAIMS: Final = "@request.auth.claims"
_ANY_PATH: Final = ("", "/")


def _port(instance: Any, attribute: Attribute[Any], value: int) -> None:
    if value:  # 0 is none, as in protocol buffers
        port_number(instance, attribute, value)


@fixed
class StringMatch:
    """Istio ``StringMatch``; none of the three asks for presence where a value can be missing."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        given = (self.exact is not None) + (self.prefix is not None) + (self.regex is not None)
        if given > 1:
            message = f"give one of exact, prefix and regex, not {' and '.join(self.options())}"
            raise Unfit(istio_routing.STRING_MATCH, message)

    def options(self) -> dict[str, str]:
        options: dict[str, str] = {}
        if self.exact is not None:
            options["exact"] = self.exact
        if self.prefix is not None:
            options["prefix"] = self.prefix
        if self.regex is not None:
            options["regex"] = self.regex
        return options

    def check(self, scope: Scope, *, empty_prefix: bool = False) -> None:
        if self.prefix == "" and not empty_prefix:
            scope.error("an empty prefix holds for every value", self.position, check=istio_routing.STRING_MATCH)
        if self.regex is not None:
            try:
                compile_regex(self.regex)
            except ValueError as wrong:
                scope.error(str(wrong), self.position, found=f'"{self.regex}"', check=istio_routing.REGEX)


@fixed
class HTTPMatch:
    """Istio ``HTTPMatchRequest``: all of its conditions hold."""

    name: str = ""
    uri: StringMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: Mapping[str, StringMatch] = field(factory=dict)
    without_headers: Mapping[str, StringMatch] = field(factory=dict)
    query_params: Mapping[str, StringMatch] = field(factory=dict)
    ignore_uri_case: bool = False
    port: int = field(default=0, validator=_port)
    gateways: tuple[str, ...] = ()
    source_labels: Mapping[str, str] = field(factory=dict)
    source_namespace: str = field(default="", metadata=UNSERVED)
    stat_prefix: str = ""
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def catches_all(self) -> bool:
        """Whether no request fails to match (the forms that Istio's own validation knows)."""
        any_path = self.uri is None or self.uri.prefix in _ANY_PATH or self.uri.regex == ".*"
        return any_path and self.conditions == HTTPMatch(uri=self.uri, ignore_uri_case=self.ignore_uri_case)

    @property
    def conditions(self) -> HTTPMatch:
        """The match without what it is called."""
        return evolve(self, name="", stat_prefix="")

    def translate(self, scope: Scope) -> model.Match | None:
        """Return the match, or None where it can never hold."""
        if self.gateways:
            check_gateways(self.gateways, self.position, scope.inside("gateways"))
        if self.source_labels:
            check_labels(self.source_labels, self.position, scope.inside("sourceLabels"))
        path = self._path(scope.inside("uri"))
        conditions = tuple(self._conditions(scope))
        if self._nobodys(scope) or (self.uri is not None and path is None):
            return None
        return model.Match(
            path,
            conditions,
            name=self.name,
            stat_prefix=self.stat_prefix,
            listeners=resolve_gateways(self.gateways, scope.namespace),
            port=self.port or None,
            position=self.position,
        )

    def _nobodys(self, scope: Scope) -> bool:
        """Report conditions on what only a mesh knows of its clients; what asks for it gets no request."""
        unknown = {}
        if self.source_namespace:
            unknown["sourceNamespace"] = "clients of a gateway are in no namespace"
        for name in self.headers:
            if name.startswith(_CLAIMS):
                unknown[f"headers.{name}"] = "the gateway checks no tokens, so that no request has claims"
        for key, reason in unknown.items():
            message = f"{reason}; this match never holds"
            scope.inside(key).warning(message, self.position, check=istio_routing.SOURCE_UNKNOWN)
        return bool(unknown)

    def _path(self, scope: Scope) -> PathMatch | None:
        if self.uri is None or not _one_given(self.uri, scope):
            return None
        self.uri.check(scope, empty_prefix=True)
        # A prefix is of the text, not of path elements: /foo matches /foobar, unlike in the Gateway API.
        given = self.uri.options()
        for kind in ("exact", "prefix", "regex"):
            if kind in given:
                return PathMatch(kind, given[kind], self.ignore_uri_case and kind != "regex", self.uri.position)
        return None

    def _conditions(self, scope: Scope) -> Iterator[PluginUse]:
        for name, value in (("scheme", self.scheme), ("method", self.method), ("authority", self.authority)):
            if value is not None and _one_given(value, scope.inside(name)):
                value.check(scope.inside(name))
                yield PluginUse(name, value.options(), value.position)
        for name, value in self.headers.items():
            yield from _header(name, value, scope.inside(f"headers.{name}"), {})
        for name, value in self.without_headers.items():
            yield from _header(name, value, scope.inside(f"withoutHeaders.{name}"), {"invert": True})
        for name, value in self.query_params.items():
            yield _named("query", name, value, scope.inside(f"queryParams.{name}"), {})
        if self.source_labels:
            yield PluginUse("source-labels", {"labels": dict(self.source_labels)}, self.position)


def _one_given(value: StringMatch, scope: Scope) -> bool:
    given = bool(value.options())
    if not given:
        message, expected = "nothing says what this must be", "one of exact, prefix, regex"
        scope.error(message, value.position, expected=expected, check=istio_routing.STRING_MATCH)
    return given


def _header(name: str, value: StringMatch, scope: Scope, extra: Mapping[str, bool]) -> Iterator[PluginUse]:
    if name.lower() in _NOT_HEADERS:
        message = f"{name} is no header here and has no effect; the match has a key of that name"
        scope.warning(message, value.position, check=istio_routing.HEADER_NAME)
        return
    if name.startswith(_CLAIMS):
        return
    try:
        check_name(name)
    except ValueError as wrong:
        scope.error(str(wrong), value.position, check=istio_routing.HEADER_NAME)
        return
    yield _named("header", name, value, scope, extra)


def _named(plugin: str, name: str, value: StringMatch, scope: Scope, extra: Mapping[str, bool]) -> PluginUse:
    """Return the condition on a header or parameter; ``{}`` asks for presence, and so does ``regex: "*"`` in Istio."""
    if value.regex == "*" or not value.options():
        return PluginUse(plugin, {"name": name, "present": True, **extra}, value.position)
    value.check(scope)
    return PluginUse(plugin, {"name": name, **value.options(), **extra}, value.position)
