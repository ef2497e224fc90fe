"""``shadowgate check``: every problem of a configuration, for people or for programs."""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Mapping, Sequence
from typing import Any, Final

from twisted.python import usage

from shadowgate.cli.command import Command, one_of
from shadowgate.cli.offline import read_offline
from shadowgate.cli.source import OUTPUT, MixedOptions, write_json
from shadowgate.config.statuses import status_lines
from shadowgate.errors import Problem
from shadowgate.model import Status
from shadowgate.plugin import Document
from shadowgate.plugin.checks import reading
from shadowgate.service import say

FAIL_ON: Final = ("error", "warning")
_ABOUT_NO_OBJECT: Final = (reading.SYNTAX.code, reading.NOT_A_DOCUMENT.code)
"""Where these are reported, there is no document that could have been read."""


class CheckOptions(MixedOptions):
    """Options of ``shadowgate check``."""

    synopsis = "PATH... [options]"
    longdesc = (
        "Reads YAML files, and directories of them, as the gateway would, and prints every problem. "
        "Exit status 0 when there is none to fail on, 1 when there is, 2 when the command line is wrong."
    )
    optParameters = [  # noqa: RUF012
        OUTPUT,
        [
            "fail-on",
            None,
            "error",
            "What makes the exit status 1: error or warning.",
            one_of(*FAIL_ON),
        ],
    ]

    def parseArgs(self, *paths: str) -> None:
        if not paths:
            raise usage.UsageError("say what to check: shadowgate check PATH...")
        self["paths"] = paths


def check(options: Any) -> int:
    """Print every problem; 1 when there is one that ``--fail-on`` counts."""
    offline = read_offline(options["paths"])
    problems = sorted(offline.problems, key=lambda problem: problem.position)
    if options["output"] == "json":
        _print_json(problems, offline.documents)
    else:
        _print_lines(problems, offline.configuration.statuses)
    counted = ("error",) if options["fail-on"] == "error" else FAIL_ON
    return 1 if any(problem.severity in counted for problem in problems) else 0


def _print_lines(problems: Sequence[Problem], statuses: Sequence[Status]) -> None:
    say(problems, sys.stdout.write)
    sys.stdout.writelines(f"{line}\n" for line in status_lines(statuses))
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = sum(problem.severity == "warning" for problem in problems)
    sys.stdout.write(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}\n")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _print_json(problems: Sequence[Problem], documents: Sequence[Document]) -> None:
    found = {document.position: document for document in documents}
    places = sorted(found)
    shown = []
    for problem in problems:
        at = bisect(places, problem.position) - 1
        # The last document that begins no later is the one that the problem stands in.
        inside = at >= 0 and places[at].source == problem.position.source and problem.code not in _ABOUT_NO_OBJECT
        shown.append(_as_json(problem, found[places[at]] if inside else None))
    write_json(shown)


def _as_json(problem: Problem, document: Document | None) -> Mapping[str, Any]:
    named = None
    if document is not None and document.name:
        named = {"kind": document.kind, "namespace": document.namespace, "name": document.name}
    return {
        "code": problem.code,
        "severity": problem.severity,
        "object": named,
        "file": problem.position.source,
        "line": problem.position.line,
        "column": problem.position.column,
        "path": problem.path,
        "message": problem.message,
        "found": problem.found,
        "expected": problem.expected,
    }


CHECK = Command("check", CheckOptions, check, "Check configuration files.")
