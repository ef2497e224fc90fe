"""How the demonstration looks: plain lines for 100 columns, with colour only where a person reads them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from attrs import frozen

from shadowgate.demo.httpbin import AccessLine

WIDTH = 100

BOLD, DIM, GREEN, MAGENTA, CYAN = "1", "2", "32", "35", "36"
VOICES: Mapping[str, str] = {"client": CYAN, "v1": GREEN, "v2": MAGENTA}
"""Each party keeps its colour from the first line to the last."""


@frozen
class Screen:
    """Writes to ``stream``; see https://no-color.org for the one variable that it obeys."""

    stream: TextIO

    def line(self, text: str = "") -> None:
        print(text, file=self.stream, flush=True)

    def paint(self, style: str, text: str) -> str:
        if not self.stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return text
        return f"\x1b[{style}m{text}\x1b[0m"

    def heading(self, text: str) -> None:
        self.line()
        self.line(f"{self.paint(BOLD, text)} {self.paint(DIM, '─' * (WIDTH - len(text) - 1))}")

    def party(self, name: str, address: str, remark: str) -> None:
        self.line(f"  {self.voice(name, 11)}{address:<25}{self.paint(DIM, remark)}")

    def voice(self, name: str, width: int) -> str:
        """A party's name in its colour, padded before it is painted."""
        return self.paint(VOICES.get(name.partition(" ")[2] or name, BOLD), name.ljust(width))

    def said(self, name: str, text: str) -> None:
        self.line(f"  {self.voice(name, 7)}{text}")

    def access(self, name: str, line: AccessLine) -> None:
        """An access line as the server wrote it, and below it the Host that it was asked for."""
        self.said(name, str(line))
        self.line(f"  {'':7}Host: {self.paint(VOICES[name], line.host)}")

    def side_by_side(self, left: AccessLine, right: AccessLine) -> None:
        """The headers that v1 and v2 received for one request; what differs comes first and stands out."""
        self.line(f"  {'':20}{self.voice('v1', 39)}{self.voice('v2', 0)}")
        for header in _in_order(left, right):
            one, other = (line.header(header) or "(absent)" for line in (left, right))
            style = DIM if one == other else VOICES["v2"]
            self.line(f"  {_cut(header, 19):<20}{_cut(one, 38):<39}{self.paint(style, _cut(other, 38))}")


def _in_order(left: AccessLine, right: AccessLine) -> list[str]:
    """Header names of both, those that differ first, each group in alphabetical order."""
    names = {name.title() for name, _ in (*left.headers, *right.headers)}
    return sorted(names, key=lambda name: (left.header(name) == right.header(name), name))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
