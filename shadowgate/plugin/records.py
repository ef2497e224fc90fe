"""What is told of what is over: an exchange, a shadow.

One is made for every request and one for every shadow, so they are plain classes, which is what costs least to make and
to read when they are compiled.  Who is given one leaves it as it is.
"""

from __future__ import annotations

from typing import Literal

from shadowgate.http.head import RequestHead, ResponseHead

ShadowOutcome = Literal["completed", "failed", "dropped"]


class ExchangeRecord:
    """One finished exchange, for ``on_done`` and the access log.  Times in seconds, sizes in body bytes.

    ``request`` is the head as the filters left it; ``authority`` and ``target`` are what the client asked for.
    ``reason`` says what is wrong with a configuration by which the request cannot be sent anywhere.
    """

    __slots__ = (
        "attempts",
        "authority",
        "duration",
        "outcome",
        "reason",
        "received",
        "request",
        "request_id",
        "route",
        "sent",
        "started",
        "status",
        "target",
        "upstream",
    )

    def __init__(
        self,
        request: RequestHead,
        status: int,
        outcome: str,
        request_id: bytes,
        started: float,
        duration: float,
        received: int,
        sent: int,
        route: str,
        upstream: str,
        attempts: int,
        authority: bytes = b"",
        target: bytes = b"",
        reason: str = "",
    ) -> None:
        self.request = request
        self.status = status
        self.outcome = outcome
        self.request_id = request_id
        self.started = started
        self.duration = duration
        self.received = received
        self.sent = sent
        self.route = route
        self.upstream = upstream
        self.attempts = attempts
        self.authority = authority
        self.target = target
        self.reason = reason

    def __repr__(self) -> str:
        return f"<ExchangeRecord {self.request!r}, {self.outcome}, status {self.status}, {self.duration:.3f} s>"


class MirrorResult:
    """What became of one shadow.

    ``outcome`` is ``completed`` (an answer came, whatever its status), ``failed`` (the head was sent, but no whole
    answer came) or ``dropped`` (nothing was sent); ``reason`` says why for the last two.  ``request`` is the copy as it
    was sent; of a shadow dropped before it was copied it is the primary's own head, to be left alone.  ``sent`` counts
    body bytes handed to the connection.  ``body`` holds at most the bytes that an observer asked for.
    """

    __slots__ = (
        "body",
        "duration",
        "endpoint",
        "mirror",
        "outcome",
        "reason",
        "received",
        "request",
        "request_id",
        "response",
        "sent",
    )

    def __init__(
        self,
        mirror: str,
        outcome: ShadowOutcome,
        reason: str,
        request: RequestHead,
        request_id: bytes,
        endpoint: str = "",
        response: ResponseHead | None = None,
        body: bytes = b"",
        duration: float = 0.0,
        sent: int = 0,
        received: int = 0,
    ) -> None:
        self.mirror = mirror
        self.outcome: ShadowOutcome = outcome
        self.reason = reason
        self.request = request
        self.request_id = request_id
        self.endpoint = endpoint
        self.response = response
        self.body = body
        self.duration = duration
        self.sent = sent
        self.received = received

    def __repr__(self) -> str:
        return f"<MirrorResult {self.mirror}, {self.outcome} {self.reason}, {self.request!r}, {self.duration:.3f} s>"
