"""Answers that the gateway makes itself, ready for a downstream: a filter's reply, or an outcome in words."""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.compiler.snapshot import ResponseHook
from shadowgate.http.framing import NO_BODY
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.plugin import Reply
from shadowgate.runtime.hooks import change_response
from shadowgate.runtime.outcomes import Outcome

TEXT = (b"Content-Type", b"text/plain; charset=utf-8")
OVERLOADED = (b"x-envoy-overloaded", b"true")
"""Envoy's word that it was itself and not the upstream; nobody who knows it tries again."""


def refusal(outcome: Outcome) -> Reply:
    """Return an outcome's status with a short body that names the reason and no address of ours."""
    headers = (TEXT, OVERLOADED) if outcome.overloaded else (TEXT,)
    return Reply(outcome.status, f"{outcome.name}: {outcome.message}\n".encode(), headers)


def own_answer(
    reply: Reply, request: RequestHead, hooks: Sequence[ResponseHook], server: bytes, date: bytes
) -> tuple[ResponseHead, int, bytes]:
    """Return head, length and body of a reply, as the hooks leave it; raises :class:`~.hooks.HookFailed`."""
    head = ResponseHead(reply.status, Headers(list(reply.headers)), reply.reason.encode("latin-1", "replace"))
    if b"date" not in head.headers:
        head.headers.add(b"Date", date)
    change_response(hooks, request, head)
    if server:
        head.headers.set(b"Server", server)
    return (head, *_reply_body(reply, head, request.method))


def _reply_body(reply: Reply, head: ResponseHead, method: bytes) -> tuple[int, bytes]:
    """Return the length and the body to send; to HEAD and 304 the length stays as a field (RFC 9110 section 8.6)."""
    body = b"" if head.status == 205 else reply.body  # RFC 9110 section 15.3.6
    if method != b"HEAD" and head.status not in (204, 304):
        return len(body), body
    if body and head.status != 204:
        head.headers.set(b"Content-Length", b"%d" % len(body))
    return NO_BODY, b""
