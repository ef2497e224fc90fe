"""One HTTP/1.1 connection to an endpoint: one request at a time, and back to its pool when the answer is whole.

It reports to a ``streams.Receiver`` and knows nothing of routes, mirrors or who that receiver is.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol
from twisted.python.failure import Failure
from zope.interface import classImplements

from shadowgate.errors import BadBody, BadResponse
from shadowgate.http.framing import CHUNKED, NO_BODY, BodyReader, WireLimits, reader_for
from shadowgate.http.head import RequestHead
from shadowgate.http.headers import Pair
from shadowgate.http.response_parser import ResponseParser
from shadowgate.http.writer import chunk, last_chunk, request_block
from shadowgate.net.outbox import Outbox, outbox_for
from shadowgate.net.raw import Raw
from shadowgate.net.readiness import PIECES, Kind, Readiness
from shadowgate.runtime import outcomes
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.streams import Receiver
from shadowgate.runtime.timers import Lane

ANYTHING = select.POLLIN | getattr(select, "POLLRDHUP", 0)
"""What can come of a connection that nothing was asked of; errors and its end are told in any case."""

MOST_INFORMATIONAL = 32
"""1xx answers that an upstream may send before its final one."""


class ClientConnection:
    """Implements ``streams.Upstream``.  ``released`` is told when it can serve another request, or is gone."""

    def __init__(
        self,
        limits: WireLimits,
        released: Callable[[ClientConnection, bool], None],
        readiness: Readiness | None = None,
        shadow: bool = False,
    ) -> None:
        self.transport: Any = None
        self._shadow = shadow
        self._limits = limits
        self._released = released
        self._readiness = readiness
        self._turn = -1
        self._more = False
        self._parser = ResponseParser(limits)
        self._receiver: Receiver | None = None
        self._outbox: Outbox
        self._reader: BodyReader | None = None
        self._method = b""
        self._length = NO_BODY
        self._request_done = False
        self._keep_alive = False
        self._informational = 0
        self._input = b""
        self._reading = False
        self._paused = False
        self._connected = False
        self._asking: RequestHead | None = None
        self._raw: Raw | None = None
        self._look: Callable[[int], object] | None = None
        self.overhead = 0
        self.reused = False
        self.requests = 0

    # Twisted's side

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        set_no_delay = getattr(self.transport, "setTcpNoDelay", None)
        if set_no_delay is not None:
            set_no_delay(True)
        self._outbox = outbox_for(self.transport, self, self._readiness, shadow=self._shadow)
        kind: Kind = "shadow" if self._shadow else "primary"
        if self._readiness is not None and not self._readiness.adopt(self.transport, self._received, kind):
            self._readiness = None
        self._connected = True

    def _received(self, data: bytes) -> None:
        readiness = self._readiness
        assert readiness is not None
        self._turn = readiness.turn
        self._more = readiness.ended or len(data) in PIECES
        self.dataReceived(data)

    def dataReceived(self, data: bytes) -> None:
        if self._receiver is None:
            if self._raw is not None:
                self._raw.data_received(data)
            else:
                # Nobody asked: whatever this is, it must not become somebody's answer.
                self._drop()
            return
        self._input = self._input + data if self._input else data
        if not self._reading:
            self._read()

    def connectionLost(self, reason: Failure) -> None:
        connected, self._connected = self._connected, False
        receiver, self._receiver = self._receiver, None
        if connected:
            # Once for each connection: pools count.
            self._released(self, False)
        self._outbox.forget()
        if receiver is None:
            if self._raw is not None:
                self._raw.lost()
            return
        reader = self._reader
        if reader is not None and reason.check(ConnectionDone):
            try:
                reader.eof()
            except BadBody:
                receiver.response_failed(outcomes.UPSTREAM_CLOSED)
            else:
                receiver.response_end(reader.trailers)
            return
        clean = reason.check(ConnectionDone) and self._parser.idle
        if not self._parser.idle:
            receiver.response_failed(outcomes.BAD_ANSWER)
        else:
            receiver.response_failed(outcomes.UPSTREAM_CLOSED if clean else outcomes.UPSTREAM_RESET)

    def readConnectionLost(self) -> None:
        """Behind an upgrade the peer may go on listening; until then one that closes its side is gone."""
        if self._raw is not None:
            self._raw.read_ended()
        else:
            self.transport.connectionLost(Failure(ConnectionDone()))

    def writeConnectionLost(self) -> None:
        """Our own doing."""

    def write_full(self) -> None:
        if self._receiver is not None:
            self._receiver.request_full()

    def write_drained(self) -> None:
        if self._receiver is not None:
            self._receiver.request_drained()

    # streams.Upstream

    def assign(self, receiver: Receiver) -> None:
        """Give the connection to a request."""
        self._receiver = receiver
        self._request_done = False
        self._informational = 0
        self.reused = self.requests > 0
        self.requests += 1

    def send_head(self, head: RequestHead, length: int, data: bytes, ended: bool) -> None:
        self._method = head.method
        self._length = length
        self._request_done = ended
        self._asking = head if head.upgrade is not None else None
        try:
            block = request_block(head, length)
        except ValueError:
            self._fail(outcomes.PLUGIN_FAILED)
            return
        if length == CHUNKED:
            if data:
                block += chunk(data)
            if ended:
                block += last_chunk(())
        elif data:
            block += data
        self._outbox.write(block)

    def send(self, data: bytes) -> None:
        if data:
            self._outbox.write(chunk(data) if self._length == CHUNKED else data)

    def end(self, trailers: Sequence[Pair]) -> None:
        self._request_done = True
        if self._length == CHUNKED:
            self._outbox.write(last_chunk(trailers))

    def pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pauseProducing()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resumeProducing()

    def switch(self) -> Raw:
        self._receiver = None
        early, self._input = self._input, b""
        self.resume()
        raw = self._raw = Raw(self._transport, self._outbox, early)
        return raw

    def abort(self) -> None:
        self._receiver = None
        self._drop()

    # For the pool

    def close(self) -> None:
        """Close an idle connection."""
        self._outbox.close()

    def expired(self, lane: Lane) -> None:
        """It was idle for as long as the pool keeps connections."""
        self._drop()

    def stale(self, lenient: bool = False) -> bool:
        """Whether the peer has closed, or sent something, that the reactor has not come to yet.

        To be ``lenient`` is to believe what the kernel said when this batch began.
        """
        readiness = self._readiness
        if readiness is not None and readiness.current:
            # It was read a moment ago, after everything that had come, or nothing has come since it was read.
            known = self._turn == readiness.turn or (lenient and readiness.complete)
            if known and not self._more:
                return False
        if self._look is None:
            socket = getattr(self.transport, "socket", None)
            if socket is None:
                return False
            if socket.fileno() < 0:
                return True
            # Asked without an exception, "nothing" costs a third of what a look into the socket costs.
            kernel = select.poll()
            kernel.register(socket, ANYTHING)
            self._look = kernel.poll
        return bool(self._look(0))

    # Reading

    @property
    def _transport(self) -> Any:
        return self.transport

    def _read(self) -> None:
        self._reading = True
        try:
            while self._input and self._receiver is not None:
                if self._reader is None:
                    if not self._read_head(self._receiver):
                        break
                else:
                    self._read_body(self._receiver, self._reader)
            if self._input and self._receiver is None and self._connected:
                self._drop()
        except BadResponse:
            self._fail(outcomes.BAD_ANSWER)
        except BadBody:
            self._fail(outcomes.BAD_ANSWER)
        finally:
            self._reading = False

    def _read_head(self, receiver: Receiver) -> bool:
        parser = self._parser
        data, self._input = self._input, b""
        message = parser.feed(data, self._method)
        if message is None:
            return False
        rest = parser.rest
        status = message.head.status
        if status < 200:
            self._informational += 1
            if self._informational > MOST_INFORMATIONAL:
                raise BadResponse("too many informational answers")
            self._input = rest
            if status != 101:
                receiver.informational(message.head)
                return True
            asking = self._asking
            if asking is None or not asking.upgrading or message.upgrade != asking.upgrade:
                raise BadResponse("a change of protocol that was not asked for")
            receiver.response(message.head, NO_BODY, b"", False)
            return True
        length = message.length
        self._keep_alive = message.keep_alive
        if length in (NO_BODY, 0):
            self._input = rest
            self._release()
            receiver.response(message.head, length, b"", True)
            return True
        if length == len(rest):
            self._release()
            receiver.response(message.head, length, rest, True)
            return True
        reader = reader_for(length, self._limits)
        payload = reader.feed(rest) if rest else b""
        if self._shadow:
            self.overhead = len(rest) - len(payload)
        if reader.done:
            self._input = reader.rest
            if not reader.trailers:
                self._release()
                receiver.response(message.head, length, payload, True)
                return True
            receiver.response(message.head, length, payload, False)
            self._end(receiver, reader)
            return True
        self._reader = reader
        receiver.response(message.head, length, payload, False)
        return True

    def _read_body(self, receiver: Receiver, reader: BodyReader) -> None:
        data, self._input = self._input, b""
        payload = reader.feed(data)
        if self._shadow:
            self.overhead += len(data) - len(payload)
        if not reader.done:
            if payload:
                receiver.response_data(payload)
            return
        self._input = reader.rest
        if payload:
            receiver.response_data(payload)
        self._end(receiver, reader)

    def _end(self, receiver: Receiver, reader: BodyReader) -> None:
        if self._receiver is receiver:  # it may have given the answer up at its last piece
            self._release()
            receiver.response_end(reader.trailers)

    def _release(self) -> None:
        """The answer is whole: back to the pool before the receiver hears of it, so that it can be used at once."""
        self._receiver = None
        self._reader = None
        if self._paused:
            self.resume()
        if self._keep_alive and self._request_done and not self._input and not self._outbox.full:
            self._released(self, True)
        else:
            self._drop()

    def _fail(self, outcome: Outcome) -> None:
        receiver, self._receiver = self._receiver, None
        self._drop()
        if receiver is not None:
            receiver.response_failed(outcome)

    def _drop(self) -> None:
        """Close without ceremony; nothing of use is left to send."""
        self._input = b""
        if self._connected:
            self._connected = False
            self._released(self, False)
            self._transport.abortConnection()

    def __repr__(self) -> str:
        busy = "idle" if self._receiver is None else "busy"
        return f"<ClientConnection {busy}, {self.requests} requests>"


classImplements(ClientConnection, IProtocol, IHalfCloseableProtocol)
