"""Documents with their places: the tree that dialects read, and the report that problems go to.

Scalars keep their text.  What ``on``, ``010`` or ``10:30`` means is decided by the type that the reader expects, never
by YAML's guess.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field, frozen

from shadowgate.errors import Position, Problem, Severity
from shadowgate.plugin.checks import Check


@frozen
class Scalar:
    """A leaf: ``text`` as written; ``quoted`` when the writer insisted on a string; ``null`` for ``~`` or nothing."""

    text: str
    position: Position = field(eq=False)
    quoted: bool = False

    @property
    def null(self) -> bool:
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


@frozen
class Sequence:
    items: tuple[Node, ...]
    position: Position = field(eq=False)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


@frozen
class Mapping:
    """Entries in written order; keys are unique (the reader refuses repeats)."""

    entries: tuple[tuple[Scalar, Node], ...]
    position: Position = field(eq=False)

    def get(self, key: str) -> Node | None:
        for name, value in self.entries:
            if name.text == key:
                return value
        return None

    def text(self, *path: str) -> str:
        """Return the scalar at this path, or ``""``."""
        node: Node | None = self
        for key in path:
            node = node.get(key) if isinstance(node, Mapping) else None
        return node.text if isinstance(node, Scalar) and not node.null else ""


Node = Scalar | Sequence | Mapping


@frozen
class Document:
    """One YAML document with a mapping at its top."""

    root: Mapping

    @property
    def position(self) -> Position:
        return self.root.position

    @property
    def api_version(self) -> str:
        return self.root.text("apiVersion")

    @property
    def group(self) -> str:
        """The API group: ``networking.istio.io`` of ``networking.istio.io/v1``, ``""`` for ``v1``."""
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        return self.root.text("kind")

    @property
    def name(self) -> str:
        return self.root.text("metadata", "name")

    @property
    def namespace(self) -> str:
        return self.root.text("metadata", "namespace") or "default"

    @property
    def title(self) -> str:
        """How problems speak of it: ``VirtualService httpbin``."""
        return f"{self.kind} {self.name}".strip()


@define
class Report:
    """Where problems are put down; all of them are shown together."""

    problems: list[Problem] = field(factory=list)

    def add(
        self,
        severity: Severity,
        message: str,
        position: Position,
        *,
        path: str = "",
        found: str = "",
        expected: str = "",
        check: Check | None = None,
    ) -> None:
        """Put down one problem; ``check`` is the entry of the reference that explains its kind."""
        code = "" if check is None else check.code
        self.problems.append(Problem(message, position, severity, path, found, expected, code))

    def error(
        self,
        message: str,
        position: Position,
        *,
        path: str = "",
        found: str = "",
        expected: str = "",
        check: Check | None = None,
    ) -> None:
        self.add("error", message, position, path=path, found=found, expected=expected, check=check)

    def warning(
        self,
        message: str,
        position: Position,
        *,
        path: str = "",
        found: str = "",
        expected: str = "",
        check: Check | None = None,
    ) -> None:
        self.add("warning", message, position, path=path, found=found, expected=expected, check=check)

    def info(self, message: str, position: Position, *, path: str = "", check: Check | None = None) -> None:
        self.add("info", message, position, path=path, check=check)

    @property
    def failed(self) -> bool:
        """Whether anything here keeps the configuration from being served."""
        return any(problem.severity == "error" for problem in self.problems)
