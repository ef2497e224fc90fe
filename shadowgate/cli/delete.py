"""``shadowgate delete``: objects taken out of a running gateway."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlencode

from twisted.python import usage

from shadowgate.cli.client import NotReached, Reply, tell
from shadowgate.cli.command import Command
from shadowgate.cli.objects import FileOptions, named, refused, send_files, tell_warnings
from shadowgate.cli.source import complain


class DeleteOptions(FileOptions):
    """Options of ``shadowgate delete``."""

    synopsis = "(KIND/NAME... | KIND NAME... | KIND --all | -f FILE...) [-n NAMESPACE] [--admin URL]"
    longdesc = (
        "Deletes objects that were applied to a running gateway. Exit status 0, 1 when one is not there or the gateway "
        "refuses, 2 when the command line is wrong, 3 when the gateway cannot be reached."
    )
    optFlags = [  # noqa: RUF012
        ["ignore-not-found", None, "That an object is not there is as good."],
        ["all", None, "All objects of the kind that were applied in the namespace."],
    ]

    def parseArgs(self, *words: str) -> None:
        self["asked"] = named(words)

    def postOptions(self) -> None:
        super().postOptions()
        asked = self["asked"]
        if bool(asked) == bool(self["files"]):
            raise usage.UsageError("say what to delete: KIND/NAME, or -f FILE")
        has_name = any(key == "name" or "/" in word for key, word in asked)
        if self["all"] and (has_name or not asked):
            raise usage.UsageError("--all goes with a KIND, and with no names")
        if asked and not self["all"] and not has_name:
            raise usage.UsageError(f'say which {asked[0][1]} to delete: "{asked[0][1]}/NAME"')


def delete(options: Any) -> int:
    """Delete the objects; 0 when all of them were there."""
    try:
        reply = _send(options)
    except NotReached as nobody:
        complain(nobody)
        return 3
    if reply is None:
        return 1
    answer = reply.value
    for each in answer.get("results", ()):
        sys.stdout.write(f"{each['quoted']} deleted\n")
    if options["all"] and not answer.get("results") and reply.status == 200:
        sys.stdout.write("No resources found\n")
    tell_warnings(answer)
    if answer.get("missing"):
        if options["ignore-not-found"]:
            return 0
        for missing in answer["missing"]:
            sys.stderr.write(f"Error from server (NotFound): {missing}\n")
        return 1
    return int(refused(reply))


def _send(options: Any) -> Reply | None:
    if options["files"]:
        return send_files(options, "delete")
    every = [("all", "true")] if options["all"] else []
    query = urlencode([*options["asked"], *every, ("namespace", options["namespace"])])
    return tell(options.gateway, f"/objects/delete?{query}")


DELETE = Command("delete", DeleteOptions, delete, "Delete objects of a running gateway.")
