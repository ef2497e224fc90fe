"""What can go wrong, as values: problems in a configuration, and the two parties of a message at fault.

Everything else imports from here and nothing here imports from the package.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from attrs import frozen

from shadowgate.fixed import fixed

Severity = Literal["error", "warning", "info"]


@fixed(order=True)
class Position:
    """Where something was said: a file (or another source's name) with a line and column, counted from 1.

    ``line`` is 0 where there are no lines, as on a command line.
    """

    source: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


NOWHERE = Position("<built-in>")


@frozen
class Problem:
    """One thing to tell the writer of a configuration.

    ``path`` names the item inside its document (``VirtualService httpbin: spec.http[0].mirror``), ``found`` is what
    stands there and ``expected`` what should.  ``code`` (``SG0101``) never changes its meaning and has an entry in the
    reference.  Only an ``error`` keeps a configuration from being served.
    """

    message: str
    position: Position = NOWHERE
    severity: Severity = "error"
    path: str = ""
    found: str = ""
    expected: str = ""
    code: str = ""

    def __str__(self) -> str:
        code = f" [{self.code}]" if self.code else ""
        text = f"{self.position}: {self.severity}{code}: "
        if self.path:
            text += f"{self.path}: "
        text += self.message
        if self.found:
            text += f"; found {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        return text if text.isprintable() else _on_one_line(text)


def _on_one_line(text: str) -> str:
    """Escape what a configuration has of line breaks and control sequences: a problem is one line, and forges none."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


class ConfigError(Exception):
    """A configuration that cannot be served; ``problems`` holds all that is wrong with it, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PluginError(Exception):
    """A plugin that cannot be used: not found, not importable, or not what its declaration says."""


class BadRequest(Exception):
    """A request that is refused before it is routed; the client is at fault.

    ``status`` is the answer's status, ``reason`` a short sentence that is safe to show to the client.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class BadResponse(Exception):
    """An upstream's answer that cannot be trusted; ``reason`` goes to the log, never to the client."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadBody(Exception):
    """A message body that cannot be delimited or ended early; whichever peer sent it is at fault.

    ``status`` is the answer's status where that is a client.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
