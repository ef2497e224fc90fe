"""Document trees as YAML text again, and as plain values.

The text says what the writer said: scalars keep their words and their quotes, so that reading it gives the same tree.
Comments are not in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from shadowgate.plugin.documents import Mapping, Node, Scalar, Sequence

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_ENDLESS: Final = 1 << 30
"""Columns of a line: text is not folded."""
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER: Final = 40
"""Digits of a number; what is longer is text."""
_SPACES: Final = re.compile(r" +$", re.MULTILINE)
_STANDS_FOR_SPACE: Final = "\ue000"
"""The emitter writes no line that ends with a space as it is; it writes this one, of which nothing means anything."""
_TRUTH: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
FIRST: Final = ("apiVersion", "kind", "metadata")
LAST: Final = ("status",)


def yaml_text(root: Mapping) -> str:
    """Return the document as YAML."""
    keep_ends = not any(_STANDS_FOR_SPACE in text for text in _texts(root))
    events = [
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *_events(root, keep_ends),
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    ]
    text: str = yaml.emit(events, Dumper=_DUMPER, width=_ENDLESS, allow_unicode=True)
    return text.replace(_STANDS_FOR_SPACE, " ") if keep_ends else text


def in_order(root: Mapping) -> Mapping:
    """Return the document with its keys in the order in which everybody reads them; the others stay as written."""

    def place(entry: tuple[Scalar, Node]) -> int:
        key = entry[0].text
        return FIRST.index(key) if key in FIRST else len(FIRST) + (key in LAST)

    return Mapping(tuple(sorted(root.entries, key=place)), root.position)


def plain(node: Node) -> Any:
    """Return the node as JSON has it: what is unquoted and looks like a number, truth or nothing is one."""
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    if node.quoted:
        return node.text
    return None if node.null else _value(node.text)


def _value(text: str) -> Any:
    if text in _TRUTH:
        return _TRUTH[text]
    if len(text) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
    return text


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.entries:
            yield key.text
            yield from _texts(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _texts(item)
    else:
        yield node.text


def _events(node: Node, keep_ends: bool) -> Iterator[yaml.Event]:
    if isinstance(node, Mapping):
        yield yaml.MappingStartEvent(None, None, True, flow_style=False)
        for key, value in node.entries:
            yield from _events(key, keep_ends)
            yield from _events(value, keep_ends)
        yield yaml.MappingEndEvent()
    elif isinstance(node, Sequence):
        yield yaml.SequenceStartEvent(None, None, True, flow_style=False)
        for item in node.items:
            yield from _events(item, keep_ends)
        yield yaml.SequenceEndEvent()
    elif node.quoted and "\n" in node.text:
        text = _with_ends(node.text) if keep_ends else node.text
        yield yaml.ScalarEvent(None, None, (False, True), text, style="|")
    elif node.quoted:
        yield yaml.ScalarEvent(None, None, (False, True), node.text, style='"')
    else:
        yield yaml.ScalarEvent(None, None, (True, False), node.text or "null", style=None)


def _with_ends(text: str) -> str:
    """Return a text of several lines with the spaces at their ends kept from the emitter, where that can be done."""
    if not text.partition("\n")[0].strip():
        return text  # the first line tells how far the others are indented
    return _SPACES.sub(lambda found: _STANDS_FOR_SPACE * len(found[0]), text)
