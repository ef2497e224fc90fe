"""The gateway as a twisted.web resource: the same exchange behind any Site.

Routing, filters, mirrors and limits are those of a listener.  What twisted.web does before a resource sees a request
stays as it is: it has read the whole body, and its headers are in canonical case.  It has no way to leave HTTP either:
a request to upgrade is an ordinary one here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from shadowgate.gateway import Gateway
from shadowgate.http.fields import FRAMING, HOP_BY_HOP, connection_options, nominated
from shadowgate.http.framing import CHUNKED, NO_BODY
from shadowgate.http.grammar import Malformed
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Pair
from shadowgate.http.parser import settle_target
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
        head = self._head()
        try:
            if not head.target.startswith(b"/"):
                settle_target(head)
        except Malformed as bad:
            self._over = True
            request.setResponseCode(bad.status)
            if bad.status == 405:
                request.setHeader(*ALLOW)
            request.write(f"bad_request: {bad.reason}\n".encode())
            request.finish()
            return
        length = self._length()
        if length == NO_BODY:
            self._exchange.start(head, length, b"", True)
            return
        self._exchange.start(head, length, request.content.read(PIECE), False)
        self._feed()

    def _head(self) -> RequestHead:
        request = self._request
        received = request.requestHeaders
        gone = HOP_BY_HOP | FRAMING | nominated(connection_options(received.getRawHeaders(b"connection", [])))
        pairs = [
            (name, value)
            for name, values in received.getAllRawHeaders()
            if name.lower() not in gone and name.lower() != b"expect"
            for value in values
        ]
        return RequestHead(
            request.method,
            request.uri,
            10 if request.clientproto == b"HTTP/1.0" else 11,
            Headers(pairs),
            received.getRawHeaders(b"host", [b""])[0],
            scheme=b"https" if request.isSecure() else b"http",
            peer=getattr(request.getClientAddress(), "host", None) or "unix:",
            local=getattr(request.getHost(), "host", None) or "unix:",
            listener=self._listener,
            local_port=getattr(request.getHost(), "port", 0),
        )

    def _length(self) -> int:
        if self._request.requestHeaders.hasHeader(b"transfer-encoding"):
            return CHUNKED
        size = self._request.content.seek(0, 2)
        self._request.content.seek(0)
        return size if size or self._request.requestHeaders.hasHeader(b"content-length") else NO_BODY

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
