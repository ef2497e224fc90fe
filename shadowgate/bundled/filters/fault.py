"""The ``fault`` filter: delays and failures on purpose, to see how clients bear them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, get_args

from attrs import Attribute, field, frozen
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from zope.interface import implementer

from shadowgate.bundled.percent import MILLION, per_million, percent_field
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IFilter
from shadowgate.plugin.schema import Duration
from shadowgate.plugin.values import Environment, FilterHooks, Reply

GrpcStatus = Literal[
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
"""gRPC's status codes in the order of their numbers, from 0."""

_SAID: Final = b"fault filter abort"
"""Envoy's words, which people look for."""


def _some_time(_instance: Any, _attribute: Attribute[Duration], value: Duration) -> None:
    if value < 0.001:  # Envoy counts milliseconds
        raise ValueError("a delay is 1ms or longer")


def _final_status(_instance: Any, _attribute: Attribute[Any], value: int | None) -> None:
    if value is not None and not 200 <= value <= 600:  # 600 as in Istio, whose checks let it pass
        raise ValueError(f"the status of an answer lies between 200 and 600, not at {value}")


@frozen
class Delay:
    """How long some requests wait."""

    fixed: Duration = field(validator=_some_time, metadata={"doc": "The wait, from 1ms."})
    percent: float = percent_field()


@frozen
class Abort:
    """What some requests are answered instead of being forwarded."""

    status: int | None = field(default=None, validator=_final_status, metadata={"doc": "An HTTP status, 200 to 600."})
    grpc_status: GrpcStatus | None = field(
        default=None, metadata={"doc": "A gRPC status by its name, answered under HTTP status 200."}
    )
    percent: float = percent_field()

    def __attrs_post_init__(self) -> None:
        if (self.status is None) == (self.grpc_status is None):
            raise ValueError("give exactly one of status and grpcStatus")

    def reply(self) -> Reply:
        if self.grpc_status is not None:
            # A response of nothing but trailers, which are then its header fields (gRPC over HTTP/2, Trailers-Only).
            number = b"%d" % get_args(GrpcStatus).index(self.grpc_status)
            pairs = ((b"Content-Type", b"application/grpc"), (b"grpc-status", number), (b"grpc-message", _SAID))
            return Reply(200, b"", pairs)
        status = self.status or 0
        if status in (204, 205, 304):  # RFC 9110 sections 6.4.1 and 15.3.6: these have no body
            return Reply(status)
        return Reply(status, _SAID, ((b"Content-Type", b"text/plain"),))


@implementer(IFilter)
@frozen(kw_only=True)
class Fault:
    """Holds some requests up and answers some with a failure (Istio ``fault``, Envoy's fault filter).

    A delay and an abort each have a roll of their own; a request that both fall on waits and then fails.  The time of a
    delay counts towards the rule's timeout.
    """

    delay: Delay | None = field(default=None, metadata={"doc": "Which requests wait, and how long."})
    abort: Abort | None = field(default=None, metadata={"doc": "Which requests fail, and how."})

    def __attrs_post_init__(self) -> None:
        if self.delay is None and self.abort is None:
            raise ValueError("give delay, abort or both")

    def compile(self, env: Environment) -> FilterHooks:
        abort = self._aborting(env)
        if self.delay is None:
            return FilterHooks(on_request=abort)
        clock, seconds, falls = env.clock, self.delay.fixed, _chance(self.delay.percent, env)
        count = env.metrics.counter("fault_delays", "Requests that the fault filter held up.")

        def on_request_later(head: RequestHead) -> Deferred[Reply | None]:
            if not falls():
                return succeed(abort(head))
            count()
            return deferLater(clock, seconds, abort, head)

        return FilterHooks(on_request_later=on_request_later)

    def _aborting(self, env: Environment) -> Callable[[RequestHead], Reply | None]:
        if self.abort is None:
            return lambda head: None
        reply, falls = self.abort.reply(), _chance(self.abort.percent, env)
        count = env.metrics.counter("fault_aborts", "Requests that the fault filter answered with a failure.")

        def abort(head: RequestHead) -> Reply | None:
            if not falls():
                return None
            count()
            return reply

        return abort


def _chance(percent: float, env: Environment) -> Callable[[], bool]:
    """Return what rolls once for each call."""
    roll, share = env.random.random, per_million(percent) / MILLION
    return lambda: roll() < share
