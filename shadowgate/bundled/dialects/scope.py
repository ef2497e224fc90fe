"""Where in a document a translation stands: problems raised there carry the path and go to the report.

Paths start below the document; whoever reads many of them puts the document's title before.
"""

from __future__ import annotations

from shadowgate.errors import Position, Severity
from shadowgate.fixed import fixed
from shadowgate.plugin import Check, Report


@fixed
class Scope:
    """``path`` leads to the part that is translated now; ``namespace`` and ``document``, its place, stay the same."""

    report: Report
    path: str
    namespace: str
    document: Position

    def inside(self, key: str) -> Scope:
        """Return the scope of a part: a key, or an index as ``[0]``."""
        dot = "." if self.path and not key.startswith("[") else ""
        return Scope(self.report, f"{self.path}{dot}{key}", self.namespace, self.document)

    def add(
        self,
        severity: Severity,
        message: str,
        at: Position,
        *,
        found: str = "",
        expected: str = "",
        check: Check | None = None,
    ) -> None:
        self.report.add(severity, message, at, path=self.path, found=found, expected=expected, check=check)

    def error(
        self, message: str, at: Position, *, found: str = "", expected: str = "", check: Check | None = None
    ) -> None:
        self.add("error", message, at, found=found, expected=expected, check=check)

    def warning(
        self, message: str, at: Position, *, found: str = "", expected: str = "", check: Check | None = None
    ) -> None:
        self.add("warning", message, at, found=found, expected=expected, check=check)

    def info(self, message: str, at: Position, *, check: Check | None = None) -> None:
        self.add("info", message, at, check=check)
