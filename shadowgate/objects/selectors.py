"""Label selectors as kubectl takes them: ``app=web,version in (v1,v2),!canary``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

Labels = Mapping[str, str]
Selects = Callable[[Labels], bool]

_KEY: Final = r"(?P<key>[A-Za-z0-9][-A-Za-z0-9_./]*)"
_SET: Final = re.compile(rf"{_KEY}\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL: Final = re.compile(rf"{_KEY}\s*(?P<operator>==|=|!=)\s*(?P<values>[-A-Za-z0-9_.]*)")
_EXISTS: Final = re.compile(rf"(?P<operator>!?)\s*{_KEY}")
_COMMA: Final = re.compile(r",(?![^()]*\))")
"""A comma that is not inside parentheses."""


def read_selector(text: str) -> Selects:
    """Return whether labels are selected; raises ``ValueError`` with a sentence."""
    requirements = [_requirement(part.strip()) for part in _COMMA.split(text)] if text.strip() else []
    return lambda labels: all(holds(labels) for holds in requirements)


def _requirement(text: str) -> Selects:
    if found := _SET.fullmatch(text) or _EQUAL.fullmatch(text):
        key, operator = found["key"], found["operator"]
        values = frozenset(value.strip() for value in found["values"].split(","))
        if operator in ("notin", "!="):
            # Kubernetes: what does not carry the label at all is selected as well.
            return lambda labels: labels.get(key) not in values
        return lambda labels: labels.get(key) in values
    if found := _EXISTS.fullmatch(text):
        key, absent = found["key"], bool(found["operator"])
        return lambda labels: (key in labels) is not absent
    raise ValueError(f'"{text}" is no label selector; write key=value, key!=value, key in (a,b), key or !key')
