"""One request and its answer: the only object that sees both sides.

Straight down: route, filters, destination, endpoint, connection, head, and the mirrors' copies beside it.  Straight up:
the answer's head through the filters in reverse, its body, the end, and only then the counting and the log.  Both
primary sides pause each other; a mirror pauses nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from shadowgate.compiler.snapshot import NO_RULE, NOWHERE_TO_GO, Hooks, RequestHook
from shadowgate.http.framing import CHUNKED, NO_BODY
from shadowgate.http.head import IDEMPOTENT, RequestHead, ResponseHead
from shadowgate.http.headers import Pair
from shadowgate.plugin import Attempt, ExchangeRecord, Reply
from shadowgate.runtime import outcomes
from shadowgate.runtime.accounting import account
from shadowgate.runtime.attempts import Attempts, decide, last_word
from shadowgate.runtime.bodies import Transforms, begin
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.core import Core
from shadowgate.runtime.hooks import HookFailed, change_response
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.replies import own_answer, refusal
from shadowgate.runtime.streams import Dial, Downstream, Upstream
from shadowgate.runtime.tee import Tee
from shadowgate.runtime.timers import Alarm, Lane
from shadowgate.runtime.tunnel import Tunnel


class Exchange:
    """Made by a downstream connection for each request; :meth:`start` begins it.

    The downstream calls ``start``, ``request_data``, ``request_end``, ``client_gone``, ``response_full`` and
    ``response_drained``; the upstream calls the methods of ``streams.Waiter``.
    """

    # fmt: off
    __slots__ = (
        "_asked", "_busy", "_cluster", "_core", "_deadline", "_destination", "_dial", "_done", "_downstream",
        "_endpoint", "_full", "_head", "_held", "_lane", "_later", "_length", "_paused", "_received",
        "_request_ended", "_request_id", "_request_transforms", "_response_started", "_response_transforms", "_rule",
        "_sent", "_started", "_stats", "_status", "_tee", "_trailers", "_tries", "_upstream", "_waiting",
    )
    # fmt: on

    def __init__(self, core: Core, downstream: Downstream) -> None:
        self._core = core
        self._downstream = downstream
        self._rule = NO_RULE
        self._destination = NOWHERE_TO_GO
        self._endpoint: EndpointState | None = None
        self._busy: EndpointState | None = None
        self._upstream: Upstream | None = None
        self._dial: Dial | None = None
        self._waiting: Deferred[Any] | None = None
        self._lane: Lane | None = None
        self._deadline: Alarm | None = None
        self._later: IDelayedCall | None = None
        self._tee: Tee | None = None
        self._request_transforms: Transforms | None = None
        self._response_transforms: Transforms | None = None
        self._tries = Attempts(core.settings.limits.buffer)
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
        self._head, self._asked = head, (head.authority, head.target)
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
        if rule.timeouts.request:
            self._deadline = Alarm(core.timers.lane(rule.timeouts.request), self._late)
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
            if self._tee is not None:  # a further attempt is being made; before the first there is no shadow
                self._tee.write(data)
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
            if tail and self._tee is not None:
                self._tee.write(tail)
        else:
            if tail:
                self._send_on(upstream, tail)
            if self._upstream is upstream:
                upstream.end(trailers)
        if self._tee is not None:
            self._tee.end(trailers)
        if self._upstream is not None and not self._response_started and not self._done:
            self._wait_for_answer()

    def client_gone(self) -> None:
        """The client will read no answer: everything done for it is given up."""
        if not self._done:
            self._stop()
            self._finish(outcomes.CLIENT_GONE, outcomes.CLIENT_GONE.status)

    def request_broken(self, outcome: Outcome) -> None:
        """The request turned out invalid, or late; nobody may take what came of it for a whole one."""
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
                self._reply(result)
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
                self._reply(reply)
            else:
                self._filter(rest, then)

        def failed(failure: Failure) -> None:
            if self._waiting is result:
                self._waiting = None
                self._plugin_failed(name, failure)

        self._pause()
        self._waiting = result
        result.addCallbacks(go_on, failed)

    def _choose(self) -> None:
        try:
            destination = self._destination = self._rule.choose(self._head) or NOWHERE_TO_GO
        except Exception:
            self._plugin_failed("balancer")
            return
        if destination.cluster is None:
            self._refuse(outcomes.ROUTE_INVALID if destination.failure else outcomes.NO_DESTINATION)
            return
        self._cluster = destination.cluster
        if destination.on_request:
            self._filter(destination.on_request, self._pick)
        else:
            self._pick()

    def _pick(self) -> None:
        if not self._head.authority:
            # A 1.0 client named no host: the destination's own, before "/" and a subset (RFC 9112 section 3.2).
            self._head.set_authority(self._cluster.name.partition("/")[0].encode())
        if self._destination.hooks.request_body and self._length != NO_BODY and not self._transform_request():
            return
        if self._rule.retries is None and self._head.method not in IDEMPOTENT:
            self._tries.forget()
        self._try()

    def _try(self) -> None:
        """Begin an attempt at an endpoint of the balancer's choice, one that was not tried if that can be had."""
        self._later = None
        cluster, tries, head = self._cluster, self._tries, self._head
        try:
            endpoint = tries.pick_elsewhere(cluster, head) if tries.tried else cluster.pick(head)
        except Exception:
            self._plugin_failed("balancer")
            return
        if endpoint is None:
            self._refuse(outcomes.NO_ENDPOINT)
            return
        self._attempt(endpoint, False)

    def _attempt(self, endpoint: EndpointState, fresh: bool) -> None:
        """Get a connection: an idle one at once, or a new one."""
        self._endpoint = self._busy = endpoint
        endpoint.in_flight += 1
        endpoint.requests += 1
        self._tries.count += 1
        upstream = None if fresh else endpoint.pool.checkout(self, self._tries.expendable(self._head, self._length))
        if upstream is not None:
            self._dispatch(upstream)
        else:
            self._pause()
            self._dial = endpoint.pool.dial(self, self._rule.timeouts.connect)

    def _try_again(self, outcome: str, response: ResponseHead | None) -> bool:
        """Ask the retry policy whether the attempt that has just failed stands; True when another one follows."""
        if response is None and self._busy is not None:
            self._busy.failed(outcome)
        retries, tries = self._rule.retries, self._tries
        if retries is None:
            return False
        # A dead connection that was replaced is no attempt in the policy's eyes.
        attempt = Attempt(self._head, tries.again + 1, outcome, response)
        delay = decide(self._core, tries, retries, attempt, self._cluster, self._stats.retries)
        if delay is None:
            return False
        if retries.elsewhere and self._endpoint is not None:
            tries.tried += (self._endpoint.name,)
        self._again()
        self._later = self._core.timers.clock.callLater(delay, self._try)
        return True

    def _again(self) -> None:
        """Make ready to send the request once more."""
        self._release()
        self._held = self._tries.replay() + self._held
        self._pause()

    def connected(self, upstream: Upstream) -> None:
        self._dial = None
        self._dispatch(upstream)

    def connect_failed(self, outcome: Outcome) -> None:
        self._dial = None
        if not self._try_again(outcome.name, None):
            self._refuse(outcome)

    def _dispatch(self, upstream: Upstream) -> None:
        """Write the head and what there is of the body: to the primary first, then to the mirrors."""
        self._upstream = upstream
        self._full = False
        data, self._held = self._held, b""
        ended, trailers = self._request_ended, self._trailers
        whole = ended and not trailers
        if data:
            self._tries.remember(data)
        upstream.send_head(self._head, self._length, data, whole)
        if self._upstream is not upstream:
            return  # a head that cannot be sent
        if ended and not whole:
            upstream.end(trailers)
        mirrors = self._destination.mirrors
        if mirrors and self._tee is None:
            self._tee = Tee(self._core)
            self._tee.start(mirrors, self._head, self._request_id, self._length, data, ended, trailers)
        if ended:
            self._wait_for_answer()
        elif not self._response_started:
            self._enter(self._core.timers.lane(self._rule.timeouts.idle))
        if not self._full:
            self._resume()

    def _send_on(self, upstream: Upstream, data: bytes) -> None:
        if self._lane is not None:
            self._lane.start(self)
        self._tries.remember(data)
        upstream.send(data)
        if self._tee is not None:
            self._tee.write(data)

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
        self._tries.forget()  # something of an answer has come
        self._downstream.send_informational(head)

    def response(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None:
        self._leave()
        if self._busy is not None and self._busy.watch is not None:
            self._busy.watch.answered(self._busy, head.status)
        worth = self._rule.retries is not None and (head.status != 200 or b"grpc-status" in head.headers)
        if worth and self._try_again(outcomes.COMPLETED.name, head):
            upstream, self._upstream = self._upstream, None
            if upstream is not None and not ended:
                upstream.abort()
            return
        self._core.put_date(head)
        hooks = self._destination.hooks
        try:
            if hooks.on_response:
                change_response(hooks.on_response, self._head, head)
            if hooks.response_body and length != NO_BODY:
                self._response_transforms = begin(hooks.response_body, self._head, head)
                if self._response_transforms is not None:
                    length = CHUNKED
                    data = self._response_transforms(data, ended)
        except HookFailed as failed:
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
        elif length == NO_BODY:
            self._become_tunnel(head)
        else:
            self._enter(self._core.timers.lane(self._rule.timeouts.idle))
            self._downstream.send_head(head, length, data, False)

    def response_data(self, data: bytes) -> None:
        if self._lane is not None:
            self._lane.start(self)
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

    def _become_tunnel(self, head: ResponseHead) -> None:
        """Both sides leave HTTP; what is left to do here is to count what they said."""
        core, protocol = self._core, self._head.upgrade
        upstream, self._upstream = self._upstream, None
        assert upstream is not None and protocol is not None
        self._tries.settle()
        if self._deadline is not None:
            self._deadline.stop()
        idle = core.settings.limits.tunnel_idle
        tunnel = Tunnel(core.tunnels, core.timers, idle, self._rule.timeouts.idle, self._tunnel_over)
        tunnel.start(self._downstream.switch(head, protocol), upstream.switch())

    def _tunnel_over(self, outcome: Outcome, received: int, sent: int) -> None:
        self._received, self._sent = received, sent
        self._finish(outcome, outcome.status)

    def response_failed(self, outcome: Outcome) -> None:
        upstream, self._upstream = self._upstream, None
        self._leave()
        if self._response_started:
            self._downstream.abort()
            self._finish(outcome, self._status)
            return
        dead = outcome.retryable and upstream is not None and upstream.reused
        if dead and self._tries.may_follow(self._head):
            # An idle connection that had died: nothing of an answer came, and the request may be sent again.
            assert self._endpoint is not None
            self._again()
            self._attempt(self._endpoint, True)
        elif not self._try_again(outcome.name, None):
            self._refuse(last_word(self._rule.retries, outcome))

    def expired(self, lane: Lane) -> None:
        self._lane = None
        if self._response_started or (self._full and not self._request_ended):
            # When the upstream does not take what the client has, it is not the client that is late.
            self.request_broken(outcomes.IDLE_TIMEOUT)
        elif not self._request_ended:
            self.request_broken(outcomes.REQUEST_TIMEOUT)
        else:
            attempt = lane.seconds == self._rule.timeouts.attempt
            outcome = outcomes.ATTEMPT_TIMEOUT if attempt else outcomes.RESPONSE_TIMEOUT
            self._stop()
            if not self._try_again(outcome.name, None):
                self._refuse(outcome)

    def _late(self) -> None:
        if self._upstream is not None and self._request_ended and not self._response_started and self._busy is not None:
            self._busy.failed(outcomes.ROUTE_TIMEOUT.name)
        self.request_broken(outcomes.ROUTE_TIMEOUT)

    # Answers of our own

    def _refuse(self, outcome: Outcome) -> None:
        """Answer with an outcome's status and a short body that names the reason."""
        self._reply(refusal(outcome), outcome)

    def _plugin_failed(self, name: str, failure: Failure | None = None) -> None:
        self._core.plugin_failures.note(name, "plugin {name} raised; the request was answered with 500", failure)
        self._refuse(outcomes.PLUGIN_FAILED)

    def _reply(self, reply: Reply, outcome: Outcome = outcomes.REPLIED) -> None:
        """Give an answer of our own, through the response hooks as any other."""
        self._leave()
        hooks = () if outcome is outcomes.PLUGIN_FAILED else self._hooks().on_response
        try:
            head, length, body = own_answer(reply, self._head, hooks, self._core.server, self._core.date())
        except HookFailed as failed:
            self._plugin_failed(failed.plugin)
            return
        self._response_started = True
        self._status = head.status
        self._sent = len(body)
        self._downstream.send_head(head, length, body, True)
        self._finish(outcome, head.status)

    # Bodies that a filter changes

    def _transform_request(self) -> bool:
        """Let filters change the request's body; False when one failed."""
        try:
            transforms = self._request_transforms = begin(self._destination.hooks.request_body, self._head)
            if transforms is not None:
                self._length = CHUNKED
                self._held = transforms(self._held, self._request_ended)
        except HookFailed as failed:
            self._plugin_failed(failed.plugin)
            return False
        return True

    def _transform(self, transforms: Transforms, data: bytes, last: bool) -> bytes:
        """Pass a piece of a body through the filters; one that raises ends the exchange, cut where it stands."""
        try:
            return transforms(data, last)
        except HookFailed as failed:
            self._core.plugin_failures.note(failed.plugin, "plugin {name} raised on a body; the exchange was cut")
            self.request_broken(outcomes.PLUGIN_FAILED)
            return b""

    # The end

    def _wait_for_answer(self) -> None:
        self._enter(self._core.timers.lane(self._rule.answer))

    def _hooks(self) -> Hooks:
        """What is in the exchange's way by now: the rule's filters, and around the chosen destination its own."""
        return self._rule.hooks if self._destination is NOWHERE_TO_GO else self._destination.hooks

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
        later, self._later = self._later, None
        if upstream is not None:
            upstream.abort()
        for pending in (dial, waiting, later):
            if pending is not None:
                pending.cancel()

    def _finish(self, outcome: Outcome, status: int) -> None:
        """Everything that can wait until the client has its answer."""
        if self._done:
            return
        self._done = True
        self._stop()
        self._release()
        if self._deadline is not None:
            self._deadline.stop()
            self._deadline = None  # it knows this object: only the collector would ever free the two
        self._tries.settle()
        if self._tee is not None and not self._request_ended:
            self._tee.cancel("request_incomplete")
        core, endpoint = self._core, self._endpoint
        record = ExchangeRecord(
            self._head,
            status,
            outcome.name,
            self._request_id,
            self._started,
            core.now() - self._started,
            self._received,
            self._sent,
            self._stats.name,
            "" if endpoint is None else endpoint.name,
            self._tries.count,
            *self._asked,
            self._destination.failure,
        )
        account(core, self._stats, record, self._hooks().on_done)

    def __repr__(self) -> str:
        return f"<Exchange {self._head!r}, attempt {self._tries.count}, status {self._status}, done={self._done}>"
