"""Answers that the gateway makes itself, ready for a downstream: a filter's reply, or an outcome in words."""

from __future__ import annotations

from shadowgate.http.framing import NO_BODY
from shadowgate.http.head import ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.plugin import Reply
from shadowgate.runtime.outcomes import Outcome

TEXT = (b"Content-Type", b"text/plain; charset=utf-8")


def refusal(outcome: Outcome) -> Reply:
    """Return an outcome's status with a short body that names the reason and no address of ours."""
    return Reply(outcome.status, f"{outcome.name}: {outcome.message}\n".encode(), (TEXT,))


def reply_head(reply: Reply) -> ResponseHead:
    """Return the head of a reply; hooks may change it."""
    return ResponseHead(reply.status, Headers(list(reply.headers)), reply.reason.encode("latin-1", "replace"))


def reply_body(reply: Reply, head: ResponseHead, method: bytes) -> tuple[int, bytes]:
    """Return the length and the body to send; to HEAD and 304 the length stays as a field (RFC 9110 section 8.6)."""
    body = reply.body
    if method != b"HEAD" and head.status not in (204, 304):
        return len(body), body
    if body and head.status != 204:
        head.headers.set(b"Content-Length", b"%d" % len(body))
    return NO_BODY, b""
