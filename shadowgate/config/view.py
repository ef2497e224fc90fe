"""A configuration as plain values: what ``dump``, ``diff`` and the admin API show of it.

One walk over the model for all of them, by the fields that the model's classes have, so that nothing which can be said
is missing from what is shown.  Options of plugins are shown as the plugin understood them: without those left at their
defaults, in one spelling whatever dialect they were written in.  Secrets are still in it; see ``secrets``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

import attrs
from attrs import NOTHING, Attribute, frozen
from zope.interface.interface import InterfaceClass

from shadowgate.config.catalog import Catalog
from shadowgate.config.secrets import redacted
from shadowgate.config.statuses import status_of
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Configuration, Destination, Mirror, PluginUse, Rule, Status
from shadowgate.plugin import (
    IBalancer,
    IFilter,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    IRetryPolicy,
    Report,
    Scalar,
    describe,
)
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Sequence as SequenceNode

_POINTS: Final[Mapping[str, InterfaceClass]] = {
    "conditions": IMatcher,
    "filters": IFilter,
    "balancer": IBalancer,
    "retry": IRetryPolicy,
    "policy": IMirrorPolicy,
    "observers": IMirrorObserver,
}
"""Which extension point a field of the model asks at."""

_PLAIN_TEXT: Final = re.compile(r"[^\s,\[\]{}#&*!|>'\"%@`:][^\s,\[\]{}#:]*").fullmatch
_OTHER_TYPE: Final = re.compile(
    r"[-+]?[0-9][0-9_]*(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?|true|false|yes|no|on|off|null|~", re.IGNORECASE
).fullmatch
"""Text that YAML 1.1 would read as something else."""
_FIRST: Final = ("kind", "namespace", "name")
"""What a part is called, shown before what it says."""
_UNSAID: Final = frozenset({"said", "inherits", "named", "takes_defaults"})
"""Fields that ``config`` keeps its accounts in."""
_ONLY_IF_SAID: Final = frozenset({"failure", "parents", "generation", "protocol"})
"""Fields that most parts have nothing to say in."""

Plain = dict[str, Any]


@frozen
class View:
    """Shows parts of a configuration.  ``catalog`` is asked what options mean; without it they stay as written."""

    catalog: Catalog | None = None

    def configuration(self, configuration: Configuration) -> Plain:
        """Return listeners, routes and clusters, and the statuses of objects that have one."""
        return {
            "listeners": self.all(configuration.listeners),
            "routes": self.all(configuration.routes),
            "clusters": self.all(configuration.clusters),
            "statuses": [_status(status) for status in configuration.statuses],
        }

    def all(self, parts: Iterable[Any]) -> list[Plain]:
        return [self.part(part) for part in parts]

    def part(self, part: Any) -> Plain:
        """Return one value of the model with all its fields; what was not said (None) is left out."""
        shown: Plain = {}
        if isinstance(part, Destination):
            shown["destination"] = str(part)
        fields = {field.name: field for field in attrs.fields(type(part)) if field.init and field.name not in _UNSAID}
        if isinstance(part, Rule):
            del fields["conditions"]  # they stand in the route's status
        for name in dict.fromkeys((*filter(fields.__contains__, _FIRST), *fields)):
            value = getattr(part, name)
            if value is not None and value != NOWHERE and (value or name not in _ONLY_IF_SAID):
                shown[camel(name)] = self._value(value, _POINTS.get(name))
        if isinstance(part, Mirror):
            shown["name"] = part.label
        return shown

    def use(self, use: PluginUse, point: InterfaceClass | None) -> Plain:
        """Return a plugin's name and options."""
        shown: Plain = {"plugin": use.name}
        options = self.options(use, point)
        if options:
            shown["options"] = options
        if use.on_error != "fail":
            shown["onError"] = use.on_error
        return shown

    def words(self, use: PluginUse, point: InterfaceClass | None) -> str:
        """Return a plugin's name and options on one line, without secrets."""
        shown = redacted(self.use(use, point))
        return f"{shown['plugin']} {inline(shown['options'])}" if "options" in shown else str(shown["plugin"])

    def options(self, use: PluginUse, point: InterfaceClass | None) -> Any:
        """Return the options that differ from their defaults, or what was written where they cannot be understood."""
        component = None
        if self.catalog is not None and point is not None:
            component = self.catalog.build(point, use, Report())
        return _plain(use.options) if component is None else _given(component)

    def _value(self, value: Any, point: InterfaceClass | None) -> Any:
        if isinstance(value, PluginUse):
            return self.use(value, point)
        if isinstance(value, Position):
            return str(value)
        if attrs.has(type(value)):
            return self.part(value)
        if isinstance(value, tuple):
            return [self._value(item, point) for item in value]
        if isinstance(value, Mapping):
            return {str(key): self._value(item, point) for key, item in value.items()}
        return value


def _status(status: Status) -> Plain:
    key = status.key
    named = {"kind": key.kind, "namespace": key.namespace, "name": key.name}
    return {**{name: value for name, value in named.items() if value}, "status": status_of(status)}


def camel(snake: str) -> str:
    """Return a field's name as a configuration spells it."""
    first, *rest = snake.split("_")
    return first + "".join(map(str.capitalize, rest))


def _given(component: Any) -> Plain:
    """Return the fields of a component, or of a class inside one, that are not at their defaults."""
    fields = [field for field in attrs.fields(type(component)) if field.init and field.name != "position"]
    shown: Plain = {}
    for field, option in zip(fields, describe(type(component)), strict=True):
        value = getattr(component, field.name)
        if not _is_default(field, value):
            shown[option.name] = _plain(value, option.type)
    return {"name": shown["name"], **shown} if "name" in shown else shown


def _is_default(field: Attribute[Any], value: Any) -> bool:
    default: Any = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = NOTHING if default.takes_self else default.factory()
    return default is not NOTHING and bool(value == default)


def _plain(value: Any, type_text: str = "") -> Any:
    """Return an option's value as JSON has it; durations are text again, as they were written."""
    if isinstance(value, Scalar):
        return None if value.null else value.text
    if isinstance(value, SequenceNode):
        return [_plain(item) for item in value]
    if isinstance(value, MappingNode):
        return {key.text: _plain(item) for key, item in value.entries}
    if isinstance(value, PluginUse):
        options = _plain(value.options)
        return {value.name: options} if options else value.name
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and "duration" in type_text:
        return seconds(value)
    return _given(value) if attrs.has(type(value)) else value


def seconds(value: float) -> str:
    """Return a duration as a configuration spells it: ``250ms``, ``1.5s``."""
    return f"{value * 1000:g}ms" if 0 < value < 1 else f"{value:g}s"


def inline(value: Any) -> str:
    """Return plain values on one line, as YAML's flow style has them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if value is None:
        return "null"
    text = str(value)
    plain = _PLAIN_TEXT(text) and not _OTHER_TYPE(text)
    return text if plain else json.dumps(text, ensure_ascii=False)
