"""A configuration as it travels from the supervisor to the workers: read, translated and assembled once, for all.

It is pickled in pieces.  All in one it would be unpickled in one go, in which no request has a turn.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import evolve, fields

from shadowgate.errors import ConfigError, Problem
from shadowgate.model import Configuration, Route
from shadowgate.plugin.checks import plugins

Packed = tuple[bytes, ...]
"""Each item of each field of a Configuration, with the field's name; rules that follow stand behind their route."""

RULES_AT_ONCE: Final = 100

_ITEM: Final = "[]"
_MORE_RULES: Final = "routes[-1].rules"


def pack(configuration: Configuration) -> Packed:
    """Return the pieces; raises :class:`ConfigError` for what a plugin has put in and cannot leave the process."""
    try:
        return tuple(pickle.dumps(piece, pickle.HIGHEST_PROTOCOL) for piece in _pieces(configuration))
    except Exception as wrong:
        message = f"this configuration cannot be given to workers: {wrong}"
        raise ConfigError([Problem(message, code=plugins.FAILED.code)]) from wrong


def unpack(packed: Iterable[bytes]) -> Configuration:
    """Return the configuration that :func:`pack` was given."""
    found: dict[str, Any] = {}
    for piece in packed:
        name, value = pickle.loads(piece)
        if name == _MORE_RULES:
            routes = found["routes"]
            routes[-1] = evolve(routes[-1], rules=routes[-1].rules + value)
        elif name.endswith(_ITEM):
            found.setdefault(name.removesuffix(_ITEM), []).append(value)
        else:
            found[name] = value
    return Configuration(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})


def _pieces(configuration: Configuration) -> Iterator[tuple[str, Any]]:
    for field in fields(Configuration):
        value = getattr(configuration, field.name)
        if not field.init:
            continue
        if not isinstance(value, tuple):
            yield field.name, value
            continue
        for item in value:
            yield from _parts(item) if isinstance(item, Route) else [(field.name + _ITEM, item)]


def _parts(route: Route) -> Iterator[tuple[str, Any]]:
    yield f"routes{_ITEM}", evolve(route, rules=route.rules[:RULES_AT_ONCE])
    for start in range(RULES_AT_ONCE, len(route.rules), RULES_AT_ONCE):
        yield _MORE_RULES, route.rules[start : start + RULES_AT_ONCE]
