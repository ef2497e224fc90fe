"""Routing templates: those that Iter8's charts and tutorials produce, which know weights and nothing else.

Go's templates are a programming language, which is not run here.  What the published patterns use of it is this:

    {{- if gt (index .Weights 1) 0 }}      on a line of its own, with {{- else }} and {{- end }}
    {{ index .Weights 0 }}                 inside a line

Anything else is refused at its place.  A line that is left out stays as an empty one, so that every place in what comes
of a template is the place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from attrs import define, evolve, field

from shadowgate.errors import Position
from shadowgate.plugin import Document, Report, Scalar
from shadowgate.plugin.checks import variants
from shadowgate.plugin.documents import Block
from shadowgate.plugin.yaml import read_embedded

_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_INDEX: Final = r"index\s+\$?\.Weights\s+(?P<index>[0-9]{1,4})"
_WEIGHT: Final = re.compile(rf"\(?\s*{_INDEX}\s*\)?")
_IF: Final = re.compile(rf"if\s+(?P<compare>gt|ge|lt|le|eq|ne)\s+\(\s*{_INDEX}\s*\)\s+(?P<number>[0-9]{{1,10}})")
_COMMENT: Final = re.compile(r"/\*.*\*/")
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"gt": gt, "ge": ge, "lt": lt, "le": le, "eq": eq, "ne": ne}
_KNOWN: Final = (
    "{{- if gt (index .Weights 1) 0 }}, {{- else }} and {{- end }} on lines of their own; {{ index .Weights 0 }}"
)


def render(text: Scalar, weights: Sequence[int], path: str, report: Report) -> list[Document]:
    """Return the documents that a template yields for these weights, or none after reporting what is wrong."""
    writing = _Writing(text, weights, path, report)
    lines = [writing.line(number, line) for number, line in enumerate(text.text.split("\n"))]
    writing.end()
    if not writing.sound:
        return []
    return read_embedded(evolve(text, text="\n".join(lines)), report)


@define
class _Writing:
    """A template under way, line by line; ``open`` has for each ``if`` around the line whether it holds, and where."""

    text: Scalar
    weights: Sequence[int]
    path: str
    report: Report
    open: list[tuple[bool, int, int]] = field(factory=list)
    sound: bool = True

    def line(self, number: int, line: str) -> str:
        """Return what a line becomes."""
        whole = _ACTION.fullmatch(line.strip())
        if whole is not None and self.control(whole[1], number, line.index("{{")):
            return ""
        written = "".join(self.parts(number, line))
        return written if all(held for held, *_ in self.open) else ""

    def control(self, action: str, number: int, column: int) -> bool:
        """Take an action that decides about lines; return whether it is one."""
        condition = _IF.fullmatch(action)
        if condition is not None:
            weight = self.weight(int(condition["index"]), number, column)
            self.open.append((_COMPARE[condition["compare"]](weight, int(condition["number"])), number, column))
        elif action in ("else", "end"):
            if not self.open:
                self.wrong(f"{{{{ {action} }}}} without an if before it", number, column)
            else:
                held, *place = self.open.pop()
                if action == "else":
                    self.open.append((not held, place[0], place[1]))
        else:
            return _COMMENT.fullmatch(action) is not None
        return True

    def parts(self, number: int, line: str) -> Iterator[str]:
        """Yield a line piece by piece, weights in the place of the actions that ask for them."""
        start = 0
        for action in _ACTION.finditer(line):
            yield line[start : action.start()]
            start = action.end()
            asked = _WEIGHT.fullmatch(action[1])
            if asked is None:
                message = f"this part of Go's template language is not read: {action[0]}"
                self.wrong(message, number, action.start(), expected=_KNOWN)
            else:
                yield str(self.weight(int(asked["index"]), number, action.start()))
        rest = line[start:]
        if "{{" in rest:
            self.wrong("an action has to end on the line that it begins on", number, start + rest.index("{{"))
        yield rest

    def weight(self, index: int, number: int, column: int) -> int:
        if index < len(self.weights):
            return self.weights[index]
        message = f"there is no weight {index}; versions count from 0, and the last one is {len(self.weights) - 1}"
        self.wrong(message, number, column)
        return 0

    def end(self) -> None:
        for _, number, column in self.open:
            self.wrong("this if has no end", number, column)

    def wrong(self, message: str, number: int, column: int, expected: str = "") -> None:
        self.sound = False
        at = self.text.position
        if isinstance(self.text, Block):
            at = Position(at.source, at.line + 1 + number, column + 1 + self.text.indent)
        self.report.error(message, at, path=self.path, expected=expected, check=variants.TEMPLATE)
