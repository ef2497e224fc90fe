"""What a request is decided by: immutable, made once per configuration, read without a look-up of any setting.

The compiler builds these and the runtime runs them.  What outlives a configuration (endpoint state, counters) is
reached through the small protocols at the top, whose objects the runtime hands to the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from attrs import Factory, field
from twisted.internet.defer import Deferred

from shadowgate.errors import Problem
from shadowgate.fixed import fixed
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.model import (
    Configuration,
    Endpoint,
    HealthCheck,
    Match,
    MirrorLimits,
    PathMatch,
    Route,
    Rule,
    Timeouts,
    TrafficPolicy,
)
from shadowgate.plugin import BodyTransform, ExchangeRecord, FilterHooks, IBalancer, MirrorResult, Reply, Retries

RequestHook = tuple[str, Callable[[RequestHead], Reply | Deferred[Reply | None] | None]]
ResponseHook = tuple[str, Callable[[RequestHead, ResponseHead], None]]
RequestBodyHook = tuple[str, Callable[[RequestHead], BodyTransform | None]]
ResponseBodyHook = tuple[str, Callable[[RequestHead, ResponseHead], BodyTransform | None]]
DoneHook = tuple[str, Callable[[ExchangeRecord], None]]
Observer = tuple[str, Callable[[MirrorResult], None]]
Filter = tuple[str, FilterHooks]


class ClusterTarget(Protocol):
    """A cluster or a subset of one, with live endpoints behind it."""

    name: str
    retrying: int
    """Attempts under way that a retry policy asked for."""

    @property
    def available(self) -> bool: ...

    def pick(self, head: RequestHead) -> Any: ...

    def pick_other(self, tried: Collection[str]) -> Any: ...

    def may_retry(self) -> bool: ...


class Live(Protocol):
    """What the compiler asks of the running gateway; nothing here does I/O or touches what is in service."""

    def cluster(
        self,
        name: str,
        endpoints: tuple[Endpoint, ...],
        balancer: IBalancer,
        policy: TrafficPolicy = ...,
        resolution: str = ...,
        health: HealthCheck | None = ...,
    ) -> ClusterTarget: ...

    def route_stats(self, name: str) -> Any: ...

    def mirror_state(self, name: str) -> Any: ...


@fixed(eq=False)
class Hooks:
    """The filters of one path through the gateway, flattened; each hook stands beside the plugin's name.

    ``on_response`` and the body hooks of the response are in reverse order of the filters.  ``filters`` is what all of
    them come from, in the order of the configuration; no request looks there.
    """

    on_request: tuple[RequestHook, ...] = ()
    on_response: tuple[ResponseHook, ...] = ()
    request_body: tuple[RequestBodyHook, ...] = ()
    response_body: tuple[ResponseBodyHook, ...] = ()
    on_done: tuple[DoneHook, ...] = ()
    filters: tuple[Filter, ...] = ()

    @classmethod
    def of(cls, filters: Sequence[Filter]) -> Hooks:
        """Return the hooks of some filters in their order."""
        on_request: list[RequestHook] = []
        for name, hooks in filters:
            if hooks.on_request is not None:
                on_request.append((name, hooks.on_request))
            if hooks.on_request_later is not None:
                on_request.append((name, hooks.on_request_later))
        backwards = filters[::-1]
        return cls(
            tuple(on_request),
            tuple((name, hooks.on_response) for name, hooks in backwards if hooks.on_response is not None),
            tuple((name, hooks.request_body) for name, hooks in filters if hooks.request_body is not None),
            tuple((name, hooks.response_body) for name, hooks in backwards if hooks.response_body is not None),
            tuple((name, hooks.on_done) for name, hooks in filters if hooks.on_done is not None),
            tuple(filters),
        )

    def followed_by(self, inner: Hooks) -> Hooks:
        """Return these hooks around ``inner``'s, without ``on_request``: that one runs at another time."""
        return Hooks(
            (),
            inner.on_response + self.on_response,
            self.request_body + inner.request_body,
            inner.response_body + self.response_body,
            self.on_done + inner.on_done,
            self.filters + inner.filters,
        )


@fixed(eq=False)
class CompiledDestination:
    """One weighted destination of a rule; a balancer's Candidate.  ``cluster`` is None where the host is unknown."""

    name: str
    weight: int
    cluster: ClusterTarget | None
    on_request: tuple[RequestHook, ...]
    hooks: Hooks
    """Everything after the choice of this destination: the rule's hooks around the destination's own."""
    labels: Mapping[str, str] = field(factory=dict)
    in_flight: int = 0
    failure: str = ""
    """Why whatever comes here is answered 500, for logs and never for clients; empty where it is not."""
    mirrors: tuple[CompiledMirror, ...] = ()
    """All that get copies of the requests that come here: the rule's mirrors, then the destination's own."""

    @property
    def available(self) -> bool:
        """Whether there is an endpoint to go to."""
        return self.cluster is not None and self.cluster.available


@fixed(eq=False)
class CompiledMirror:
    """One mirror of a rule.  ``host`` computes the copy's Host from the primary's authority, None leaves it alone."""

    name: str
    admit: Callable[[RequestHead], bool]
    cluster: ClusterTarget | None
    host: Callable[[bytes], bytes] | None
    on_request: tuple[RequestHook, ...]
    observers: tuple[Observer, ...]
    keep_response: int
    limits: MirrorLimits
    state: Any
    filters: tuple[Filter, ...] = ()
    """What ``on_request`` comes from; no request looks there."""
    handshakes: bool = False
    """Whether it gets the requests that ask for another protocol."""


@fixed(eq=False)
class CompiledRule:
    """What happens to the requests of one rule."""

    route: str
    name: str
    on_request: tuple[RequestHook, ...]
    hooks: Hooks
    choose: Callable[[RequestHead], CompiledDestination | None]
    destinations: tuple[CompiledDestination, ...]
    mirrors: tuple[CompiledMirror, ...]
    timeouts: Timeouts
    stats: Any
    retries: Retries | None = None
    answer: float = field(init=False, default=Factory(lambda self: self.timeouts.answer, takes_self=True))
    """Seconds that an attempt may take to be answered."""


@fixed(eq=False)
class Entry:
    """One match of one rule; the lower rank wins.  ``path`` of None is any path.

    ``route``, ``model`` and ``match`` are what it was made from: for whoever has to explain it, not for requests.
    """

    rank: int
    path: PathMatch | None
    conditions: tuple[Callable[[RequestHead], bool], ...]
    rule: CompiledRule
    route: Route
    model: Rule
    match: Match


@fixed(eq=False)
class ListenerTable:
    """What ``find`` looks through for one listener, as it can be read: no request looks here.

    ``listener`` is "" for the table of all listeners that have none of their own.  ``hosts`` are patterns in the order
    in which they are preferred, each with its entries by rank.
    """

    listener: str
    hosts: tuple[tuple[str, tuple[Entry, ...]], ...]


@fixed(eq=False)
class Snapshot:
    """One configuration in service.  ``find`` gives the rule of a request or None; ``tables`` is what that reads."""

    generation: int
    find: Callable[[RequestHead], CompiledRule | None]
    configuration: Configuration
    rules: tuple[CompiledRule, ...]
    problems: tuple[Problem, ...] = ()
    tables: tuple[ListenerTable, ...] = ()

    def __repr__(self) -> str:
        return f"<Snapshot {self.generation}, {len(self.rules)} rules>"


EMPTY = Snapshot(0, lambda head: None, Configuration(), ())

NO_RULE = CompiledRule("", "", (), Hooks(), lambda head: None, (), (), Timeouts(), None)
"""What a request has until its rule is found."""

NOWHERE_TO_GO = CompiledDestination("", 0, None, (), Hooks())
"""What a request has until its destination is chosen."""
