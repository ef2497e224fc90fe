"""``shadowgate apply`` and ``shadowgate create``: objects given to a running gateway."""

from __future__ import annotations

import sys
from typing import Any

from twisted.python import usage

from shadowgate.cli.client import NotReached
from shadowgate.cli.command import Command
from shadowgate.cli.objects import FileOptions, refused, send_files, tell_warnings
from shadowgate.cli.source import complain

_STATUS = (
    "All of them are taken, or none. Exit status 0, 1 when the gateway refuses, 2 when the command line is wrong, 3 "
    "when the gateway cannot be reached."
)


class ApplyOptions(FileOptions):
    """Options of ``shadowgate apply``."""

    synopsis = "-f FILE... [-n NAMESPACE] [--admin URL]"
    longdesc = f"Creates objects in a running gateway, or changes them to what the files say. {_STATUS}"

    def parseArgs(self, *words: str) -> None:
        if words:
            raise usage.UsageError(f"files are named behind -f: -f {words[0]}")

    def postOptions(self) -> None:
        super().postOptions()
        if not self["files"]:
            raise usage.UsageError("say which objects: -f FILE, or -f - for standard input")


class CreateOptions(ApplyOptions):
    """Options of ``shadowgate create``."""

    longdesc = f"Creates objects in a running gateway that are not there yet. {_STATUS}"


def apply(options: Any) -> int:
    """Apply the files; 0 when the gateway serves them."""
    return _send(options, "apply")


def create(options: Any) -> int:
    """Create what is in the files; 0 when the gateway serves it."""
    return _send(options, "create")


def _send(options: Any, what: str) -> int:
    try:
        reply = send_files(options, what)
    except NotReached as nobody:
        complain(nobody)
        return 3
    if reply is None or refused(reply):
        return 1
    for each in reply.value["results"]:
        sys.stdout.write(f"{each['resource']} {each['result']}\n")
    tell_warnings(reply.value, kept=True)
    return 0


APPLY = Command("apply", ApplyOptions, apply, "Create or change objects of a running gateway.")
CREATE = Command("create", CreateOptions, create, "Create objects in a running gateway.")
