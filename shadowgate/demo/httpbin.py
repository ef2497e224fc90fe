"""A small httpbin: the answers that the mirroring tutorials rely on, and an access line for every request.

It stands in for two versions of a real service.  It is built on twisted.web and shares nothing with the gateway, so
that what it reports is a second opinion.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import parse_qs

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.web.http import Request as HTTPRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

LONGEST_DELAY = 10.0
MOST_BYTES = 100 * 1024
MOST_LINES = 100
"""The bounds of httpbin itself for ``/delay``, ``/bytes`` and ``/stream``."""


@frozen
class AccessLine:
    """One request as the server saw it; ``str`` is the line that gunicorn writes by default.

    ``headers`` are as received, in their order.
    """

    client: str
    time: datetime
    request: str
    status: int
    size: int
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """Return the first value of a header, or ``""``."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def host(self) -> str:
        return self.header("host")

    def __str__(self) -> str:
        referer, agent = self.header("referer") or "-", self.header("user-agent") or "-"
        time = self.time.strftime("%d/%b/%Y:%H:%M:%S %z")
        return f'{self.client} - - [{time}] "{self.request}" {self.status} {self.size} "{referer}" "{agent}"'


class HttpbinSite(Site):
    """A Site that hands each finished request to ``observer`` and writes no log of its own."""

    def __init__(self, clock: IReactorTime, observer: Callable[[AccessLine], None]) -> None:
        super().__init__(Httpbin(clock), reactor=clock)  # type: ignore[no-untyped-call]
        self.displayTracebacks = False
        self._clock = clock
        self._observer = observer

    def log(self, request: HTTPRequest) -> None:
        """Called by twisted.web when an answer is complete."""
        self._observer(
            AccessLine(
                client=_client_address(request),
                time=datetime.fromtimestamp(self._clock.seconds(), UTC),
                request=_text(b"%s %s %s" % (request.method, request.uri, request.clientproto)),
                status=request.code,
                size=request.sentLength,
                headers=tuple(_received(request)),
            )
        )


class Httpbin(Resource):
    """``/headers /ip /user-agent /get /post /put /patch /delete /anything /status/N /delay/N /bytes/N /stream/N``."""

    isLeaf = True

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._clock = clock
        self._handlers: dict[str, Callable[[Request, str], Any]] = {
            "": self._index,
            "headers": lambda request, _: {"headers": dict(_received(request))},
            "ip": lambda request, _: {"origin": _origin(request)},
            "user-agent": lambda request, _: {"user-agent": dict(_received(request)).get("User-Agent", "")},
            "anything": lambda request, _: _everything(request),
            "status": self._status,
            "delay": self._delay,
            "bytes": self._bytes,
            "stream": self._stream,
        }
        for method in ("get", "post", "put", "patch", "delete"):
            self._handlers[method] = self._only(method)

    def render(self, request: Request) -> Any:
        name, _, rest = _text(request.path).removeprefix("/").partition("/")
        handler = self._handlers.get(name)
        if handler is None:
            return _answer(request, {"error": "no such path"}, status=404)
        try:
            result = handler(request, rest)
        except ValueError as error:
            return _answer(request, {"error": str(error)}, status=400)
        return _answer(request, result) if isinstance(result, dict) else result

    @staticmethod
    def _index(request: Request, rest: str) -> dict[str, Any]:
        return {"paths": (Httpbin.__doc__ or "").strip("`.").split()}

    @staticmethod
    def _only(method: str) -> Callable[[Request, str], Any]:
        def handle(request: Request, rest: str) -> Any:
            if _text(request.method).lower() not in (method, "head" if method == "get" else method):
                request.setHeader(b"allow", method.upper().encode())
                return _answer(request, {"error": "method not allowed"}, status=405)
            return _everything(request)

        return handle

    @staticmethod
    def _status(request: Request, rest: str) -> bytes:
        request.setResponseCode(_number(rest, 200, 599))
        return b""

    def _delay(self, request: Request, rest: str) -> int:
        seconds = min(_number(rest, 0), LONGEST_DELAY)
        return _later(request, deferLater(self._clock, seconds, _write_everything, request))

    @staticmethod
    def _bytes(request: Request, rest: str) -> bytes:
        size = min(_number(rest, 0), MOST_BYTES)
        request.setHeader(b"content-type", b"application/octet-stream")
        # Seeded by the size: two versions of the service give the same bytes, as a good candidate would.
        return Random(size).randbytes(size)

    @staticmethod
    def _stream(request: Request, rest: str) -> int:
        count = min(_number(rest, 0), MOST_LINES)
        request.setHeader(b"content-type", b"application/json")
        about = _everything(request)
        for number in range(count):
            request.write(json.dumps({"id": number, **about}).encode() + b"\n")
        request.finish()
        return NOT_DONE_YET


def _later(request: Request, work: Deferred[Any]) -> int:
    """Finish the request when the work is done; give the work up when the client goes."""
    gone = request.notifyFinish()
    gone.addErrback(lambda _: work.cancel())

    def finish(_: object) -> None:
        if not request.finished:
            request.finish()

    work.addCallbacks(finish, _ignore_cancelled)
    return NOT_DONE_YET


def _ignore_cancelled(failure: Failure) -> None:
    failure.trap(CancelledError)


def _write_everything(request: Request) -> None:
    request.write(_answer(request, _everything(request)))


def _everything(request: Request) -> dict[str, Any]:
    """What httpbin tells of a request at ``/anything``."""
    body = request.content.read() if request.content is not None else b""
    headers = dict(_received(request))
    form = headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
    return {
        "args": _pairs(request.uri.partition(b"?")[2]),
        "data": "" if form else _text(body),
        "form": _pairs(body) if form else {},
        "headers": headers,
        "json": _parsed(body),
        "method": _text(request.method),
        "origin": _origin(request),
        "url": f"http://{headers.get('Host', '')}{_text(request.uri)}",
    }


def _pairs(encoded: bytes) -> dict[str, Any]:
    """A query as httpbin shows it: a list only where a name is repeated."""
    values = parse_qs(_text(encoded), keep_blank_values=True)
    return {name: many[0] if len(many) == 1 else many for name, many in values.items()}


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _answer(request: Request, value: object, status: int | None = None) -> bytes:
    if status is not None:
        request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json")
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"


def _number(text: str, least: int, most: int | None = None) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if number < least or (most is not None and number > most):
        raise ValueError(f"expected a number from {least}" + (f" to {most}" if most is not None else " on"))
    return number


def _received(request: HTTPRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.requestHeaders.getAllRawHeaders():
        yield _text(name), ",".join(_text(value) for value in values)


def _origin(request: HTTPRequest) -> str:
    return dict(_received(request)).get("X-Forwarded-For") or _client_address(request)


def _client_address(request: HTTPRequest) -> str:
    return str(getattr(request.getClientAddress(), "host", "-"))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
