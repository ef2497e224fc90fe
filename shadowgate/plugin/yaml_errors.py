"""What a YAML parser's complaint means to the person who wrote the text.

Parsers say which token they missed; people forget to close a quote, indent with a tab, or write a comment as they
would in another language.  This module finds the likelier story and the place where it starts.  It reads nothing.
"""

from __future__ import annotations

from typing import Final

import yaml

from shadowgate.errors import Position
from shadowgate.plugin.checks import reading
from shadowgate.plugin.documents import Report

_INDENTATION: Final = "the indentation does not fit the lines above"
_STORIES: Final = (
    ("mapping values are not allowed", 'a ":" where no key can stand; check the indentation, or quote the value'),
    ("did not find expected key", _INDENTATION),
    ("did not find expected '-' indicator", _INDENTATION),
    ("expected <block end>", _INDENTATION),
    ("could not find expected ':'", 'a key without its ":", or a line that is indented too little'),
    ("cannot start any token", "this character cannot start a value; quote the value"),
    ("did not find expected ',' or ']'", 'a list in brackets lacks a "," or its "]"'),
    ("expected ',' or ']'", 'a list in brackets lacks a "," or its "]"'),
    ("did not find expected ',' or '}'", 'a mapping in braces lacks a "," or its "}"'),
    ("expected ',' or '}'", 'a mapping in braces lacks a "," or its "}"'),
    ("unexpected end of stream", "quotes are opened and never closed"),
    ("unexpected document indicator", "quotes are opened and not closed before the next document"),
    ("unknown escape character", 'no such escape in double quotes; write "\\\\" for a backslash, or use single quotes'),
    ("control characters are not allowed", "a control character stands here"),
)


def explain(
    error: yaml.YAMLError, lines: list[str], first_line: int, document_line: int, source: str, report: Report
) -> None:
    """Report a syntax ``error`` in ``lines``; the parser was given them from ``first_line`` on.

    ``document_line`` is the line that the broken document starts on; all of them count from 0.
    """
    line, column, words = _place(error, lines, first_line)
    if line >= len(lines):  # the end of a text whose last line has no end
        line, column = len(lines) - 1, len(lines[-1])
    context = getattr(error, "context_mark", None)
    comment = _last_slashes(lines, document_line if context is None else first_line + context.line, line)
    text = lines[line]
    indent = text[: len(text) - len(text.lstrip())]
    if comment is not None:
        line, column = comment
        story = "YAML comments start with #, not with //"
    elif "\t" in indent:
        column = indent.index("\t")
        story = "a tab in the indentation; YAML is indented with spaces only"
    else:
        story = next((story for phrase, story in _STORIES if phrase in words), "")
        story = f"{story} ({words})" if story else f"this is not YAML: {words}"
    report.error(story, Position(source, line + 1, column + 1), check=reading.SYNTAX)


def _place(error: yaml.YAMLError, lines: list[str], first_line: int) -> tuple[int, int, str]:
    """Return line and column, from 0, and the parser's own words."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        words = error.problem or "no reason given"
        if error.context_mark is not None and error.context_mark.line != mark.line:
            words += f" {error.context} that starts on line {first_line + error.context_mark.line + 1}"
        return first_line + mark.line, mark.column, words
    offset = getattr(error, "position", 0) or 0
    line = first_line
    while line < len(lines) - 1 and offset > len(lines[line]):
        offset -= len(lines[line]) + 1
        line += 1
    return line, offset, str(getattr(error, "reason", error))


def _last_slashes(lines: list[str], start: int, end: int) -> tuple[int, int] | None:
    """Return where the last line from ``start`` to ``end`` begins that is a comment in other languages."""
    for line in range(end, start - 1, -1):
        text = lines[line].lstrip()
        if text.startswith("//"):
            return line, len(lines[line]) - len(text)
    return None
