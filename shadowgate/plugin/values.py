"""What hooks are given and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Protocol, TypeVar

from attrs import field, frozen
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.plugin.records import ExchangeRecord

T = TypeVar("T")


class Metrics(Protocol):
    """Counters of a plugin's own, shown on ``/metrics`` as ``shadowgate_plugin_<name>_total``.

    The same name is the same counter, also after a reload.
    """

    def counter(self, name: str, help: str) -> Callable[[], None]:
        """Return a callable that adds one."""


@frozen
class Environment:
    """What a component may use at run time; it reaches nothing else of the gateway.

    ``background`` runs a function off the reactor's thread and gives its result on it: for reading and parsing, never
    for anything that touches the clock or another object of the gateway.
    """

    clock: IReactorTime
    random: Random
    metrics: Metrics
    log: Logger
    background: Callable[[Callable[[], T]], Deferred[T]] = field(default=execute)


class Candidate(Protocol):
    """What a balancer chooses among.

    ``in_flight`` counts requests under way there now.  ``available`` says whether anybody is there to answer: of an
    endpoint always, as those that are not well are not offered; of a rule's destination when it has endpoints.
    """

    @property
    def name(self) -> str: ...
    @property
    def weight(self) -> int: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def available(self) -> bool: ...


@frozen
class Reply:
    """An answer made by the gateway itself.

    ``status`` is a final one, 200 to 600; without a ``reason`` the standard phrase is sent.  The length is written by
    the gateway, and no body is sent where none belongs (HEAD, 204, 205, 304).
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    reason: str = ""


BodyTransform = Callable[[bytes, bool], bytes]
"""``(chunk, last) -> chunk``; any chunk may be empty, and the last one often is."""


@frozen
class FilterHooks:
    """The hooks of one filter; an absent one costs nothing.

    on_request
        Before a destination is chosen (for a destination's or mirror's filter: before its head is written).  May
        change the head; a :class:`Reply` ends the exchange.
    on_request_later
        The same for hooks that must wait, after ``on_request``: returns a Deferred of a Reply or None, which is
        cancelled when the client leaves or the time is over.  Not run on mirror copies.
    on_response
        Before the answer's head goes to the client, in reverse order of the filters; may change it.  Runs on answers
        of filters and of the gateway as well, even where ``on_request`` of this filter was not reached.
    request_body, response_body
        Called once with the heads, where there is a body; return a :data:`BodyTransform` or None.  A transformed body
        has no known length.  Bodies of a :class:`Reply` are not transformed.
    on_done
        After the exchange, whatever became of it.
    pure
        Says that ``on_request`` decides by the head alone and touches nothing but the head, so that it may be tried on
        a copy to explain what would happen to a request.  Others are named there and not run.
    """

    on_request: Callable[[RequestHead], Reply | None] | None = None
    on_request_later: Callable[[RequestHead], Deferred[Reply | None]] | None = None
    on_response: Callable[[RequestHead, ResponseHead], None] | None = None
    request_body: Callable[[RequestHead], BodyTransform | None] | None = None
    response_body: Callable[[RequestHead, ResponseHead], BodyTransform | None] | None = None
    on_done: Callable[[ExchangeRecord], None] | None = None
    pure: bool = False


@frozen
class Attempt:
    """One attempt that is over: what a retry policy decides by.

    ``number`` counts attempts from 1; ``outcome`` is the name of an Outcome (``completed`` when an answer came);
    ``response`` is the answer's head, None when there was none.
    """

    request: RequestHead
    number: int
    outcome: str
    response: ResponseHead | None = None


@frozen
class Retries:
    """A compiled retry policy.

    decide
        Returns the seconds to wait before the next attempt, or None to let this one stand.
    most
        How many further attempts there can be; 0 keeps no copy of the request's body.
    elsewhere
        Whether endpoints that were tried are avoided while there are others.
    unanswered
        The status of the gateway's answer when the last attempt broke off without one; 0 for the usual 502.
    """

    decide: Callable[[Attempt], float | None]
    most: int
    elsewhere: bool = True
    unanswered: int = 0


@frozen
class SourceHandle:
    """How the gateway drives a source.  ``reload`` looks again at once."""

    start: Callable[[], None]
    stop: Callable[[], Deferred[Any] | None]
    reload: Callable[[], None] = field(default=lambda: None)
