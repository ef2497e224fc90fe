"""The ``retry`` policy: Envoy's conditions and pauses, and one condition of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.http.head import IDEMPOTENT, ResponseHead
from shadowgate.plugin.interfaces import IRetryPolicy
from shadowgate.plugin.schema import Duration, OneOrMany
from shadowgate.plugin.spelling import did_you_mean
from shadowgate.plugin.values import Attempt, Environment, Retries

_NOTHING: Final[frozenset[Any]] = frozenset()

# Names of outcomes: no connection came about, or it ended before a whole head of an answer.
_NOT_CONNECTED: Final = frozenset(("connect_refused", "connect_timeout", "connect_failed", "unresolved"))
_NO_ANSWER: Final = _NOT_CONNECTED | frozenset(
    ("upstream_closed", "upstream_reset", "bad_answer", "response_timeout", "attempt_timeout")
)


@frozen
class Condition:
    """What one word of ``on`` stands for: outcomes by name, HTTP statuses, values of ``grpc-status``.

    ``repeatable`` are outcomes that count for the methods of requests that may be sent twice.
    """

    outcomes: frozenset[str] = _NOTHING
    statuses: frozenset[int] = _NOTHING
    grpc: frozenset[bytes] = _NOTHING
    repeatable: frozenset[str] = _NOTHING


_NEVER: Final = Condition()

CONDITIONS: Final[Mapping[str, Condition]] = {
    "5xx": Condition(_NO_ANSWER, frozenset(range(500, 600))),
    "gateway-error": Condition(_NO_ANSWER, frozenset((502, 503, 504))),
    "reset": Condition(_NO_ANSWER),
    # Nothing of the request was sent, which is certain only where there was no connection.
    "reset-before-request": Condition(_NOT_CONNECTED),
    "connect-failure": Condition(_NOT_CONNECTED),
    # Ours: the connection came to an end without an answer.  Nobody knows what has been done by then, so this is for
    # requests that may be sent again by anybody on the way (RFC 9110 section 9.2.2).
    "reset-idempotent": Condition(repeatable=frozenset(("upstream_closed", "upstream_reset"))),
    "retriable-4xx": Condition(statuses=frozenset((409,))),
    "retriable-status-codes": _NEVER,  # those of `statuses`, which count with this word or without
    "retriable-headers": _NEVER,  # Istio accepts the word and has no field for the headers
    "envoy-ratelimited": _NEVER,  # see _answered
    "refused-stream": _NEVER,  # HTTP/2 to upstreams
    "http3-post-connect-failure": _NEVER,  # HTTP/3 to upstreams
    # https://grpc.io/docs/guides/status-codes
    "cancelled": Condition(grpc=frozenset((b"1",))),
    "deadline-exceeded": Condition(grpc=frozenset((b"4",))),
    "resource-exhausted": Condition(grpc=frozenset((b"8",))),
    "internal": Condition(grpc=frozenset((b"13",))),
    "unavailable": Condition(grpc=frozenset((b"14",))),
}
"""The words of ``on``: those of Envoy's ``retry_on`` and ``x-envoy-retry-grpc-on``, and ``reset-idempotent``."""


def _final_statuses(_instance: Any, _attribute: Attribute[Any], value: tuple[int, ...]) -> None:
    for status in value:
        if not 200 <= status <= 599:
            raise ValueError(f"the status of an answer lies between 200 and 599, not at {status}")


def _status_or_none(instance: Any, attribute: Attribute[Any], value: int) -> None:
    if value:
        _final_statuses(instance, attribute, (value,))


def _conditions(instance: Any, attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    for word in value:
        if word.isascii() and word.isdecimal():
            _final_statuses(instance, attribute, (int(word),))
        elif word not in CONDITIONS:
            raise ValueError(f'"{word}" is no condition{did_you_mean(word, CONDITIONS)}')


def _not_negative(_instance: Any, _attribute: Attribute[Any], value: int) -> None:
    if value < 0:
        raise ValueError("the number of attempts cannot be negative")


@implementer(IRetryPolicy)
@frozen(kw_only=True)
class Retry:
    """Tries a request again after an attempt that failed as said in ``on`` (Istio ``retries``, Envoy's retry policy).

    The pause before the n-th retry is a random part of ``backoff`` * 2^(n-1), but of ``maxBackoff`` at most, and never
    shorter than ``minBackoff``.
    """

    attempts: int = field(
        default=2, validator=_not_negative, metadata={"doc": "How many further attempts there can be; 0 for none."}
    )
    on: OneOrMany[str] = field(
        default=("connect-failure", "refused-stream", "unavailable", "cancelled", "reset-idempotent"),
        validator=_conditions,
        metadata={"doc": "What to try again after: Envoy's words, statuses, or reset-idempotent."},
    )
    statuses: OneOrMany[int] = field(
        default=(), validator=_final_statuses, metadata={"doc": "Statuses of answers to try again after."}
    )
    backoff: Duration = field(
        default=Duration(0.025), metadata={"doc": "The longest pause before the first retry; 0 for none at all."}
    )
    max_backoff: Duration | None = field(
        default=None, metadata={"doc": "The longest pause before any retry; ten times backoff where nothing is said."}
    )
    min_backoff: Duration = field(
        default=Duration(0.0),
        metadata={"doc": "The shortest pause before any retry (Gateway API retry.backoff); 0 where chance decides."},
    )
    unanswered: int = field(
        default=0,
        validator=_status_or_none,
        metadata={"doc": "The answer's status when the last attempt broke off without one; 0 for the usual 502."},
    )
    elsewhere: bool = field(
        default=True, metadata={"doc": "Whether endpoints that were tried are avoided while there are others."}
    )

    def __attrs_post_init__(self) -> None:
        if self.max_backoff is not None and self.max_backoff < self.backoff:
            raise ValueError("maxBackoff is shorter than backoff")
        if self.min_backoff > self._longest:
            raise ValueError("minBackoff is longer than the longest pause")

    def compile(self, env: Environment) -> Retries:
        most, base, roll = self.attempts, self.backoff, env.random.random
        shortest, longest = self.min_backoff, self._longest
        meant = _meaning(self.on)
        outcomes, repeatable, answered = meant.outcomes, meant.repeatable, self._answered(meant)

        def decide(attempt: Attempt) -> float | None:
            if attempt.number > most:
                return None
            response = attempt.response
            if response is not None:
                again = answered(response)
            else:
                outcome = attempt.outcome
                again = outcome in outcomes or (outcome in repeatable and attempt.request.method in IDEMPOTENT)
            # Envoy's full jitter: clients that failed together do not come back together.
            return max(shortest, roll() * min(base * 2.0 ** (attempt.number - 1), longest)) if again else None

        return Retries(decide, most, self.elsewhere, self.unanswered)

    @property
    def _longest(self) -> float:
        return 10 * self.backoff if self.max_backoff is None else self.max_backoff

    def _answered(self, meant: Condition) -> Callable[[ResponseHead], bool]:
        """Return whether an answer is one to try again after."""
        statuses = meant.statuses.union(self.statuses) if self.statuses else meant.statuses
        grpc, limited = meant.grpc, "envoy-ratelimited" in self.on

        def answered(response: ResponseHead) -> bool:
            headers = response.headers
            # What Envoy says of itself: it has too much to do already, or keeps a client to its limit.
            if b"x-envoy-overloaded" in headers:
                return False
            if b"x-envoy-ratelimited" in headers:
                return limited
            return response.status in statuses or (bool(grpc) and headers.get(b"grpc-status") in grpc)

        return answered


@lru_cache(maxsize=256)
def _meaning(words: tuple[str, ...]) -> Condition:
    """Return what all words together stand for.  Few lists of words are written, and each stands in many rules."""
    conditions = [CONDITIONS[word] for word in words if word in CONDITIONS]
    numbers = frozenset(int(word) for word in words if word not in CONDITIONS)
    return Condition(
        _NOTHING.union(*(condition.outcomes for condition in conditions)),
        numbers.union(*(condition.statuses for condition in conditions)),
        _NOTHING.union(*(condition.grpc for condition in conditions)),
        _NOTHING.union(*(condition.repeatable for condition in conditions)),
    )
