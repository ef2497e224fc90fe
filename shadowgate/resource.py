"""The gateway as a twisted.web resource: the same exchange behind any Site.

Routing, filters, mirrors and limits are those of a listener, and so is the strict layer that a head has to pass:
twisted.web takes more for a request than may be sent on.  What it does before a resource sees a request stays as it
is: it has read the whole body, and its headers are in canonical case.  It has no way to leave HTTP either: a request
to upgrade is an ordinary one here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from shadowgate.errors import BadRequest
from shadowgate.gateway import Gateway
from shadowgate.http.fields import FRAMING
from shadowgate.http.framing import NO_BODY, TOO_LARGE
from shadowgate.http.head import ResponseHead
from shadowgate.http.headers import Pair
from shadowgate.http.request_parser import RequestMessage, RequestParser
from shadowgate.net.server import ALLOW
from shadowgate.runtime.exchange import Exchange
from shadowgate.runtime.streams import RawEnd

LISTENER = "mounted"
PIECE = 64 * 1024


@implementer(IResource)
class GatewayResource:
    """Serves every request below the place where it is mounted through ``gateway``.

    The whole path, the prefix of the mount included, is what routes match.  Routes that are bound to listeners know
    this one as ``listener``.
    """

    isLeaf = True
    server = None

    def __init__(self, gateway: Gateway, listener: str = LISTENER) -> None:
        self._gateway = gateway
        self._listener = listener

    def render(self, request: Any) -> int:
        """Hand the request to an exchange (``IResource.render``)."""
        _Mounted(self._gateway, self._listener, request).start()
        return NOT_DONE_YET

    def getChildWithDefault(self, name: bytes, request: Any) -> IResource:
        return self

    def putChild(self, path: bytes, child: IResource) -> None:
        raise TypeError("a GatewayResource has no children: its routes decide")


@implementer(IPushProducer)
class _Mounted:
    """One twisted.web request as ``streams.Downstream``."""

    def __init__(self, gateway: Gateway, listener: str, request: Any) -> None:
        self._request = request
        self._gateway = gateway
        self._listener = listener
        self._exchange = Exchange(gateway.core, self)
        self._feeding = False
        self._paused = False
        self._over = False

    def start(self) -> None:
        request = self._request
        # twisted.web writes these on its own account; the upstream's take their place.
        request.defaultContentType = None
        for name in (b"server", b"date"):
            request.responseHeaders.removeHeader(name)
        request.notifyFinish().addErrback(self._gone)
        try:
            message = self._message()
            length = self._length(message)
        except BadRequest as bad:
            self._refuse(bad)
            return
        head = message.head
        head.headers.remove(b"expect")  # twisted.web has said 100 already
        if message.last:
            self._answer_last(head.method)
        elif length == NO_BODY:
            self._exchange.start(head, length, b"", True)
        else:
            self._exchange.start(head, length, request.content.read(PIECE), False)
            self._feed()

    def _message(self) -> RequestMessage:
        """Return the request as a listener would have understood it; raise BadRequest where it would have refused."""
        request = self._request
        version = b"HTTP/1.0" if request.clientproto == b"HTTP/1.0" else b"HTTP/1.1"
        lines = [b"%b %b %b" % (request.method, request.uri, version)]
        for name, values in request.requestHeaders.getAllRawHeaders():
            lines += [b"%b: %b" % (name, value) for value in values]
        parser = RequestParser(
            self._gateway.wire_limits,
            scheme=b"https" if request.isSecure() else b"http",
            peer=self._peer,
            local=getattr(request.getHost(), "host", None) or "unix:",
            listener=self._listener,
            local_port=getattr(request.getHost(), "port", 0),
        )
        message = parser.feed(b"\r\n".join([*lines, b"", b""]))
        if message is None or parser.rest:
            raise BadRequest("a line break in the head")
        return message

    @property
    def _peer(self) -> str:
        return getattr(self._request.getClientAddress(), "host", None) or "unix:"

    def _length(self, message: RequestMessage) -> int:
        size = self._request.content.seek(0, 2)
        self._request.content.seek(0)
        if 0 < self._gateway.wire_limits.body_bytes < size:
            raise BadRequest(TOO_LARGE, 413)
        # HTTP/2 has bodies that no field tells of.
        return message.length if message.length != NO_BODY or not size else size

    def _answer_last(self, method: bytes) -> None:
        """Answer as the last recipient of OPTIONS or TRACE (RFC 9110 section 7.6.2), as a listener does."""
        if method == b"TRACE":
            self._refuse(BadRequest("TRACE is not answered here", 405))
        else:
            self._answer(200, "Max-Forwards is 0", b"", (ALLOW,))

    def _refuse(self, bad: BadRequest) -> None:
        self._gateway.core.stats.refused[str(bad.status)] += 1
        fields = ((b"Content-Type", b"text/plain; charset=utf-8"), *((ALLOW,) if bad.status == 405 else ()))
        self._answer(bad.status, bad.reason, f"bad_request: {bad.reason}\n".encode(), fields)

    def _answer(self, status: int, reason: str, body: bytes, fields: Sequence[Pair]) -> None:
        """Give an answer of this side's own, without an exchange."""
        self._over = True
        core, request = self._gateway.core, self._request
        core.access_log.refused(self._peer, status, reason)
        request.setResponseCode(status)
        for name, value in (*fields, (b"Date", core.date()), (b"Content-Length", b"%d" % len(body))):
            request.setHeader(name, value)
        request.write(body)
        request.finish()

    def _feed(self) -> None:
        """Give the exchange the stored body for as long as it takes it."""
        if self._feeding:
            return
        self._feeding = True
        while not self._paused and not self._over:
            piece = self._request.content.read(PIECE)
            if not piece:
                self._over = True
                self._exchange.request_end()
                break
            self._exchange.request_data(piece)
        self._feeding = False

    def _gone(self, failure: Failure) -> None:
        self._over = True
        self._exchange.client_gone()

    # streams.Downstream

    def send_head(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None:
        request = self._request
        request.setResponseCode(head.status, head.reason or None)
        for name, value in head.headers:
            if length == NO_BODY or name.lower() not in FRAMING:
                request.responseHeaders.addRawHeader(name, value)
        if length >= 0:
            request.responseHeaders.setRawHeaders(b"content-length", [b"%d" % length])
        if not ended:
            request.registerProducer(self, True)
        request.write(data)
        if ended:
            self.end(())

    def send_informational(self, head: ResponseHead) -> None:
        """twisted.web has no way to say one."""

    def send(self, data: bytes) -> None:
        self._request.write(data)

    def end(self, trailers: Sequence[Pair]) -> None:
        self._over = True
        request = self._request
        if request.producer is not None:
            request.unregisterProducer()
        request.finish()

    def switch(self, head: ResponseHead, protocol: bytes) -> RawEnd:
        raise TypeError("no request of twisted.web asks for another protocol")

    def abort(self) -> None:
        self._over = True
        channel = self._request.channel
        if channel is not None:
            # An HTTP/2 stream can be aborted; an HTTP/1 channel is as its transport is.
            abort = getattr(channel, "abortConnection", None) or channel.transport.abortConnection
            abort()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._feed()

    # IPushProducer: how fast the client reads

    def pauseProducing(self) -> None:
        self._exchange.response_full()

    def resumeProducing(self) -> None:
        self._exchange.response_drained()

    def stopProducing(self) -> None:
        """The client is gone; ``notifyFinish`` says so."""
