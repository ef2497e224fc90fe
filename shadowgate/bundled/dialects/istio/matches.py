"""VirtualService ``http[].match[]``: which requests a rule is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import evolve, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, UNSUPPORTED, WITHOUT_EFFECT, report_unserved
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.fields import check_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PathMatch, PluginUse
from shadowgate.plugin import Node
from shadowgate.plugin.regex import compile_regex

# Istio passes over these as names of headers: the match has fields of its own for them.
_NOT_HEADERS: Final = ("uri", "scheme", "method", "authority")


@frozen
class StringMatch:
    """Istio ``StringMatch``; none of the three asks for presence where a value can be missing."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if len(self.options()) > 1:
            raise ValueError(f"give one of exact, prefix and regex, not {' and '.join(self.options())}")

    def options(self) -> dict[str, str]:
        alternatives = {"exact": self.exact, "prefix": self.prefix, "regex": self.regex}
        return {key: value for key, value in alternatives.items() if value is not None}

    def check(self, scope: Scope, *, empty_prefix: bool = False) -> None:
        if self.prefix == "" and not empty_prefix:
            scope.error("an empty prefix holds for every value", self.position)
        if self.regex is not None:
            try:
                compile_regex(self.regex)
            except ValueError as wrong:
                scope.error(str(wrong), self.position, found=f'"{self.regex}"')


@frozen
class HTTPMatch:
    """Istio ``HTTPMatchRequest``: all of its conditions hold."""

    name: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    uri: StringMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: Mapping[str, StringMatch] = field(factory=dict)
    without_headers: Mapping[str, StringMatch] = field(factory=dict)
    query_params: Mapping[str, StringMatch] = field(factory=dict)
    ignore_uri_case: bool = False
    gateways: tuple[str, ...] = ()
    port: Node | None = field(default=None, metadata=UNSUPPORTED)
    source_labels: Node | None = field(default=None, metadata=UNSUPPORTED)
    source_namespace: Node | None = field(default=None, metadata=UNSUPPORTED)
    stat_prefix: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def catches_all(self) -> bool:
        """Whether no request fails to match (the forms that Istio's own validation knows)."""
        any_path = self.uri is None or self.uri.prefix in ("", "/") or self.uri.regex == ".*"
        return any_path and self.conditions == HTTPMatch(uri=self.uri, ignore_uri_case=self.ignore_uri_case)

    @property
    def conditions(self) -> HTTPMatch:
        """The match without what it is called."""
        return evolve(self, name=None, stat_prefix=None)

    def translate(self, scope: Scope) -> model.Match:
        report_unserved(self, scope)
        if any(gateway != "mesh" for gateway in self.gateways):
            scope.inside("gateways").error("gateways is not supported yet", self.position)
        return model.Match(self._path(scope.inside("uri")), tuple(self._conditions(scope)), position=self.position)

    def _path(self, scope: Scope) -> PathMatch | None:
        if self.uri is None or not _one_given(self.uri, scope):
            return None
        self.uri.check(scope, empty_prefix=True)
        # A prefix is of the text, not of path elements: /foo matches /foobar, unlike in the Gateway API.
        for kind in ("exact", "prefix", "regex"):
            value = self.uri.options().get(kind)
            if value is not None:
                return PathMatch(kind, value, self.ignore_uri_case and kind != "regex", self.uri.position)
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
            value.check(scope.inside(f"queryParams.{name}"))
            yield PluginUse("query", {"name": name, **(value.options() or {"present": True})}, value.position)


def _one_given(value: StringMatch, scope: Scope) -> bool:
    if not value.options():
        scope.error("nothing says what this must be", value.position, expected="one of exact, prefix, regex")
    return bool(value.options())


def _header(name: str, value: StringMatch, scope: Scope, extra: Mapping[str, bool]) -> Iterator[PluginUse]:
    if name.lower() in _NOT_HEADERS:
        message = f"{name} is no header here and has no effect; the match has a key of that name"
        scope.warning(message, value.position)
        return
    try:
        check_name(name)
    except ValueError as wrong:
        scope.error(str(wrong), value.position)
        return
    options = value.options()
    if value.regex == "*" or not options:
        # Both ask for presence in Istio, though "*" is no regular expression.
        yield PluginUse("header", {"name": name, "present": True, **extra}, value.position)
        return
    value.check(scope)
    yield PluginUse("header", {"name": name, **options, **extra}, value.position)
