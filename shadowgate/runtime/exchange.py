"""One request and its answer: the only object that sees both sides.

Straight down: route, filters, destination, endpoint, connection, head, and the mirrors' copies beside it.  Straight up:
the answer's head through the filters in reverse, its body, the end, and only then the counting and the log.  Both
primary sides pause each other; a mirror pauses nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from shadowgate.compiler.snapshot import CompiledDestination, CompiledRule, RequestHook
from shadowgate.http.framing import CHUNKED, NO_BODY
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Pair
from shadowgate.plugin import ExchangeRecord, Reply
from shadowgate.runtime import outcomes
from shadowgate.runtime.bodies import TransformFailed, Transforms, begin
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.core import Core
from shadowgate.runtime.mirror import Shadow, fire
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.replies import refusal, reply_body, reply_head
from shadowgate.runtime.streams import Dial, Downstream, Upstream
from shadowgate.runtime.timers import Lane

IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"))
"""Methods that may be sent a second time (RFC 9110 section 9.2.2)."""


class Exchange:
    """Made by a downstream connection for each request; :meth:`start` begins it.

    The downstream calls ``start``, ``request_data``, ``request_end``, ``client_gone``, ``response_full`` and
    ``response_drained``; the upstream calls the methods of ``streams.Waiter``.
    """

    # fmt: off
    __slots__ = (
        "_attempts", "_busy", "_core", "_destination", "_dial", "_done", "_downstream", "_endpoint", "_full", "_head",
        "_held", "_lane", "_length", "_paused", "_received", "_replay", "_replay_size", "_request_ended",
        "_request_id", "_request_transforms", "_response_started", "_response_transforms", "_rule", "_sent",
        "_shadows", "_started", "_stats", "_status", "_trailers", "_upstream", "_waiting",
    )
    # fmt: on

    def __init__(self, core: Core, downstream: Downstream) -> None:
        self._core = core
        self._downstream = downstream
        self._rule: CompiledRule | None = None
        self._destination: CompiledDestination | None = None
        self._endpoint: EndpointState | None = None
        self._busy: EndpointState | None = None
        self._upstream: Upstream | None = None
        self._dial: Dial | None = None
        self._waiting: Deferred[Any] | None = None
        self._lane: Lane | None = None
        self._shadows: tuple[Shadow, ...] | None = None
        self._replay: list[bytes] | None = None
        self._replay_size = 0
        self._request_transforms: Transforms | None = None
        self._response_transforms: Transforms | None = None
        self._attempts = 0
        self._received = 0
        self._sent = 0
        self._status = 0
        self._paused = False
        self._full = False
        self._response_started = False
        self._done = False

    # The request, from the downstream

    def start(self, head: RequestHead, length: int, data: bytes, ended: bool, trailers: Sequence[Pair] = ()) -> None:
        """Take a request's head with the first of its body; ``ended`` says that there is no more."""
        core = self._core
        self._head = head
        self._length = length
        self._held = data
        self._received = len(data)
        self._request_ended = ended
        self._trailers = trailers
        self._started = core.now()
        self._request_id = core.prepare(head)
        core.in_flight += 1
        stats = self._stats = core.stats.unrouted
        try:
            rule = core.snapshot.find(head)
        except Exception:
            stats.in_flight += 1
            self._plugin_failed("matcher")
            return
        if rule is None:
            stats.in_flight += 1
            self._refuse(outcomes.NO_ROUTE)
            return
        self._rule = rule
        stats = self._stats = rule.stats
        stats.in_flight += 1
        if rule.on_request:
            self._filter(rule.on_request, self._choose)
        else:
            self._choose()

    def request_data(self, data: bytes) -> None:
        """Take the next piece of the request's body."""
        if self._done:
            return
        self._received += len(data)
        if self._request_transforms is not None:
            data = self._transform(self._request_transforms, data, False)
        upstream = self._upstream
        if upstream is None:
            self._held = self._held + data if self._held else data
            self._tee(data)  # while a second attempt is being made; before the first there is no shadow
            return
        self._send_on(upstream, data)

    def request_end(self, trailers: Sequence[Pair] = ()) -> None:
        """The request is complete."""
        if self._done:
            return
        self._request_ended = True
        self._trailers = trailers
        transforms = self._request_transforms
        tail = self._transform(transforms, b"", True) if transforms is not None else b""
        upstream = self._upstream
        if self._done:
            return
        if upstream is None:
            self._held += tail
            self._tee(tail)
        else:
            if tail:
                self._send_on(upstream, tail)
            if self._upstream is not upstream:
                return
            upstream.end(trailers)
        for shadow in self._shadows or ():
            shadow.end(trailers)
        if upstream is not None and not self._response_started and not self._done:
            self._wait_for_answer()

    def client_gone(self) -> None:
        """The client will read no answer: everything done for it is given up."""
        if not self._done:
            self._stop()
            self._finish(outcomes.CLIENT_GONE, outcomes.CLIENT_GONE.status)

    def request_broken(self, outcome: Outcome) -> None:
        """The request's body turned out invalid or late; nobody may take what came of it for a whole request."""
        if self._done:
            return
        self._stop()
        if self._response_started:
            self._downstream.abort()
            self._finish(outcome, self._status)
        else:
            self._refuse(outcome)

    def response_full(self) -> None:
        if self._upstream is not None:
            self._upstream.pause()

    def response_drained(self) -> None:
        if self._lane is not None and self._response_started:
            self._lane.start(self)
        if self._upstream is not None:
            self._upstream.resume()

    # Down: filters, destination, endpoint, connection

    def _filter(self, hooks: Sequence[RequestHook], then: Callable[[], None]) -> None:
        """Run the hooks and go on with ``then``, unless one answers instead."""
        head = self._head
        for index, (name, hook) in enumerate(hooks):
            try:
                result = hook(head)
            except Exception:
                self._plugin_failed(name)
                return
            if result is None:
                continue
            if isinstance(result, Deferred):
                self._wait(result, name, hooks[index + 1 :], then)
            else:
                self._answer(result)
            return
        then()

    def _wait(
        self, result: Deferred[Reply | None], name: str, rest: Sequence[RequestHook], then: Callable[[], None]
    ) -> None:
        def go_on(reply: Reply | None) -> None:
            if self._waiting is not result:
                return  # given up meanwhile
            self._waiting = None
            if reply is not None:
                self._answer(reply)
            else:
                self._filter(rest, then)

        def failed(failure: Failure) -> None:
            if self._waiting is result:
                self._waiting = None
                self._core.log.failure("filter {name} failed", failure=failure, name=name)
                self._plugin_failed(name, logged=True)

        self._pause()
        self._waiting = result
        result.addCallbacks(go_on, failed)

    def _choose(self) -> None:
        rule = self._rule
        assert rule is not None
        try:
            destination = rule.choose(self._head)
        except Exception:
            self._plugin_failed("balancer")
            return
        if destination is None or destination.cluster is None:
            self._refuse(outcomes.NO_DESTINATION)
            return
        self._destination = destination
        if destination.on_request:
            self._filter(destination.on_request, self._pick)
        else:
            self._pick()

    def _pick(self) -> None:
        destination = self._destination
        assert destination is not None and destination.cluster is not None
        if not self._head.authority:
            # A 1.0 client named no host: the destination's own, before "/" and a subset (RFC 9112 section 3.2).
            self._head.set_authority(destination.cluster.name.partition("/")[0].encode())
        try:
            endpoint = destination.cluster.pick(self._head)
        except Exception:
            self._plugin_failed("balancer")
            return
        if endpoint is None:
            self._refuse(outcomes.NO_ENDPOINT)
            return
        if destination.hooks.request_body and self._length != NO_BODY and not self._transform_request():
            return
        if self._head.method in IDEMPOTENT:
            self._replay = []
        self._attempt(endpoint, False)

    def _attempt(self, endpoint: EndpointState, fresh: bool) -> None:
        """Get a connection: an idle one at once, or a new one."""
        self._endpoint = self._busy = endpoint
        endpoint.in_flight += 1
        endpoint.requests += 1
        self._attempts += 1
        upstream = None if fresh else endpoint.pool.checkout(self, self._replay is None)
        if upstream is not None:
            self._dispatch(upstream)
            return
        self._pause()
        assert self._rule is not None
        self._dial = endpoint.pool.dial(self, self._rule.timeouts.connect)

    def connected(self, upstream: Upstream) -> None:
        self._dial = None
        self._dispatch(upstream)

    def connect_failed(self, outcome: Outcome) -> None:
        self._dial = None
        self._release()
        self._refuse(outcome)

    def _dispatch(self, upstream: Upstream) -> None:
        """Write the head and what there is of the body: to the primary first, then to the mirrors."""
        self._upstream = upstream
        self._full = False
        data, self._held = self._held, b""
        ended, trailers = self._request_ended, self._trailers
        whole = ended and not trailers
        if data:
            self._remember(data)
        upstream.send_head(self._head, self._length, data, whole)
        if self._upstream is not upstream:
            return  # a head that cannot be sent
        if ended and not whole:
            upstream.end(trailers)
        if self._shadows is None:
            self._mirror(data, ended, trailers)
        if ended:
            self._wait_for_answer()
        elif not self._response_started:
            assert self._rule is not None
            self._enter(self._core.timers.lane(self._rule.timeouts.idle))
        if not self._full:
            self._resume()

    def _mirror(self, data: bytes, ended: bool, trailers: Sequence[Pair]) -> None:
        assert self._rule is not None
        mirrors = self._rule.mirrors
        if not mirrors:
            self._shadows = ()
            return
        try:
            self._shadows = fire(self._core, mirrors, self._head, self._request_id, self._length, data, ended, trailers)
        except Exception:
            self._shadows = ()
            self._core.log.failure("mirroring failed; the primary goes on")

    def _send_on(self, upstream: Upstream, data: bytes) -> None:
        lane = self._lane
        if lane is not None:
            lane.start(self)
        self._remember(data)
        upstream.send(data)
        self._tee(data)

    def _tee(self, data: bytes) -> None:
        shadows = self._shadows
        if shadows:
            try:
                for shadow in shadows:
                    shadow.send(data)
            except Exception:
                self._shadows = ()
                self._core.log.failure("mirroring failed; the primary goes on")

    def _remember(self, data: bytes) -> None:
        """Keep what was sent while it may have to be sent again, up to the exchange's bound."""
        replay = self._replay
        if replay is None:
            return
        replay.append(data)
        self._replay_size += len(data)
        if self._replay_size > self._core.settings.limits.buffer:
            self._replay = None

    def request_full(self) -> None:
        self._full = True
        self._pause()

    def request_drained(self) -> None:
        self._full = False
        if self._lane is not None:
            self._lane.start(self)
        self._resume()

    def _pause(self) -> None:
        if not self._paused and not self._request_ended:
            self._paused = True
            self._downstream.pause()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._downstream.resume()

    # Up: the answer, from the upstream

    def informational(self, head: ResponseHead) -> None:
        self._replay = None  # something of an answer has come
        self._downstream.send_informational(head)

    def response(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None:
        destination = self._destination
        assert destination is not None
        self._leave()
        hooks = destination.hooks
        for name, hook in hooks.on_response:
            try:
                hook(self._head, head)
            except Exception:
                self._stop()
                self._plugin_failed(name)
                return
        if hooks.response_body and length != NO_BODY:
            try:
                self._response_transforms = begin(hooks.response_body, self._head, head)
                if self._response_transforms is not None:
                    length = CHUNKED
                    data = self._response_transforms(data, ended)
            except TransformFailed as failed:
                self._stop()
                self._plugin_failed(failed.plugin)
                return
        server = self._core.server
        if server:
            head.headers.set(b"Server", server)
        self._response_started = True
        self._status = head.status
        self._sent += len(data)
        if ended:
            self._upstream = None
            self._downstream.send_head(head, length, data, True)
            self._finish(outcomes.COMPLETED, head.status)
        else:
            assert self._rule is not None
            self._enter(self._core.timers.lane(self._rule.timeouts.idle))
            self._downstream.send_head(head, length, data, False)

    def response_data(self, data: bytes) -> None:
        lane = self._lane
        if lane is not None:
            lane.start(self)
        if self._response_transforms is not None:
            data = self._transform(self._response_transforms, data, False)
        if data:
            self._sent += len(data)
            self._downstream.send(data)

    def response_end(self, trailers: Sequence[Pair]) -> None:
        self._upstream = None
        if self._response_transforms is not None:
            data = self._transform(self._response_transforms, b"", True)
            if data:
                self._sent += len(data)
                self._downstream.send(data)
        if self._done:
            return
        self._downstream.end(trailers)
        self._finish(outcomes.COMPLETED, self._status)

    def response_failed(self, outcome: Outcome) -> None:
        upstream, self._upstream = self._upstream, None
        self._leave()
        if self._response_started:
            self._downstream.abort()
            self._finish(outcome, self._status)
            return
        if outcome.retryable and upstream is not None and upstream.reused and self._replay is not None:
            # An idle connection that had died: nothing of an answer came, and the request may be sent again.
            self._held = b"".join(self._replay) + self._held
            self._replay = []
            self._replay_size = 0
            endpoint = self._endpoint
            assert endpoint is not None
            self._release()
            self._attempt(endpoint, True)
            return
        self._refuse(outcome)

    def expired(self, lane: Lane) -> None:
        self._lane = None
        if self._response_started:
            outcome = outcomes.IDLE_TIMEOUT
        elif self._request_ended:
            outcome = outcomes.RESPONSE_TIMEOUT
        elif self._full:
            outcome = outcomes.IDLE_TIMEOUT  # it is the upstream that does not take what the client has
        else:
            outcome = outcomes.REQUEST_TIMEOUT
        self.request_broken(outcome)

    # Answers of our own

    def _refuse(self, outcome: Outcome) -> None:
        """Answer with an outcome's status and a short body that names the reason."""
        self._reply(refusal(outcome), outcome)

    def _plugin_failed(self, name: str, logged: bool = False) -> None:
        self._core.stats.plugin_failures[name] += 1
        if not logged:
            self._core.log.failure("plugin {name} raised; the request was answered with 500", name=name)
        self._refuse(outcomes.PLUGIN_FAILED)

    def _answer(self, reply: Reply) -> None:
        """Give a filter's answer, through the response hooks of the rule."""
        self._reply(reply, outcomes.REPLIED)

    def _reply(self, reply: Reply, outcome: Outcome) -> None:
        self._leave()
        head = reply_head(reply)
        if outcome is outcomes.REPLIED and self._rule is not None:
            for name, hook in self._rule.hooks.on_response:
                try:
                    hook(self._head, head)
                except Exception:
                    self._plugin_failed(name)
                    return
        if self._core.server:
            head.headers.set(b"Server", self._core.server)
        length, body = reply_body(reply, head, self._head.method)
        self._response_started = True
        self._status = head.status
        self._sent = len(body)
        self._downstream.send_head(head, length, body, True)
        self._finish(outcome, head.status)

    # Bodies that a filter changes

    def _transform_request(self) -> bool:
        """Let filters change the request's body; False when one failed."""
        assert self._destination is not None
        try:
            transforms = self._request_transforms = begin(self._destination.hooks.request_body, self._head)
            if transforms is not None:
                self._length = CHUNKED
                self._held = transforms(self._held, self._request_ended)
        except TransformFailed as failed:
            self._plugin_failed(failed.plugin)
            return False
        return True

    def _transform(self, transforms: Transforms, data: bytes, last: bool) -> bytes:
        """Pass a piece of a body through the filters; one that raises ends the exchange, cut where it stands."""
        try:
            return transforms(data, last)
        except TransformFailed as failed:
            self._core.stats.plugin_failures[failed.plugin] += 1
            self._core.log.failure("plugin {name} raised on a body; the exchange was cut", name=failed.plugin)
            self.request_broken(outcomes.PLUGIN_FAILED)
            return b""

    # The end

    def _wait_for_answer(self) -> None:
        assert self._rule is not None
        self._enter(self._core.timers.lane(self._rule.timeouts.response))

    def _enter(self, lane: Lane) -> None:
        if self._lane is not None:
            self._lane.stop(self)
        self._lane = lane
        lane.start(self)

    def _leave(self) -> None:
        if self._lane is not None:
            self._lane.stop(self)
            self._lane = None

    def _release(self) -> None:
        """The endpoint is no longer busy with this exchange."""
        if self._busy is not None:
            self._busy.in_flight -= 1
            self._busy = None

    def _stop(self) -> None:
        """Give up whatever is under way towards the upstream."""
        self._leave()
        upstream, self._upstream = self._upstream, None
        dial, self._dial = self._dial, None
        waiting, self._waiting = self._waiting, None
        if upstream is not None:
            upstream.abort()
        if dial is not None:
            dial.cancel()
        if waiting is not None:
            waiting.cancel()

    def _finish(self, outcome: Outcome, status: int) -> None:
        """Everything that can wait until the client has its answer."""
        if self._done:
            return
        self._done = True
        self._leave()
        if self._upstream is not None or self._dial is not None or self._waiting is not None:
            self._stop()
        core, rule, stats, endpoint = self._core, self._rule, self._stats, self._endpoint
        self._release()
        if self._shadows and not self._request_ended:
            for shadow in self._shadows:
                shadow.cancel("request_incomplete")
        duration = core.now() - self._started
        core.in_flight -= 1
        stats.in_flight -= 1
        stats.received += self._received
        stats.sent += self._sent
        stats.count_status(status)
        stats.outcomes[outcome.name] += 1
        stats.duration.observe(duration)
        record = ExchangeRecord(
            self._head,
            status,
            outcome.name,
            self._request_id,
            self._started,
            duration,
            self._received,
            self._sent,
            stats.name,
            "" if endpoint is None else endpoint.name,
            self._attempts,
        )
        core.access_log.exchange(record)
        if rule is not None:
            hooks = rule.hooks if self._destination is None else self._destination.hooks
            for name, hook in hooks.on_done:
                try:
                    hook(record)
                except Exception:
                    core.stats.plugin_failures[name] += 1
                    core.log.failure("on_done of {name} raised", name=name)

    def __repr__(self) -> str:
        return f"<Exchange {self._head!r}, attempt {self._attempts}, status {self._status}, done={self._done}>"
