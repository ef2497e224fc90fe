"""Plain values as text that reads like the YAML it came from, each item of a list with the place it came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shadowgate.config.view import inline

WIDTH = 110
"""Columns up to which a value stands on one line."""


def lines_of(value: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Yield the lines of a mapping; what says nothing (empty, false, without a name) is left out."""
    for key, item in value.items():
        if key == "position" or _silent(item):
            continue
        short = compact(item)
        if not isinstance(item, dict | list) or (not _has_parts(item) and len(indent + key + short) < WIDTH):
            yield f"{indent}{key}: {short}"
        elif isinstance(item, dict):
            yield f"{indent}{key}:"
            yield from lines_of(item, f"{indent}  ")
        else:
            yield f"{indent}{key}:"
            for part in item:
                yield from _item(part, indent)


def compact(value: Any) -> str:
    """Return a value on one line, without places and without what says nothing."""
    return inline(_said(value))


def plugin(use: dict[str, Any]) -> str:
    """Return a plugin's name and options on one line."""
    return " ".join([str(use["plugin"]), *(compact(value) for key, value in use.items() if key != "plugin")])


def _item(part: Any, indent: str) -> Iterator[str]:
    short = compact(part)
    if not isinstance(part, dict) or (not _has_parts(part) and len(indent + short) < WIDTH):
        yield f"{indent}- {short}{_place(part)}"
        return
    first, *others = lines_of(part, f"{indent}  ")
    yield f"{indent}- {first[len(indent) + 2 :]}{_place(part)}"
    yield from others


def _said(value: Any) -> Any:
    if isinstance(value, list):
        return [_said(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "plugin" in value:
        return {value["plugin"]: _said(value["options"])} if "options" in value else value["plugin"]
    return {key: _said(item) for key, item in value.items() if key != "position" and not _silent(item)}


def _place(part: Any) -> str:
    return f"  # {part['position']}" if isinstance(part, dict) and part.get("position") else ""


def _silent(value: Any) -> bool:
    if isinstance(value, dict):
        return all(key == "position" or _silent(item) for key, item in value.items())
    return value is None or value is False or value == "" or value == []


def _has_parts(value: Any) -> bool:
    """Whether there is a list inside whose items have places of their own."""
    if isinstance(value, list):
        return any(isinstance(item, dict) and ("position" in item or _has_parts(item)) for item in value)
    return isinstance(value, dict) and any(map(_has_parts, value.values()))
