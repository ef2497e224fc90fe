"""Where in a document a translation stands: problems raised there carry the path and go to the report.

Paths start below the document; whoever reads many of them puts the document's title before.
"""

from __future__ import annotations

from attrs import evolve, frozen

from shadowgate.errors import Position, Severity
from shadowgate.plugin import Report


@frozen
class Scope:
    """``path`` leads to the part that is translated now; ``namespace`` and ``document``, its place, stay the same."""

    report: Report
    path: str
    namespace: str
    document: Position

    def inside(self, key: str) -> Scope:
        """Return the scope of a part: a key, or an index as ``[0]``."""
        dot = "." if self.path and not key.startswith("[") else ""
        return evolve(self, path=f"{self.path}{dot}{key}")

    def add(self, severity: Severity, message: str, at: Position, *, found: str = "", expected: str = "") -> None:
        self.report.add(severity, message, at, path=self.path, found=found, expected=expected)

    def error(self, message: str, at: Position, *, found: str = "", expected: str = "") -> None:
        self.add("error", message, at, found=found, expected=expected)

    def warning(self, message: str, at: Position, *, found: str = "", expected: str = "") -> None:
        self.add("warning", message, at, found=found, expected=expected)
