"""The admin API's pages about objects: apply, create, diff, delete and get.  Answers are JSON, refusals included.

A request's texts are its body: YAML, or several files as JSON ``{"files": [{"name": ..., "text": ...}]}`` under a
content type of its own, because objects may be JSON as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import evolve
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure
from twisted.web.server import Request

from shadowgate.admin.pages import Answer, json_answer
from shadowgate.admin.view import problem_view
from shadowgate.errors import Problem
from shadowgate.objects.desk import Desk, Done
from shadowgate.objects.kinds import EVERYTHING, quoted, resource
from shadowgate.objects.listing import Asked, Objects, keys_to_delete
from shadowgate.objects.planning import Change
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.request import File, read_files
from shadowgate.objects.selectors import read_selector
from shadowgate.objects.writing import in_order, plain
from shadowgate.plugin import Document
from shadowgate.plugin.yaml import MAX_BYTES

FILES_TYPE: Final = "application/vnd.shadowgate.files+json"
MOST_BYTES: Final = 2 * MAX_BYTES
"""Of a request's body: JSON writes some characters with several."""

Plain = dict[str, Any]


class BoundedRequest(Request):
    """A request whose body is kept up to a bound; what is beyond is not."""

    too_large = False

    def handleContentChunk(self, data: bytes) -> None:
        if self.content is not None and self.content.tell() + len(data) > MOST_BYTES:
            self.too_large = True
        if not self.too_large:
            super().handleContentChunk(data)  # type: ignore[no-untyped-call]


class ObjectPages:
    """The pages of whatever has this desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def get(self, request: Request) -> Deferred[Answer]:
        return self._answer(self._get, request)

    def apply(self, request: Request) -> Deferred[Answer]:
        return self._answer(self._write, request)

    def create(self, request: Request) -> Deferred[Answer]:
        return self._answer(partial(self._write, create=True), request)

    def compare(self, request: Request) -> Deferred[Answer]:
        return self._answer(self._compare, request)

    def delete(self, request: Request) -> Deferred[Answer]:
        return self._answer(self._delete, request)

    def _answer(self, act: Callable[[Request], Deferred[Answer]], request: Request) -> Deferred[Answer]:
        return maybeDeferred(act, request).addErrback(_refusal)

    def _get(self, request: Request) -> Deferred[Answer]:
        serving, durable = self._desk.serving, self._desk.store.durable
        documents, generated = serving.documents, serving.generated
        configuration = serving.snapshot.configuration
        asked = _asked(request)
        if not asked.kinds:
            asked = evolve(asked, kinds=(EVERYTHING,))

        def found() -> Answer:
            objects = Objects.among(documents, generated, configuration.statuses, serving.catalog, durable)
            return json_answer({"items": [each.plain() for each in objects.select(asked)], "kept": self._kept})

        finding: Deferred[Answer] = self._desk.env.background(found)
        return finding

    def _write(self, request: Request, create: bool = False) -> Deferred[Answer]:
        files, namespace = _files(request), _one(request, "namespace")
        return self._desk.apply(files, namespace, create=create).addCallback(self._done)

    def _compare(self, request: Request) -> Deferred[Answer]:
        files, namespace = _files(request), _one(request, "namespace")
        later = self._desk.env.background
        return self._desk.compare(files, namespace).addCallback(lambda done: later(lambda: _compared(done)))

    def _delete(self, request: Request) -> Deferred[Answer]:
        asked, namespace = _asked(request), _one(request, "namespace")
        if asked.kinds:
            find = partial(keys_to_delete, asked, catalog=self._desk.serving.catalog)
            return self._desk.delete(find).addCallback(self._done)
        files = _files(request)
        return self._desk.delete(lambda present: [each.key for each in read_files(files(), namespace)]).addCallback(
            self._done
        )

    def _done(self, done: Done) -> Deferred[Answer]:
        answering: Deferred[Answer] = self._desk.env.background(lambda: self._told(done))
        return answering

    def _told(self, done: Done) -> Answer:
        missing = [f"{quoted(key, several=True)} not found" for key in done.plan.missing]
        shown: Plain = {
            "results": [_result(change) for change in done.plan.changes],
            "warnings": [told(problem) for problem in done.warnings],
            "generation": self._desk.serving.snapshot.generation,
            "kept": self._kept,
        }
        if not missing:
            return json_answer(shown)
        status = Reason.NOT_FOUND.status
        return json_answer({**shown, **_failed(Reason.NOT_FOUND, "; ".join(missing)), "missing": missing}, status)

    @property
    def _kept(self) -> str:
        return "store" if self._desk.store.durable else "memory"


def told(problem: Problem) -> Plain:
    """Return a problem as JSON has it, with the line that people read."""
    return {**problem_view(problem), "text": str(problem)}


def _compared(done: Done) -> Answer:
    return json_answer(
        {
            "results": [
                {**_result(change), **dict(zip(("before", "after"), _sides(change), strict=True))}
                for change in done.plan.changes
            ],
            "warnings": [told(problem) for problem in done.warnings],
            "routing": [change.plain() for change in done.routing],
        }
    )


def _result(change: Change) -> Plain:
    key = change.key
    return {
        "group": key.group,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "resource": resource(key),
        "quoted": quoted(key),
        "result": change.outcome,
    }


def _sides(change: Change) -> tuple[Any, Any]:
    """Return the object before and after; a difference is often shown where others can read it, so Secrets are not."""
    sides = _object(change.before), _object(change.after)
    if (change.key.group, change.key.kind) == ("", "Secret"):
        for part in ("data", "stringData"):
            _cover(*((side or {}).get(part) for side in sides))
    return sides


def _cover(before: Any, after: Any) -> None:
    """Put stars in the place of values, as kubectl does; which of them differ can still be seen."""
    old, new = (side if isinstance(side, dict) else {} for side in (before, after))
    changed = {key for key in (*old, *new) if key not in old or key not in new or old[key] != new[key]}
    for side, when in ((old, "before"), (new, "after")):
        side.update({key: f"*** ({when})" if key in changed else "***" for key in side})


def _object(document: Document | None) -> Any:
    return None if document is None else plain(in_order(document.root))


def _refusal(failure: Failure) -> Answer:
    failure.trap(Refused)
    refused: Refused = failure.value  # type: ignore[assignment]
    problems = [told(problem) for problem in refused.problems]
    return json_answer({**_failed(refused.reason, refused.message), "problems": problems}, refused.reason.status)


def _failed(reason: Reason, message: str) -> Plain:
    """Return a refusal in the form of the Kubernetes API's ``Status``."""
    return {"kind": "Status", "status": "Failure", "reason": reason.word, "message": message, "code": reason.status}


def _asked(request: Request) -> Asked:
    try:
        selects = read_selector(_one(request, "selector"))
    except ValueError as wrong:
        raise Refused(Reason.BAD_REQUEST, str(wrong)) from None
    return Asked(
        _all(request, "kind"),
        _all(request, "name"),
        _one(request, "namespace"),
        selects,
        _one(request, "all") == "true",
    )


def _files(request: Request) -> Callable[[], Sequence[File]]:
    """Return what takes the request's body apart, which is nothing to do while others wait."""
    if getattr(request, "too_large", False):
        raise Refused(Reason.TOO_LARGE, f"more than {MOST_BYTES >> 20} MiB are not read")
    body = request.content.read() if request.content is not None else b""
    kind = (request.getHeader(b"content-type") or b"").partition(b";")[0].strip().decode("latin-1")
    return partial(_taken_apart, body, kind, _one(request, "source") or "<request>")


def _taken_apart(body: bytes, kind: str, source: str) -> Sequence[File]:
    try:
        text = body.decode()
        if kind != FILES_TYPE:
            return [File(source, text)]
        return [File(_text(each["name"]), _text(each["text"])) for each in _listed(json.loads(text))]
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise Refused(Reason.BAD_REQUEST, f"the body cannot be read: {wrong}") from None


def _text(value: Any) -> str:
    """Return a text; JSON can write half a character, which none can have."""
    return str(value).encode().decode()


def _listed(value: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    listed = value["files"]
    if not isinstance(listed, list):
        raise TypeError('"files" is no list')
    return listed


def _all(request: Request, key: str) -> list[str]:
    arguments = request.args or {}
    return [value.decode("utf-8", "replace") for value in arguments.get(key.encode(), ()) if value]


def _one(request: Request, key: str) -> str:
    return (_all(request, key) or [""])[0]
