"""``shadowgate explain``: which rule takes a request and why no other, and what would become of it."""

from __future__ import annotations

import sys
from typing import Any

from twisted.python import usage

from shadowgate.admin.question import Question, answer
from shadowgate.cli.client import NotReached, ask
from shadowgate.cli.command import Command
from shadowgate.cli.explanation import lines_of
from shadowgate.cli.source import SourceOptions, complain, read_files, write_json
from shadowgate.errors import BadRequest
from shadowgate.http.from_url import port_of


class ExplainOptions(SourceOptions):
    """Options of ``shadowgate explain``."""

    synopsis = "[METHOD] URL [-H 'name: value']... (-c PATH... | --admin URL) [options]"
    longdesc = (
        "Tells which rule takes a request and why the others do not, its filters, destinations with their shares, and "
        "mirrors with their odds. Nothing is sent. Exit status 0, 1 when no rule takes the request or the "
        "configuration has errors, 2 when the command line is wrong, 3 when the gateway cannot be reached."
    )
    optParameters = [  # noqa: RUF012
        ["data", "d", None, "The request's body; without a METHOD it is a POST then."],
        ["peer", None, "127.0.0.1", "The client's address."],
        ["listener", None, "", "The listener that the client comes in by; the one of the URL's port if not given."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["headers"] = []

    def opt_header(self, header: str) -> None:
        """A header field, name: value; may be given several times."""
        if ":" not in header:
            raise usage.UsageError(f'"{header}" is not a header; write name: value')
        self["headers"].append(header)

    opt_H = opt_header

    def parseArgs(self, *words: str) -> None:
        method = "" if words and "://" in words[0] else "".join(words[:1])
        url, *paths = (words[1:] if method else words) or ("",)
        if not url:
            raise usage.UsageError("say which request: shadowgate explain GET http://httpbin:8000/headers -c PATH")
        try:
            port_of(url)
        except ValueError as wrong:
            raise usage.UsageError(str(wrong)) from None
        self["question"] = method, url
        self["config"].extend(paths)

    @property
    def question(self) -> Question:
        method, url = self["question"]
        method = method or ("GET" if self["data"] is None else "POST")
        return Question(url, method, tuple(self["headers"]), self["data"], self["peer"], self["listener"])


def explain(options: ExplainOptions) -> int:
    """Print the explanation; 0 when a rule takes the request."""
    try:
        found = _remote(options) if options["admin"] else _local(options)
    except NotReached as nobody:
        complain(nobody)
        return 3
    except ValueError as wrong:
        complain(wrong)
        return 2
    except BadRequest as refused:
        complain(f"this request is refused with {refused.status} before it is routed: {refused.reason}")
        return 1
    if found is None:
        return 1
    if options["output"] == "json":
        write_json(found)
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines_of(found))
    return 0 if found["rule"] else 1


def _local(options: ExplainOptions) -> dict[str, Any] | None:
    offline = read_files(options["config"])
    if offline is None:
        return None
    return answer(options.question, offline.snapshot, offline.catalog, offline.prepare)


def _remote(options: ExplainOptions) -> dict[str, Any]:
    (reply,) = ask([(options["admin"], f"/explain?{options.question.to_query()}")])
    value: dict[str, Any] = reply.value
    if "refused" in value:
        raise BadRequest(value["refused"], value["status"])
    if "error" in value:
        raise ValueError(value["error"])
    return value


EXPLAIN = Command("explain", ExplainOptions, explain, "Tell what becomes of a request, and why.")
