"""kubectl's JSONPath templates, ``{.items..metadata.name}``: what of an object is printed, and nothing else.

Text stands as it is; what is in braces is a path, a quoted text, or ``range PATH`` up to ``end``.  Several values have
a space between them, and what is not there is nothing.  Of conditions, those with one comparison are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from attrs import frozen

_ACTION: Final = re.compile(r"""\{((?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\}""")
_NAME: Final = re.compile(r"(?:[^.\[\]\s\\\"'(){}=<>!,]|\\.)+")
_QUOTED: Final = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*""")
_SLICE: Final = re.compile(r"\s*(-?[0-9]{1,9})?\s*(:)?\s*(-?[0-9]{1,9})?\s*")
_FILTER: Final = re.compile(r"\?\(\s*@(?P<path>[^\s=!<>()]*)\s*(?:(?P<compare>==|!=)\s*(?P<value>[^()]*?)\s*)?\)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}

Values = list[Any]
Step = Callable[[Values], Values]


@frozen
class Text:
    """What stands there as it is."""

    text: str

    def write(self, here: Any) -> Iterator[str]:
        yield self.text


@frozen
class Path:
    """The values that a path leads to."""

    steps: tuple[Step, ...]

    def values(self, here: Any) -> Values:
        found = [here]
        for step in self.steps:
            found = step(found)
        return found

    def write(self, here: Any) -> Iterator[str]:
        yield " ".join(map(_shown, self.values(here)))


@frozen
class Range:
    """The same for each value of a path."""

    path: Path
    parts: tuple[Text | Path | Range, ...]

    def write(self, here: Any) -> Iterator[str]:
        for each in self.path.values(here):
            for part in self.parts:
                yield from part.write(each)


@frozen
class Template:
    """A template, ready to be written for objects."""

    parts: tuple[Text | Path | Range, ...]

    @classmethod
    def of(cls, text: str) -> Template:
        """Read a template; raises ValueError with what is wrong with it."""
        open_ranges: list[tuple[Path, list[Text | Path | Range]]] = [(Path(()), [])]
        start = 0
        for action in _ACTION.finditer(text):
            _literal(text[start : action.start()], open_ranges[-1][1])
            start = action.end()
            inside = action[1].strip()
            if inside.startswith("range "):
                open_ranges.append((_path(inside.removeprefix("range ").strip()), []))
            elif inside == "end":
                if len(open_ranges) == 1:
                    raise ValueError("there is {end} without {range} before it")
                path, parts = open_ranges.pop()
                open_ranges[-1][1].append(Range(path, tuple(parts)))
            else:
                quoted = _QUOTED.fullmatch(inside)
                open_ranges[-1][1].append(_path(inside) if quoted is None else Text(_unquoted(quoted[1])))
        _literal(text[start:], open_ranges[-1][1])
        if len(open_ranges) > 1:
            raise ValueError("there is {range} without {end}")
        return cls(tuple(open_ranges[0][1]))

    def write(self, value: Any) -> str:
        """Return what the template makes of a value."""
        return "".join(piece for part in self.parts for piece in part.write(value))


def _literal(text: str, parts: list[Text | Path | Range]) -> None:
    if "{" in text or "}" in text:
        raise ValueError(f'"{text}" has a brace too many')
    if text:
        parts.append(Text(text))


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), quoted[1:-1])


def _path(text: str) -> Path:
    return Path(tuple(_steps(text)))


def _steps(text: str) -> Iterator[Step]:
    at = 1 if text[:1] in ("$", "@") else 0
    while at < len(text):
        if text[at] == "[":
            end = _bracket_end(text, at)
            yield _bracketed(text[at + 1 : end])
            at = end + 1
            continue
        if text.startswith("..", at):
            yield _everything
            at += 2
        elif text[at] == ".":
            at += 1
        else:
            raise ValueError(f'"{text[at:]}" is no path; one begins with a dot')
        name = _NAME.match(text, at)
        if name is not None:
            at = name.end()
            yield _children if name[0] == "*" else _field(re.sub(r"\\(.)", r"\1", name[0]))
        elif at < len(text) and text[at] != "[":
            raise ValueError(f'"{text[at:]}" is no path')


def _bracket_end(text: str, start: int) -> int:
    """Return where the bracket that opens at ``start`` is closed; brackets in quotes and in its filter do not count."""
    depth, quote = 0, ""
    for at in range(start, len(text)):
        mark = text[at]
        if quote:
            quote = "" if mark == quote and text[at - 1] != "\\" else quote
        elif mark in "\"'":
            quote = mark
        elif mark in "[]":
            depth += 1 if mark == "[" else -1
            if not depth:
                return at
    raise ValueError(f'"{text[start:]}" is not closed')


def _bracketed(text: str) -> Step:
    """Return the step for what stands in brackets: a name, a place, several places, all, or a condition."""
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return _field(_unquoted(quoted[1]))
    if text.strip() == "*":
        return _children
    condition = _FILTER.fullmatch(text.strip())
    if condition is not None:
        return _condition(_path(condition["path"]), condition["compare"], condition["value"])
    places = _SLICE.fullmatch(text)
    if places is None or not text.strip():
        raise ValueError(f"[{text}] is neither a place, a name in quotes, * nor a condition")
    first, last = (None if each is None else int(each) for each in places.group(1, 3))
    if places[2] is not None:
        return lambda values: [item for each in values if isinstance(each, list) for item in each[first:last]]
    index = first or 0
    return lambda values: [each[index] for each in values if isinstance(each, list) and -len(each) <= index < len(each)]


def _condition(path: Path, compare: str | None, value: str | None) -> Step:
    """Return the step to those items of lists of which a condition holds."""
    wanted: Any = None
    if compare is not None:
        quoted = _QUOTED.fullmatch(value or "")
        try:
            wanted = _unquoted(quoted[1]) if quoted is not None else json.loads(value or "")
        except ValueError:
            raise ValueError(f"{value} is neither a text in quotes nor a number") from None

    def holds(item: Any) -> bool:
        found = path.values(item)
        if compare is None:
            return bool(found)
        return any((each == wanted) is (compare == "==") for each in found)

    return lambda values: [item for each in values if isinstance(each, list) for item in each if holds(item)]


def _field(name: str) -> Step:
    return lambda values: [each[name] for each in values if isinstance(each, dict) and name in each]


def _inside(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return tuple(value.values())
    return value if isinstance(value, list) else ()


def _children(values: Values) -> Values:
    return [item for each in values for item in _inside(each)]


def _everything(values: Values) -> Values:
    """Return the values with all that is in them, those that hold nothing left out."""
    return [found for each in values if (inside := _inside(each)) for found in (each, *_everything(list(inside)))]


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
