"""One client's connection: heads and bodies in, answers out, in order.

Implements ``streams.Downstream`` for the exchange at work.  Requests that arrive before their turn wait as bytes,
within a bound.  Everything that is not well-formed is refused here, before an exchange exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import classImplements

from shadowgate.errors import BadBody, BadRequest
from shadowgate.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, BodyReader, reader_for
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Pair
from shadowgate.http.request_parser import RequestMessage, RequestParser
from shadowgate.http.writer import chunk, informational_block, last_chunk, response_block, switching_block
from shadowgate.net.half_closed import ask, has_refused
from shadowgate.net.outbox import Outbox, outbox_for
from shadowgate.net.pace import Pace
from shadowgate.net.raw import Raw
from shadowgate.net.server_side import ServerSide
from shadowgate.runtime import outcomes
from shadowgate.runtime.exchange import Exchange
from shadowgate.runtime.timers import Lane

LINGER_BYTES = 256 * 1024
"""How much is read and dropped after an answer that came before its request was complete."""

ALLOW = (b"Allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
"""RFC 9110 section 10.2.1: of the gateway itself; what an upstream allows is its own to say."""

_BROKEN = {413: outcomes.BODY_TOO_LARGE, 431: outcomes.TRAILERS_TOO_LARGE}


class ServerFactory(Factory):
    """Accepts the clients of one listener."""

    noisy = False

    def __init__(self, side: ServerSide) -> None:
        self.side = side

    def buildProtocol(self, address: IAddress) -> ServerConnection | Unwelcome:  # type: ignore[override]
        return ServerConnection(self.side) if self.side.entry.admits(address) else Unwelcome()

    def drain(self) -> None:
        """Close idle connections now and the others after the answer that they are waiting for."""
        for connection in list(self.side.connections):
            connection.drain()


class Unwelcome(Protocol):
    """A client that is closed at once.  Without any protocol, Twisted's own TLS would fail aloud for each of them."""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()


class ServerConnection:
    """HTTP/1.1 and 1.0, with pipelining."""

    def __init__(self, side: ServerSide) -> None:
        self.transport: Any = None
        self._side = side
        self._core = side.core
        self._transport: Any = None
        self._peer: Any = None
        self._outbox: Outbox
        self._parser: RequestParser
        self._lane: Lane | None = None
        self._exchange: Exchange | None = None
        self._reader: BodyReader | None = None
        self._input = b""
        self._working = False
        self._keep_alive = True
        self._version = 11
        self._length = NO_BODY
        self._head_sent = False
        self._half_closed = False
        self._asked = False
        self._closing = False
        self._dropped = 0
        self._body_paused = False
        self._paused = False
        self._open = False
        self._requests = 0
        self._yielded = False
        self._pace: Pace | None = None
        self._raw: Raw | None = None

    # Twisted's side

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self._transport = transport
        side = self._side
        set_no_delay = getattr(transport, "setTcpNoDelay", None)
        if set_no_delay is not None:
            set_no_delay(True)
        self._outbox = outbox_for(transport, self, side.readiness)
        if side.readiness is not None:
            side.readiness.adopt(transport, self.dataReceived)
        peer = self._peer = transport.getPeer()
        local = transport.getHost()
        self._parser = RequestParser(
            side.limits,
            scheme=side.scheme,
            peer=_text(peer),
            local=_text(local),
            listener=side.listener,
            local_port=side.port or getattr(local, "port", 0),
        )
        self._open = True
        stats = self._core.stats
        stats.connections += 1
        stats.connections_open += 1
        side.connections.add(self)
        side.entry.came(peer)
        self._enter(side.head_lane)

    def dataReceived(self, data: bytes) -> None:
        if self._closing:
            if self._raw is not None:
                self._raw.data_received(data)
            else:
                self._drop(len(data))
            return
        if self._pace is not None:
            self._pace.count(len(data))
        self._input = self._input + data if self._input else data
        if not self._working:
            self._work()

    def readConnectionLost(self) -> None:
        """The client has closed its side: it may be gone, or still be waiting for its answer."""
        self._half_closed = True
        if self._raw is not None:
            self._raw.read_ended()
        elif self._closing:
            self._close()
        elif self._reader is not None:
            self._abort()
        elif self._exchange is None:
            self._work()
        else:
            self._enter(self._side.half_closed_lane)

    def writeConnectionLost(self) -> None:
        """Our own doing, while lingering."""

    def connectionLost(self, reason: Failure) -> None:
        self._open = False
        self._leave()
        self._end_pace()
        self._core.stats.connections_open -= 1
        self._side.connections.discard(self)
        self._side.entry.left(self._peer)
        self._outbox.forget()
        exchange, self._exchange = self._exchange, None
        self._input = b""
        if exchange is not None:
            exchange.client_gone()
        elif self._raw is not None:
            self._raw.lost()

    def write_full(self) -> None:
        if self._exchange is not None:
            self._exchange.response_full()

    def write_drained(self) -> None:
        if self._exchange is not None:
            self._exchange.response_drained()
        elif not self._working:
            self._work()

    def expired(self, lane: Lane) -> None:
        self._lane = None
        if self._half_closed and self._exchange is not None and self._may_be_reading():
            self._enter(lane)
        elif self._closing or self._exchange is not None:
            self._abort()
        elif lane is self._side.head_lane and not self._parser.idle:
            self._refuse(BadRequest("the request's head did not arrive in time", 408))
        else:
            self._close()

    def _may_be_reading(self) -> bool:
        """Whether a client that has closed its side is waited for: it has not said that it is gone."""
        if not self._asked:
            self._asked = True
            outbox = self._outbox if not self._head_sent and self._version >= 11 else None  # RFC 9110 section 15.2
            ask(self._transport, outbox, self._core.timers.clock, self._abort)
        return not has_refused(self._transport)

    def drain(self) -> None:
        """Take no further request."""
        self._keep_alive = False
        if self._exchange is None and not self._closing:
            self._close()

    def close(self) -> None:
        """End at once; a request that has no answer yet is given one."""
        exchange = self._exchange
        if exchange is not None:
            exchange.request_broken(outcomes.DRAINED)
        if exchange is None or self._outbox.full:
            self._transport.abortConnection()

    # Reading

    def _work(self) -> None:
        """Take from the input what its turn has come for."""
        if self._yielded:
            return
        self._working = True
        taken = 0
        try:
            while self._input and self._open and not self._closing:
                if self._reader is not None:
                    self._read_body(self._reader)
                # Nor does a request begin while its client has yet to read the answers before it.
                elif self._exchange is not None or self._outbox.full:
                    break
                elif taken == self._side.bounds.pipelined:
                    self._yield()
                    break
                elif not self._read_head():
                    break
                else:
                    taken += 1
            if self._half_closed and self._exchange is not None and not self._head_sent:
                self._enter(self._side.half_closed_lane)
        except BadRequest as bad:
            self._refuse(bad)
        finally:
            self._working = False
        if self._half_closed and self._exchange is None and not self._outbox.full and not self._yielded:
            self._close()
        else:
            self._regulate()

    def _yield(self) -> None:
        """Go on in another turn of the reactor: answers that cost nothing must not let one client hold up the rest."""

        def go_on() -> None:
            self._yielded = False
            if self._open and not self._closing:
                self._work()

        self._yielded = True
        self._core.timers.clock.callLater(0, go_on)

    def _read_head(self) -> bool:
        data, self._input = self._input, b""
        parser = self._parser
        message = parser.feed(data)
        if message is None:
            if self._lane is not self._side.head_lane:
                self._enter(self._side.head_lane)
            if self._pace is None and not parser.idle:
                self._begin_pace(self._side.bounds.header_rate, len(data))
            return False
        if self._lane is not None:
            self._leave()
        if self._pace is not None:
            self._end_pace()
        self._requests += 1
        self._keep_alive = (
            self._keep_alive and message.keep_alive and self._requests != self._side.bounds.requests_per_connection
        )
        self._version = message.version
        self._head_sent = False
        if message.upgrade is not None:
            self._let_upgrade(message, message.upgrade)
        if message.last:
            self._answer_last(message.head)
            return True
        exchange = self._exchange = Exchange(self._core, self)
        length = message.length
        if length == NO_BODY:
            self._input = parser.rest
            exchange.start(message.head, length, b"", True)
            return True
        if length == len(parser.rest):
            exchange.start(message.head, length, parser.rest, True)
            return True
        reader = reader_for(length, self._side.limits)
        try:
            payload = reader.feed(parser.rest) if parser.rest or length == 0 else b""
        except BadBody as bad:
            self._exchange = None
            raise BadRequest(bad.reason, bad.status) from bad
        if reader.done:
            self._input = reader.rest
            exchange.start(message.head, length, payload, True, reader.trailers)
        else:
            self._reader = reader
            # Who waits for a 100 is not slow until it has begun (RFC 9110 section 10.1.1).
            if payload or not message.expects_continue:
                self._begin_pace(self._side.bounds.body_rate, len(payload))
            exchange.start(message.head, length, payload, False)
        return True

    def _let_upgrade(self, message: RequestMessage, wanted: bytes) -> None:
        """Let the request ask for the first of these protocols that it may; without any it is an ordinary one."""
        if message.length not in (NO_BODY, 0):
            return  # its bytes and those behind it would be hard to tell apart
        for protocol in wanted.split(b","):
            if protocol.strip(b" \t") in self._side.upgrades:
                message.head.ask_upgrade(protocol.strip(b" \t"))
                return

    def _read_body(self, reader: BodyReader) -> None:
        data, self._input = self._input, b""
        exchange = self._exchange
        assert exchange is not None
        try:
            payload = reader.feed(data)
        except BadBody as bad:
            self._core.stats.refused[str(bad.status)] += 1
            exchange.request_broken(_BROKEN.get(bad.status, outcomes.BAD_REQUEST))
            return
        if self._pace is None and not self._head_sent:
            self._begin_pace(self._side.bounds.body_rate, len(data))
        if payload:
            exchange.request_data(payload)
        if reader.done and self._reader is reader:
            self._reader = None
            self._end_pace()
            self._input = reader.rest
            exchange.request_end(reader.trailers)

    def _regulate(self) -> None:
        """Read on, unless the exchange or too many waiting requests ask for a pause."""
        busy = self._exchange is not None or self._outbox.full or self._yielded
        paused = self._body_paused or (busy and len(self._input) > self._side.bounds.buffer)
        if paused != self._paused and self._open:
            self._paused = paused
            if paused:
                self._transport.pauseProducing()
            else:
                self._transport.resumeProducing()
                if self._pace is not None:
                    self._pace.begin_again()

    def _begin_pace(self, rate: int, received: int) -> None:
        side = self._side
        if rate and side.pace_lane.seconds:
            self._pace = Pace(side.pace_lane, self._core.timers.clock.seconds, self._too_slow)
            self._pace.begin(rate)
            self._pace.count(received)

    def _end_pace(self) -> None:
        pace, self._pace = self._pace, None
        if pace is not None:
            pace.end()

    def _too_slow(self) -> None:
        self._pace = None
        if self._exchange is None:
            self._refuse(BadRequest("the request's head came too slowly", 408))
        elif self._paused:
            self._begin_pace(self._side.bounds.body_rate, 0)
        else:
            self._exchange.request_broken(outcomes.REQUEST_TIMEOUT)

    def _answer_last(self, head: RequestHead) -> None:
        """Answer as the last recipient of OPTIONS or TRACE (RFC 9110 section 7.6.2)."""
        if head.method == b"TRACE":
            # An echo of the client's fields shows a script what the browser hides from it.
            raise BadRequest("TRACE is not answered here", 405)
        self._core.access_log.refused(_text(self._peer), 200, "Max-Forwards is 0")
        self._end_with(200, [ALLOW], b"")

    def _refuse(self, bad: BadRequest) -> None:
        """Answer what is not a request, and close: nothing that followed in the same bytes is looked at."""
        self._leave()
        core = self._core
        core.stats.refused[str(bad.status)] += 1
        core.access_log.refused(_text(self._peer), bad.status, bad.reason)
        fields = [(b"Content-Type", b"text/plain; charset=utf-8")]
        if bad.status == 405:
            fields.append(ALLOW)  # RFC 9110 section 15.5.6
        self._end_with(bad.status, fields, f"bad_request: {bad.reason}\n".encode())

    def _end_with(self, status: int, fields: list[Pair], body: bytes) -> None:
        """Give an answer of this connection's own, its last."""
        self._keep_alive = False
        head = ResponseHead(status, Headers([*fields, (b"Date", self._core.date())]))
        self._outbox.write(response_block(head, len(body), close=True) + body)
        self._begin_linger()

    # streams.Downstream

    def send_head(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None:
        if self._reader is not None or self._core.draining or (self._half_closed and not self._input):
            self._keep_alive = False
        if length in (CHUNKED, UNTIL_CLOSE):
            # A 1.1 client is told where the body ends; a 1.0 client sees it by the close (RFC 9112 section 6.3).
            length = CHUNKED if self._version >= 11 else UNTIL_CLOSE
            if length == UNTIL_CLOSE:
                self._keep_alive = False
        self._length = length
        self._head_sent = True
        if self._pace is not None:
            self._end_pace()
        if self._lane is not None:
            self._leave()
        try:
            block = response_block(head, length, close=not self._keep_alive, version=self._version)
        except ValueError:
            self._cut_unwritable()
            return
        if length == CHUNKED:
            if data:
                block += chunk(data)
            if ended:
                block += last_chunk(())
        elif data:
            block += data
        self._outbox.write(block)
        if ended:
            self._answered()
        elif self._half_closed:
            self._enter(self._side.half_closed_lane)

    def send_informational(self, head: ResponseHead) -> None:
        if self._version >= 11:
            self._outbox.write(informational_block(head))

    def send(self, data: bytes) -> None:
        self._outbox.write(chunk(data) if self._length == CHUNKED else data)
        if self._half_closed:
            self._enter(self._side.half_closed_lane)

    def end(self, trailers: Sequence[Pair]) -> None:
        if self._length == CHUNKED:
            self._outbox.write(last_chunk(trailers))
        self._answered()

    def switch(self, head: ResponseHead, protocol: bytes) -> Raw:
        self._exchange = None
        self._leave()
        early = self._input
        self._stop_reading_requests()
        raw = self._raw = Raw(self._transport, self._outbox, early, self._half_closed)
        try:
            raw.write(switching_block(head, protocol))
        except ValueError:
            self._cut_unwritable()
        return raw

    def _cut_unwritable(self) -> None:
        self._core.plugin_failures.note(
            "response head", "a plugin put a line break into a response head; the answer was cut"
        )
        self._abort()

    def abort(self) -> None:
        self._exchange = None
        if self._length == UNTIL_CLOSE or self._outbox.full:
            self._abort()
        else:
            self._close()

    def pause(self) -> None:
        self._body_paused = True
        self._regulate()

    def resume(self) -> None:
        self._body_paused = False
        self._regulate()

    # Between requests

    def _answered(self) -> None:
        """The answer is written: on to the next request, or to the end of the connection."""
        self._exchange = None
        self._body_paused = False
        if self._reader is not None or (self._input and not self._keep_alive):
            self._begin_linger()
        elif not self._keep_alive:
            self._close()
        else:
            self._enter(self._side.keepalive_lane)
            if not self._working:
                self._work()

    def _begin_linger(self) -> None:
        """Close in two steps, so that the client reads its answer before it learns of the close (RFC 9112 9.6)."""
        if self._half_closed:
            self._close()
            return
        self._stop_reading_requests()
        self._outbox.close_write()
        self._enter(self._side.linger_lane)

    def _close(self) -> None:
        """Close once everything is written; a client that does not read it has as long as an idle one."""
        if not self._open:
            return
        self._stop_reading_requests()
        self._enter(self._side.keepalive_lane)
        self._outbox.close()

    def _stop_reading_requests(self) -> None:
        """Whatever still comes in is dropped (RFC 9112 section 9.6)."""
        self._closing = True
        self._end_pace()
        self._reader = None
        self._input = b""
        self._body_paused = False
        self._regulate()

    def _abort(self) -> None:
        """Close at once, without what was not written yet."""
        self._stop_reading_requests()
        self._transport.abortConnection()

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropped > LINGER_BYTES:
            self._abort()

    def _enter(self, lane: Lane) -> None:
        if self._lane is not None:
            self._lane.stop(self)
        self._lane = lane
        lane.start(self)

    def _leave(self) -> None:
        lane = self._lane
        if lane is not None:
            self._lane = None
            lane.stop(self)

    def __repr__(self) -> str:
        return f"<ServerConnection {self._side.listener}, exchange={self._exchange!r}>"


classImplements(ServerConnection, IProtocol, IHalfCloseableProtocol)


def _text(address: Any) -> str:
    """Return an address as headers and logs write it."""
    return getattr(address, "host", None) or "unix:"
