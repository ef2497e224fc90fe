"""What the commands about objects have in common: which gateway, which files, and how its answer is told.

They speak as kubectl does, so that what was written for it can be run with ``shadowgate`` in its place.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from twisted.python import usage

from shadowgate.admin.objects import FILES_TYPE
from shadowgate.cli.client import SCHEMES, Reply, is_admin, tell
from shadowgate.cli.source import MixedOptions, complain
from shadowgate.plugin import Report
from shadowgate.plugin.files import find_files, read_file, read_stream
from shadowgate.service import say

ADMIN: Final = "SHADOWGATE_ADMIN"
"""The environment's name for the admin API, for all commands of a session."""
DEFAULT_ADMIN: Final = "http://127.0.0.1:9900"
STDIN: Final = "-"
_SHORT_EQUALS: Final = re.compile(r"^(-[A-Za-z])=")
IN_MEMORY: Final = "kept in memory only: start the gateway with --store DIR to have objects outlive it"


class ObjectOptions(MixedOptions):
    """Options of a command that asks a gateway about objects."""

    optParameters = [  # noqa: RUF012
        ["admin", None, None, f"The admin API: http://host:port or unix:/path. Default: ${ADMIN}, or {DEFAULT_ADMIN}."],
        ["namespace", "n", "", "The namespace of objects that do not say theirs. Default: default."],
    ]

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        # kubectl reads -n=shop as -n shop, and -o=yaml as -o yaml.
        arguments = sys.argv[1:] if options is None else options
        super().parseOptions([_SHORT_EQUALS.sub(r"\1", each, count=1) for each in arguments])

    def postOptions(self) -> None:
        if not is_admin(self.gateway):
            raise usage.UsageError(f'"{self.gateway}" is no admin API; it begins with {" or ".join(SCHEMES)}')

    @property
    def gateway(self) -> str:
        """The admin API that is asked."""
        return str(self["admin"] or os.environ.get(ADMIN) or DEFAULT_ADMIN)


class FileOptions(ObjectOptions):
    """The same of a command that takes objects from files."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["files"] = []

    def opt_filename(self, path: str) -> None:
        """A YAML file, a directory of them, or - for standard input; may be given several times."""
        self["files"].append(path)

    opt_f = opt_filename


def named(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return ``kind`` and ``name`` parameters of ``svc/a deploy/b``, or of ``svc a b``."""
    if any("/" in word for word in words):
        lone = [word for word in words if "/" not in word]
        if lone:
            raise usage.UsageError(f'"{lone[0]}" has no kind; write KIND/NAME, or one KIND with names behind it')
        return [("kind", word) for word in words]
    return [("kind", words[0]), *(("name", word) for word in words[1:])] if words else []


def read_given(paths: Sequence[str]) -> list[dict[str, str]] | None:
    """Return the texts of files, or None after printing why there is none."""
    report = Report()
    texts: list[dict[str, str]] = []
    for path in paths:
        if path == STDIN:
            texts.append({"name": "<stdin>", "text": read_stream(sys.stdin.buffer, "<stdin>", report) or ""})
        elif _is_stream(path):
            with open(path, "rb") as stream:
                texts.append({"name": path, "text": read_stream(stream, path, report) or ""})
        else:
            for name in find_files([path], report):
                texts.append({"name": name, "text": read_file(name, report) or ""})
    if report.failed:
        say([problem for problem in report.problems if problem.severity == "error"])
        return None
    return texts


def _is_stream(path: str) -> bool:
    """Tell whether this can be read only once, as the shell's ``<(command)`` and ``/dev/stdin`` can."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def send_files(options: Any, what: str) -> Reply | None:
    """Ask for ``what`` to be done with the files; None after printing why they cannot be read."""
    texts = read_given(options["files"])
    if texts is None:
        return None
    query = urlencode({"namespace": options["namespace"]})
    return tell(options.gateway, f"/objects/{what}?{query}", json.dumps({"files": texts}), FILES_TYPE)


def tell_warnings(answer: dict[str, Any], kept: bool = False) -> None:
    """Print what the writer should know; ``kept`` says that it matters how long objects are kept."""
    for problem in answer.get("warnings", ()):
        sys.stderr.write(f"Warning: {problem['text']}\n")
    if kept and answer.get("kept") == "memory":
        sys.stderr.write(f"Warning: {IN_MEMORY}\n")


def refused(reply: Reply) -> bool:
    """Print why the gateway refuses, if it does."""
    if reply.status == 200:
        return False
    answer = reply.value
    for problem in answer.get("problems", ()):
        sys.stderr.write(f"{problem['text']}\n")
    if "reason" in answer:
        sys.stderr.write(f"Error from server ({answer['reason']}): {answer['message']}\n")
    else:
        complain(answer)
    return True
