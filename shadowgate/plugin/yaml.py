"""YAML text into documents whose every node knows its place.

The text is taken apart by PyYAML's event parser; no Python value is ever constructed from it, so tags, dates and
octal numbers have no way in.  What YAML allows but nobody means is refused with words: repeated keys, merge keys,
tags of one's own.  Everything is bounded: bytes, nodes after the expansion of aliases, depth.

A problem never hides another: a document with a wrong part is still given, without that part, and after a syntax
error reading goes on at the next ``---``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from attrs import define, evolve, field

from shadowgate.errors import Position
from shadowgate.plugin.checks import reading
from shadowgate.plugin.documents import Block, Document, Mapping, Node, Report, Scalar, Sequence
from shadowgate.plugin.yaml_errors import explain

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_NODES: Final = 1_000_000
MAX_DEPTH: Final = 64
MAX_SYNTAX_ERRORS: Final = 20

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALAR: Final = yaml.ScalarEvent
_ODD_STARTS: Final = "</"
"""What a key that has to be looked at more closely starts with, if it starts with anything."""

_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_DOCUMENT_START: Final = re.compile(r"---(\s|$)")
_INDENT: Final = re.compile(r"(?:[ \t]*\r?\n)*( *)")
"""Empty lines, and what the first line that is not empty begins with."""
_KNOWN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "int", "float", "bool", "null"))
_TEXT_TAGS: Final = frozenset(("!", "tag:yaml.org,2002:str"))


def read_text(text: str, source: str, report: Report) -> list[Document]:
    """Return the documents in ``text``; ``source`` names it in problems, which go to ``report``.

    Empty documents are passed over, and the items of a Kubernetes ``List`` are documents of their own.
    """
    if len(text) > MAX_BYTES:
        report.error(
            f"more than {MAX_BYTES >> 20} MiB of configuration in one file", Position(source), check=reading.TOO_LARGE
        )
        return []
    text = text.removeprefix("\ufeff")
    documents: list[Document] = []
    lines: list[str] | None = None
    start = 0
    for _ in range(MAX_SYNTAX_ERRORS):
        chunk = text if lines is None else "\n".join(lines[start:])
        reader = _Reader(source, report, start, _LOADER(chunk), chunk)
        try:
            documents.extend(reader.documents())
            return documents
        except yaml.YAMLError as error:
            if lines is None:
                lines = _LINE_BREAK.split(text)
            explain(error, lines, start, reader.document_line, source, report)
            line = start + _line_of(error, chunk)
            following = _next_document(lines, max(line, reader.document_line + 1))
            if following is None:
                return documents
            start = following
        except _TooMuch:
            return documents
        finally:
            reader.loader.dispose()
    return documents


class _TooMuch(Exception):
    """The file's nodes exceed the bound; reading it any further could not help."""


class _TooDeep(Exception):
    """This document is nested too deeply."""


@define
class _Reader:
    """Builds nodes out of parser events, one document after the other.

    ``anchors`` holds each anchored node of the document with its size and height, which an alias costs again.
    """

    source: str
    report: Report
    first_line: int
    loader: Any
    text: str = field(repr=False)
    document_line: int = field(init=False)
    nodes: int = 0
    deepest: int = 0
    anchors: dict[str, tuple[Node, int, int]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.document_line = self.first_line

    def documents(self) -> Iterator[Document]:
        """Yield each document as soon as its end has been seen."""
        while True:
            event = self.loader.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return
            if isinstance(event, yaml.DocumentStartEvent):
                self.document_line = self.position(event).line - 1
                self.anchors.clear()
                try:
                    root = self.node(self.loader.get_event(), 1)
                except _TooDeep:
                    while not isinstance(self.loader.get_event(), yaml.DocumentEndEvent):
                        pass
                    continue
                self.loader.get_event()  # the document's end: what is wrong up to there comes before its meaning
                yield from _unfold(root, self.report)

    def node(self, event: Any, depth: int) -> Node:
        """Return the node that starts with ``event``."""
        mark = event.start_mark  # as position() has it: this is done for every single node
        position = Position(self.source, self.first_line + mark.line + 1, mark.column + 1)
        self.nodes += 1
        if depth > self.deepest or self.nodes > MAX_NODES:
            self.spend(0, depth, position)
        if type(event) is _SCALAR and event.tag is None and event.anchor is None:  # what most nodes are
            style = event.style
            return self.block(event, position) if style == "|" else Scalar(event.value, position, bool(style))
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event.anchor, depth, position)
        text_tag = event.tag is not None and self.tag(event.tag, position)
        if event.anchor is None:
            return self.content(event, depth, position, text_tag)
        nodes, deepest = self.nodes, self.deepest
        self.deepest = depth
        node = self.content(event, depth, position, text_tag)
        self.anchors[event.anchor] = (node, self.nodes - nodes, self.deepest - depth)
        self.deepest = max(deepest, self.deepest)
        return node

    def content(self, event: Any, depth: int, position: Position, text_tag: bool) -> Node:
        """Return the node without regard to its anchor."""
        if isinstance(event, yaml.ScalarEvent):
            if event.style == "|":
                return self.block(event, position)
            return Scalar(event.value, position, text_tag or bool(event.style))
        next_event = self.loader.get_event
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while type(event := next_event()) is not yaml.SequenceEndEvent:
                items.append(self.node(event, depth + 1))
            return Sequence(tuple(items), position)
        entries: dict[str, tuple[Scalar, Node]] = {}
        while type(event := next_event()) is not yaml.MappingEndEvent:
            key = self.node(event, depth + 1)
            value = self.node(next_event(), depth + 1)
            if isinstance(key, Scalar):
                text = key.text
                if (text not in entries and text[:1] not in _ODD_STARTS) or self.key(key, entries):
                    entries[text] = (key, value)
                continue
            hint = "; quote a value that starts with a brace" if isinstance(key, Mapping) else ""
            message = f"a key must be text, not a list or a mapping{hint}"
            self.report.error(message, key.position, check=reading.BAD_KEY)
        return Mapping(tuple(entries.values()), position)

    def block(self, event: Any, position: Position) -> Block:
        """Return a literal block; what its lines are indented by is nowhere but in the source."""
        start = self.text.find("\n", event.start_mark.index) + 1
        written = _INDENT.match(self.text, start)
        kept = _INDENT.match(event.value)
        indent = 0 if written is None or kept is None else len(written[1]) - len(kept[1])
        return Block(event.value, position, True, max(indent, 0))

    def key(self, key: Scalar, entries: dict[str, tuple[Scalar, Node]]) -> bool:
        """Tell whether ``key`` can stand beside ``entries``; report it when not."""
        text = key.text
        if text in entries:
            first = entries[text][0].position.line
            self.report.error(
                f'the key "{text}" stands here twice, first on line {first}', key.position, check=reading.REPEATED_KEY
            )
        elif key.quoted:
            return True
        elif text == "<<":
            message = "merge keys (<<) are not read; write out the keys that are meant"
            self.report.error(message, key.position, check=reading.BAD_KEY)
        elif text.startswith("//"):
            self.report.error("YAML comments start with #, not with //", key.position, check=reading.SYNTAX)
        elif not text:
            self.report.error("a key is missing before the colon", key.position, check=reading.BAD_KEY)
        else:
            return True
        return False

    def alias(self, name: str | None, depth: int, position: Position) -> Node:
        """Return the anchored node itself: nodes never change, so that sharing one is safe."""
        if name is None or name not in self.anchors:
            self.report.error(f'no "&{name}" stands above this alias', position, check=reading.ALIAS)
            return Scalar("", position)
        node, size, height = self.anchors[name]
        self.spend(size, depth + height, position)
        return node

    def tag(self, tag: str, position: Position) -> bool:
        """Tell whether ``tag`` makes text of any scalar; report one that means nothing here."""
        if tag not in _TEXT_TAGS and tag not in _KNOWN_TAGS:
            shown = tag.replace("tag:yaml.org,2002:", "!!", 1)
            self.report.error(f"the tag {shown} means nothing here; leave it out", position, check=reading.TAG)
        return tag in _TEXT_TAGS

    def spend(self, nodes: int, depth: int, position: Position) -> None:
        """Count ``nodes`` that reach down to ``depth`` against the bounds."""
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            message = f"more than {MAX_NODES:,} values in one file, aliases counted as often as used"
            self.report.error(message, position, check=reading.TOO_MUCH)
            raise _TooMuch
        if depth > self.deepest:
            self.deepest = depth
        if depth > MAX_DEPTH:
            self.report.error(f"nested more than {MAX_DEPTH} levels deep", position, check=reading.TOO_MUCH)
            raise _TooDeep

    def position(self, event: Any) -> Position:
        mark = event.start_mark
        return Position(self.source, self.first_line + mark.line + 1, mark.column + 1)


def _unfold(root: Node, report: Report) -> Iterator[Document]:
    """Yield the document, or those inside it when it is a ``List`` (Kubernetes ``v1`` List, as kubectl prints)."""
    if isinstance(root, Scalar) and root.null:
        return
    if not isinstance(root, Mapping):
        hint = "; YAML comments start with #" if isinstance(root, Scalar) and root.text.startswith("//") else ""
        found = "a list" if isinstance(root, Sequence) else f'"{root.text[:40]}"'
        report.error(
            f"a document must be a mapping of keys{hint}", root.position, found=found, check=reading.NOT_A_DOCUMENT
        )
        return
    document = Document(root)
    if document.kind != "List" or document.group:
        yield document
        return
    items = root.get("items")
    if isinstance(items, Sequence):
        for item in items:
            yield from _unfold(item, report)
    elif items is not None and not (isinstance(items, Scalar) and items.null):
        report.error(
            "wrong kind of value",
            items.position,
            path="List: items",
            expected="a list of documents",
            check=reading.WRONG_SHAPE,
        )


def read_embedded(scalar: Scalar, report: Report) -> list[Document]:
    """Return the documents in a text that is a value of another one, such as ``data`` of a ConfigMap.

    Inside a literal block (``|``) all places are those in the file; of any other text its beginning is.
    """
    own = Report()
    # Lines count from the file's first one, in the sentences as well.
    above = "\n" * scalar.position.line if isinstance(scalar, Block) else ""
    documents = read_text(above + scalar.text, scalar.position.source, own)
    report.problems.extend(evolve(each, position=_inside(scalar, each.position)) for each in own.problems)
    return [Document(_moved(document.root, scalar)) for document in documents]


def _inside(scalar: Scalar, at: Position) -> Position:
    return Position(at.source, at.line, at.column + scalar.indent) if isinstance(scalar, Block) else scalar.position


def _moved(node: Any, scalar: Scalar) -> Any:
    """Return the node and all that is in it at their places in the file."""
    at = _inside(scalar, node.position)
    if isinstance(node, Mapping):
        return Mapping(tuple((_moved(key, scalar), _moved(value, scalar)) for key, value in node.entries), at)
    if isinstance(node, Sequence):
        return Sequence(tuple(_moved(item, scalar) for item in node), at)
    if isinstance(node, Block) and isinstance(scalar, Block):
        return Block(node.text, at, node.quoted, node.indent + scalar.indent)
    return Scalar(node.text, at, node.quoted)


def _line_of(error: yaml.YAMLError, chunk: str) -> int:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return int(mark.line)
    return chunk.count("\n", 0, getattr(error, "position", 0) or 0)


def _next_document(lines: list[str], start: int) -> int | None:
    return next((index for index in range(start, len(lines)) if _DOCUMENT_START.match(lines[index])), None)
