"""Shadows: copies of requests sent out of band.

The law of this module: nothing here is waited for and nothing here raises into the exchange.  A shadow that meets a
bound (its mirror's bytes, requests in flight, time, breaker) is given up and counted with the reason; its answer is
read only to keep the connection and then dropped, unless an observer asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from shadowgate.compiler.snapshot import CompiledMirror
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Pair
from shadowgate.plugin import MirrorResult
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.core import Core
from shadowgate.runtime.forwarding import address_shadow
from shadowgate.runtime.mirror_state import MirrorState
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.stats import status_class
from shadowgate.runtime.streams import Dial, Upstream
from shadowgate.runtime.timers import Lane

FRAMING_WEIGHT: Final = 64
"""How many bytes of payload a byte of framing stands for, in what an answer is worth: reading a chunk costs about as
much as reading some hundred bytes, and an answer can be made of chunks of one byte."""


def fire(
    core: Core,
    mirrors: Sequence[CompiledMirror],
    head: RequestHead,
    request_id: bytes,
    length: int,
    data: bytes,
    ended: bool,
    trailers: Sequence[Pair],
) -> tuple[Shadow, ...]:
    """Send a shadow to each mirror that samples this request and has room for it; return those under way."""
    shadows: tuple[Shadow, ...] = ()
    for mirror in mirrors:
        if head.upgrade is not None and head.upgrading and not mirror.handshakes:
            continue
        try:
            if not mirror.admit(head):
                continue
        except Exception:
            core.plugin_failures.note(
                f"mirror {mirror.name}", "the policy of {name} raised; the request is not shadowed"
            )
            continue
        shadow = Shadow(core, mirror, head, request_id, length)
        if shadow.begin(head):
            shadow.open(data, ended, trailers)
            shadows += (shadow,)
    return shadows


def abandon(core: Core) -> None:
    """The gateway ends: give up the shadows under way, so that each of them is counted, logged and told of."""
    for entry in core.timers:
        if isinstance(entry, Shadow):
            entry.cancel("draining")


class Shadow:
    """One copy of one request, from its sampling to its end.

    The exchange calls :meth:`send`, :meth:`end` and :meth:`cancel`; the rest is called by the connection.
    """

    __slots__ = (
        "_body",
        "_core",
        "_dial",
        "_done",
        "_endpoint",
        "_full",
        "_head",
        "_lane",
        "_length",
        "_mirror",
        "_most",
        "_queue",
        "_received",
        "_request_ended",
        "_request_id",
        "_response",
        "_sent",
        "_started",
        "_state",
        "_stream",
        "_trailers",
        "_waiting",
    )

    def __init__(self, core: Core, mirror: CompiledMirror, head: RequestHead, request_id: bytes, length: int) -> None:
        self._core = core
        self._mirror = mirror
        self._state: MirrorState = mirror.state
        self._head = head
        self._request_id = request_id
        self._length = length
        self._stream: Upstream | None = None
        self._dial: Dial | None = None
        self._endpoint: EndpointState | None = None
        self._lane: Lane | None = None
        self._queue: list[bytes] = []
        self._waiting = 0
        self._full = False
        self._request_ended = False
        self._trailers: Sequence[Pair] = ()
        self._response: ResponseHead | None = None
        self._body: list[bytes] = []
        self._sent = 0
        self._received = 0
        self._most = 0
        self._started = core.now()
        self._done = False

    # From the exchange

    def begin(self, head: RequestHead) -> bool:
        """Choose an endpoint and copy the head; False when the shadow was dropped instead."""
        mirror, state = self._mirror, self._state
        limits, stats = mirror.limits, self._state.stats
        stats.sampled += 1
        reason = ""
        if mirror.cluster is None:
            reason = "unresolved"
        elif self._core.draining:
            reason = "draining"
        elif limits.in_flight and stats.in_flight >= limits.in_flight:
            reason = "concurrency"
        elif not state.admits(limits, self._started):
            reason = "breaker_open"
        else:
            try:
                reason = self._copy(head)
            except Exception:
                self._core.plugin_failures.note(
                    f"mirror {mirror.name}", "a plugin of {name} raised; the shadow is dropped"
                )
                reason = "plugin_failed"
        if reason:
            self._finish("dropped", reason)
            return False
        lane = self._lane = self._core.timers.lane(limits.timeout)
        lane.start(self)
        stats.connecting += 1
        return True

    def _copy(self, head: RequestHead) -> str:
        """Make the copy's head and choose its endpoint; return why it cannot be sent, or nothing."""
        mirror = self._mirror
        assert mirror.cluster is not None
        copy = self._head = head.copy()
        address_shadow(copy, None if mirror.host is None else mirror.host(copy.authority))
        for _, hook in mirror.on_request:
            if hook(copy) is not None:
                return "filtered"
        self._endpoint = mirror.cluster.pick(copy)
        return "" if self._endpoint is not None else "no_endpoint"

    def open(self, data: bytes, ended: bool, trailers: Sequence[Pair]) -> None:
        """Send the head with the first of the body; nothing of this is waited for."""
        self._request_ended = ended
        self._trailers = trailers
        endpoint = self._endpoint
        assert endpoint is not None
        stream = endpoint.shadow_pool.checkout(self, True)
        if stream is not None:
            self._start(stream, data)
            return
        if data and not self._hold(data):
            return
        self._dial = endpoint.shadow_pool.dial(self, self._mirror.limits.connect)

    def send(self, data: bytes) -> None:
        """Take the next piece of the request's body; it is never refused, at worst the shadow is given up."""
        if self._done:
            return
        if self._stream is not None and not self._full:
            self._sent += len(data)
            self._stream.send(data)
        else:
            self._hold(data)

    def end(self, trailers: Sequence[Pair]) -> None:
        """The request is complete."""
        self._request_ended = True
        self._trailers = trailers
        if not self._done and self._stream is not None and not self._queue:
            self._stream.end(trailers)

    def cancel(self, reason: str) -> None:
        """The request will never be complete."""
        if not self._done:
            self._give_up(reason)

    # From the connection

    def connected(self, upstream: Upstream) -> None:
        self._dial = None
        data = b"".join(self._queue)
        self._queue.clear()
        self._release()
        self._start(upstream, data)

    def connect_failed(self, outcome: Outcome) -> None:
        self._dial = None
        if not outcome.overloaded:  # a bound of ours says nothing of the mirror
            self._state.failed(self._mirror.limits, self._core.now())
        self._finish("dropped", outcome.name)

    def request_full(self) -> None:
        self._full = True

    def request_drained(self) -> None:
        self._full = False
        stream = self._stream
        if stream is None or not self._queue:
            return
        data = b"".join(self._queue)
        self._queue.clear()
        self._release()
        self._sent += len(data)
        stream.send(data)
        if self._request_ended and not self._done:
            stream.end(self._trailers)

    def informational(self, head: ResponseHead) -> None:
        pass

    def response(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None:
        self._response = head
        if ended:
            self._keep(data)
            self._completed()
            return
        keep = self._mirror.keep_response
        worth = max(self._mirror.limits.response, keep)
        if head.status == 101:
            self._cut()  # the handshake was all there is
            return
        # Of an answer known to be too long only what an observer asked for is read.
        self._most = worth if length <= worth else keep - 1
        self.response_data(data)

    def response_data(self, data: bytes) -> None:
        self._keep(data)
        if self._received > self._most or self._is_tedious():
            self._cut()

    def response_end(self, trailers: Sequence[Pair]) -> None:
        self._completed()

    def response_failed(self, outcome: Outcome) -> None:
        self._stream = None
        self._state.failed(self._mirror.limits, self._core.now())
        self._finish("failed", outcome.name)

    def expired(self, lane: Lane) -> None:
        # Of a mirror that has taken all there was, and only waits for the client's next bytes, this says nothing.
        if self._request_ended or self._full or self._stream is None:
            self._state.failed(self._mirror.limits, self._core.now())
        self._give_up("timeout")

    # Within

    def _start(self, stream: Upstream, data: bytes) -> None:
        stats = self._state.stats
        stats.connecting -= 1
        stats.sent += 1
        stats.answering += 1
        self._stream = stream
        self._sent += len(data)
        whole = self._request_ended and not self._trailers
        stream.send_head(self._head, self._length, data, whole)
        if self._request_ended and not whole and not self._done:
            stream.end(self._trailers)

    def _hold(self, data: bytes) -> bool:
        """Keep bytes until the mirror takes them; False when that would exceed a bound and the shadow is over."""
        limits, state = self._mirror.limits, self._state
        size = len(data)
        if self._waiting + size > limits.buffer:
            self._give_up("buffer_full")
            return False
        if state.waiting_bytes + size > limits.budget:
            self._give_up("budget_spent")
            return False
        self._queue.append(data)
        self._waiting += size
        state.waiting_bytes += size
        return True

    def _release(self) -> None:
        self._state.waiting_bytes -= self._waiting
        self._waiting = 0

    def _keep(self, data: bytes) -> None:
        room = self._mirror.keep_response - self._received
        if room > 0 and data:
            self._body.append(data[:room])
        self._received += len(data)

    def _is_tedious(self) -> bool:
        """Whether the answer comes in chunks so small that it takes more time than its length is worth."""
        received, stream = self._received, self._stream
        if stream is None or received < self._mirror.keep_response:
            return False
        return received + FRAMING_WEIGHT * stream.overhead > self._most

    def _cut(self) -> None:
        """The answer is longer than it is worth reading: closing is cheaper, and the shadow has told its status."""
        if self._stream is not None:
            self._stream.abort()
        self._completed()

    def _completed(self) -> None:
        self._stream = None
        self._state.succeeded()
        self._finish("completed", "")

    def _give_up(self, reason: str) -> None:
        """End the shadow from this side, whatever it was doing."""
        stream, self._stream = self._stream, None
        dial, self._dial = self._dial, None
        if dial is not None:
            dial.cancel()
        if stream is not None:
            stream.abort()
            self._finish("failed", reason)
        else:
            self._finish("dropped", reason)

    def _finish(self, outcome: Literal["completed", "failed", "dropped"], reason: str) -> None:
        self._done = True
        core, mirror, stats = self._core, self._mirror, self._state.stats
        self._queue.clear()
        self._release()
        if self._lane is not None:
            self._lane.stop(self)
        duration = core.now() - self._started
        if outcome == "completed":
            assert self._response is not None
            stats.answering -= 1
            stats.completed[status_class(self._response.status)] += 1
            stats.duration.observe(duration)
        elif outcome == "failed":
            stats.answering -= 1
            stats.failed[reason] += 1
        else:
            stats.dropped[reason] += 1
            if self._endpoint is not None:
                stats.connecting -= 1
        stats.bytes_sent += self._sent
        stats.bytes_received += self._received
        result = MirrorResult(
            mirror.name,
            outcome,
            reason,
            self._head,
            self._request_id,
            "" if self._endpoint is None else self._endpoint.name,
            self._response,
            b"".join(self._body),
            duration,
            self._sent,
            self._received,
        )
        core.access_log.shadow(result)
        for name, observe in mirror.observers:
            try:
                observe(result)
            except Exception:
                core.plugin_failures.note(name, "mirror observer {name} raised")

    def __repr__(self) -> str:
        return f"<Shadow {self._mirror.name}, {self._sent} sent, {self._waiting} waiting, done={self._done}>"
