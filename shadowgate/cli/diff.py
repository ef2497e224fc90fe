"""``shadowgate diff``: what a change of configuration changes in routing, or what applying files would change."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Any

from twisted.python import usage

from shadowgate.cli.client import NotReached, ask, is_admin
from shadowgate.cli.command import Command
from shadowgate.cli.objects import FileOptions, refused, send_files, tell_warnings
from shadowgate.cli.source import OUTPUT, complain, read_files, write_json
from shadowgate.cli.text import compact
from shadowgate.cli.yaml_output import as_yaml
from shadowgate.config.difference import Change, difference
from shadowgate.config.secrets import redacted
from shadowgate.config.view import View

LONGEST = 100
"""Characters of a value that are shown in a line."""
SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}


class DiffOptions(FileOptions):
    """Options of ``shadowgate diff``."""

    synopsis = "(A B | -f FILE... [-n NAMESPACE] [--admin URL]) [-o table|json]"
    longdesc = (
        "Tells what B changes against A in listeners, routes, rules, destinations, mirrors and clusters. Each is a "
        "YAML file, a directory of them, or a running gateway (http://127.0.0.1:9900, unix:/path). With -f it tells "
        "what applying the files to a running gateway would change in its objects and in routing. Exit status 0 when "
        "nothing differs, 1 when something does or a configuration has errors, 2 when the command line is wrong, 3 "
        "when a gateway cannot be reached."
    )
    optParameters = [OUTPUT]  # noqa: RUF012

    def parseArgs(self, *sources: str) -> None:
        self["sources"] = sources

    def postOptions(self) -> None:
        super().postOptions()
        if bool(self["files"]) if self["sources"] else not self["files"]:
            raise usage.UsageError("say what to compare: shadowgate diff A B, or diff -f FILE with a running gateway")
        if self["sources"] and len(self["sources"]) != 2:
            raise usage.UsageError("say what to compare: shadowgate diff A B")


def diff(options: Any) -> int:
    """Print every difference; 1 when there is one."""
    try:
        if options["files"]:
            return _of_files(options)
        views = _views(options["sources"])
    except NotReached as nobody:
        complain(nobody)
        return 3
    if views is None:
        return 1
    changes = difference(*views)
    if options["output"] == "json":
        write_json([change.plain() for change in changes])
    else:
        sys.stdout.writelines(f"{_line(change)}\n" for change in changes)
        sys.stdout.write(f"{len(changes)} difference{'' if len(changes) == 1 else 's'}\n")
    return 1 if changes else 0


def _of_files(options: Any) -> int:
    """Print what applying the files would change; 1 when that is anything, or the gateway refuses."""
    reply = send_files(options, "diff")
    if reply is None or refused(reply):
        return 1
    answer = reply.value
    if options["output"] == "json":
        write_json(answer)
    else:
        for each in answer["results"]:
            sys.stdout.writelines(_object_lines(each))
        routing = [Change(**{_snake(key): value for key, value in each.items()}) for each in answer["routing"]]
        sys.stdout.writelines(f"{_line(change)}\n" for change in routing)
    tell_warnings(answer)
    return 1 if any(each["result"] != "unchanged" for each in answer["results"]) else 0


def _object_lines(result: dict[str, Any]) -> Iterator[str]:
    """Yield the lines in which an object differs, as ``diff -u`` has them."""
    before, after = (
        [] if result[side] is None else as_yaml(result[side]).splitlines(keepends=True) for side in ("before", "after")
    )
    name = f"{result['resource']} in {result['namespace']}" if result["namespace"] else result["resource"]
    yield from unified_diff(before, after, f"{name} (in service)", f"{name} (given)")


def _snake(key: str) -> str:
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key)


def _views(sources: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return both configurations as plain values, or None after printing what is wrong with one."""
    running = [source for source in sources if is_admin(source)]
    answers = iter(ask([(source, "/config/dump") for source in running]) if running else ())
    views: list[dict[str, Any]] = []
    for source in sources:
        if is_admin(source):
            views.append(next(answers).value)
            continue
        offline = read_files([source])
        if offline is None:
            return None
        views.append(View(offline.catalog).configuration(offline.configuration))
    # A gateway shows no secrets, so they cannot be compared with its own.
    return [redacted(view) for view in views] if running else views


def _line(change: Change) -> str:
    if change.kind == "moved":
        text = f": from place {change.before + 1} to place {change.after + 1}"
    elif change.kind == "changed":
        text = f": {_short(change.before)} -> {_short(change.after)}"
    else:
        text = f": {_short(change.after if change.kind == 'added' else change.before)}"
    place = change.after_position or change.before_position
    return f"{SIGNS[change.kind]} {change.path}{text}" + (f"  ({place})" if place else "")


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = compact(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


DIFF = Command("diff", DiffOptions, diff, "Tell what a change of configuration changes.")
