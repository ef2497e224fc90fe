"""Requests, responses and what became of them, made from as little as a test wants to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Pair
from shadowgate.plugin.records import ExchangeRecord, MirrorResult

Text = str | bytes
Fields = Mapping[str, Text] | Iterable[tuple[Text, Text]]


def request(
    method: Text = "GET",
    target: Text = "/",
    headers: Fields = (),
    *,
    authority: Text | None = None,
    peer: str = "192.0.2.1",
    scheme: Text = "http",
    version: int = 11,
    listener: str = "default",
    local_port: int = 8080,
) -> RequestHead:
    """Return a request head as a plugin gets it: with a Host, which is ``example.com`` unless the test says otherwise.

    ``headers`` is a mapping, or pairs where a field stands more than once.  ``authority`` and a ``Host`` among the
    headers mean the same; give either.
    """
    pairs = _pairs(headers)
    host = next((value for name, value in pairs if name.lower() == b"host"), None)
    if host is None:
        host = b"example.com" if authority is None else _bytes(authority)
        pairs.insert(0, (b"Host", host))
    elif authority is not None and _bytes(authority) != host:
        raise ValueError("authority and the Host header differ; give one of them")
    return RequestHead(
        _bytes(method),
        _bytes(target),
        version,
        Headers(pairs),
        host,
        scheme=_bytes(scheme),
        peer=peer,
        local="198.51.100.1",
        listener=listener,
        local_port=local_port,
    )


def response(status: int = 200, headers: Fields = (), *, reason: Text = "") -> ResponseHead:
    """Return a response head as a plugin gets it."""
    return ResponseHead(status, Headers(_pairs(headers)), _bytes(reason))


def mirror_result(
    outcome: Literal["completed", "failed", "dropped"] = "completed",
    *,
    status: int = 200,
    headers: Fields = (),
    body: bytes = b"",
    reason: str = "",
    of: RequestHead | None = None,
    mirror: str = "candidate",
    duration: float = 0.01,
) -> MirrorResult:
    """Return what an observer is told of one shadow; only a completed one has an answer."""
    completed = outcome == "completed"
    return MirrorResult(
        mirror=mirror,
        outcome=outcome,
        reason=reason or ("" if completed else "refused"),
        request=request(authority="example.com-shadow") if of is None else of,
        request_id=b"6f2c1f0e-0000-4000-8000-000000000001",
        endpoint="" if outcome == "dropped" else "203.0.113.1:80",
        response=response(status, headers) if completed else None,
        body=body,
        duration=duration,
        received=len(body),
    )


def exchange_record(
    head: RequestHead | None = None,
    *,
    status: int = 200,
    outcome: str = "completed",
    duration: float = 0.01,
    request_id: bytes = b"6f2c1f0e-0000-4000-8000-000000000001",
    reason: str = "",
) -> ExchangeRecord:
    """Return what ``on_done`` is told of one exchange."""
    asked = request() if head is None else head
    return ExchangeRecord(
        request=asked,
        status=status,
        outcome=outcome,
        request_id=request_id,
        started=0.0,
        duration=duration,
        received=0,
        sent=0,
        route="example",
        upstream="203.0.113.1:80",
        attempts=1,
        authority=asked.authority,
        target=asked.target,
        reason=reason,
    )


def _bytes(text: Text) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _pairs(headers: Fields) -> list[Pair]:
    items = headers.items() if isinstance(headers, Mapping) else headers
    return [(_bytes(name), _bytes(value)) for name, value in items]
