"""Documents with their places: the tree that dialects read, and the report that problems go to.

Scalars keep their text.  What ``on``, ``010`` or ``10:30`` means is decided by the type that the reader expects, never
by YAML's guess.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from shadowgate.errors import Position, Problem, Severity
from shadowgate.fixed import fixed
from shadowgate.plugin.checks import Check
from shadowgate.plugin.credentials import HIDDEN, leads_to_credential


@fixed
class Scalar:
    """A leaf: ``text`` as written; ``quoted`` when the writer insisted on a string; ``null`` for ``~`` or nothing."""

    text: str
    position: Position = field(eq=False)
    quoted: bool = False

    @property
    def null(self) -> bool:
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


@fixed
class Block(Scalar):
    """A text of several lines written as they are (``|``): they begin on the line below ``position``.

    ``indent`` is how far they are indented there, so that places inside the text can be told.
    """

    indent: int = field(default=0, eq=False)


@fixed
class Sequence:
    items: tuple[Node, ...]
    position: Position = field(eq=False)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


@fixed
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


@fixed
class Document:
    """One YAML document with a mapping at its top.

    ``origin`` says who keeps it where that is not the file of its position: ``store``, say.
    """

    root: Mapping
    origin: str = field(default="", eq=False)

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
        """Put down one problem; ``check`` is the entry of the reference that explains its kind.

        What was found under the name of a credential is not repeated: reports go to logs and terminals.
        """
        code = "" if check is None else check.code
        if found and leads_to_credential(path):
            found = HIDDEN
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
