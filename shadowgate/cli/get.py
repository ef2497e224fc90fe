"""``shadowgate get``: the objects in service of a running gateway, whoever keeps them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from twisted.python import usage

from shadowgate.cli.client import NotReached, ask
from shadowgate.cli.command import Command, one_of
from shadowgate.cli.jsonpath import Template
from shadowgate.cli.objects import ObjectOptions, named, refused
from shadowgate.cli.source import complain, write_json
from shadowgate.cli.yaml_output import as_yaml
from shadowgate.objects.kinds import EVERYTHING

OUTPUTS: Final = ("table", "yaml", "json", "name")
JSONPATH: Final = "jsonpath="
UNKNOWN: Final = "<unknown>"
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Item = dict[str, Any]


def _output(text: str) -> str | Template:
    if not text.startswith(JSONPATH):
        return one_of(*OUTPUTS, f"{JSONPATH}TEMPLATE")("table" if text == "wide" else text)
    try:
        return Template.of(text.removeprefix(JSONPATH))
    except ValueError as wrong:
        raise usage.UsageError(f"{text}: {wrong}") from None


class GetOptions(ObjectOptions):
    """Options of ``shadowgate get``."""

    synopsis = "(KIND[/NAME] [NAME...] | all) [-n NAMESPACE | -A] [-l SELECTOR] [-o table|yaml|json|name|jsonpath=...]"
    longdesc = (
        "Prints objects in service: those that were applied, those of files, and those that are generated. Exit status "
        "0, 1 when one that is named is not there, 2 when the command line is wrong, 3 when the gateway cannot be "
        "reached."
    )
    optParameters = [  # noqa: RUF012
        ["selector", "l", "", "Only objects with these labels, as in app=httpbin,version!=v2."],
        ["output", "o", "table", f"How it is printed: {', '.join(OUTPUTS)} or {JSONPATH}TEMPLATE.", _output],
    ]
    optFlags = [["all-namespaces", "A", "Objects of all namespaces."]]  # noqa: RUF012

    def parseArgs(self, *words: str) -> None:
        if not words:
            raise usage.UsageError("say which objects: shadowgate get KIND, KIND/NAME or all")
        self["asked"] = named(words)

    @property
    def query(self) -> str:
        namespace = "" if self["all-namespaces"] else self["namespace"] or "default"
        return urlencode([*self["asked"], ("namespace", namespace), ("selector", self["selector"])])


def get(options: Any) -> int:
    """Print the objects; 0 when all that are named are there."""
    try:
        (reply,) = ask([(options.gateway, f"/objects?{options.query}")])
    except NotReached as nobody:
        complain(nobody)
        return 3
    if refused(reply):
        return 1
    items = reply.value["items"]
    match options["output"]:
        case Template() as template:
            sys.stdout.write(template.write(_whole(items, options)))
        case "json":
            write_json(_whole(items, options))
        case "yaml":
            sys.stdout.write(as_yaml(_whole(items, options)))
        case "name":
            sys.stdout.writelines(f"{each['resource']}\n" for each in items)
        case _:
            _print_table(items, options)
    return 0


def _whole(items: Sequence[Item], options: Any) -> Any:
    """Return one object as it is where one is asked for, else a list of the Kubernetes API."""
    objects = [each["object"] for each in items]
    by_name = [word for key, word in options["asked"] if key == "name" or "/" in word]
    if len(objects) == 1 and len(by_name) == 1:
        return objects[0]
    return {"apiVersion": "v1", "kind": "List", "items": objects, "metadata": {"resourceVersion": ""}}


def _print_table(items: Sequence[Item], options: Any) -> None:
    if not items:
        where = "" if options["all-namespaces"] else f" in {options['namespace'] or 'default'} namespace"
        sys.stderr.write(f"No resources found{where}.\n")
        return
    # As kubectl does: names of several kinds that are asked for say which they are, whichever are found.
    asked = [word.lower() for key, word in options["asked"] if key == "kind"]
    several = EVERYTHING in asked or "," in "".join(asked) or len({each["resources"] for each in items}) > 1
    rows = [_row(each, several) for each in items]
    columns = [
        column
        for column in rows[0]
        if (column != "NAMESPACE" or options["all-namespaces"])
        and (column != "CONDITIONS" or any(row["CONDITIONS"] for row in rows))
    ]
    widths = {column: max(len(column), *(len(row[column]) for row in rows)) for column in columns}
    for row in ({column: column for column in columns}, *rows):
        line = "   ".join(row[column].ljust(widths[column]) for column in columns)
        sys.stdout.write(line.rstrip() + "\n")


def _row(item: Item, several: bool) -> dict[str, str]:
    metadata = item["object"].get("metadata") or {}
    source = item["source"]
    return {
        "NAMESPACE": str(metadata.get("namespace") or ""),
        "NAME": item["resource"] if several else item["resource"].partition("/")[2],
        "AGE": _age(str(metadata.get("creationTimestamp") or "")),
        "CONDITIONS": ", ".join(dict.fromkeys(_conditions(item["object"].get("status")))),
        "SOURCE": _source(source["keeper"], source["position"]),
    }


def _source(keeper: str, position: str) -> str:
    if keeper == "generated":
        return f"generated from {position}"
    return {"store": "store", "memory": "memory only"}.get(keeper, position)


def _conditions(status: Any) -> Iterator[str]:
    """Yield the types of conditions that hold, and with their reasons those that do not."""
    if not isinstance(status, dict):
        return
    for each in (status, *(status.get("parents") or ())):
        for condition in each.get("conditions") or () if isinstance(each, dict) else ():
            held = condition.get("status") == "True"
            said = str(condition.get("type"))
            yield said if held else f"{said}={condition.get('status')} ({condition.get('reason')})"


def _age(created: str) -> str:
    """Return how long ago that was in its one or two largest units, as ``3d4h``."""
    try:
        since = datetime.fromisoformat(created)
    except ValueError:
        return UNKNOWN
    seconds = max(0, int((datetime.now(UTC) - since.replace(tzinfo=since.tzinfo or UTC)).total_seconds()))
    for place, (size, unit) in enumerate(_UNITS):
        if seconds >= size:
            count, rest = divmod(seconds, size)
            smaller, name = _UNITS[min(place + 1, len(_UNITS) - 1)]
            more = rest // smaller if count < 10 and place + 1 < len(_UNITS) else 0
            return f"{count}{unit}" + (f"{more}{name}" if more else "")
    return "0s"


GET = Command("get", GetOptions, get, "Print objects of a running gateway.")
