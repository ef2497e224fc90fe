"""What a request is decided by: immutable, made once per configuration, read without a look-up of any setting.

The compiler builds these and the runtime runs them.  What outlives a configuration (endpoint state, counters) is
reached through the small protocols at the top, whose objects the runtime hands to the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from attrs import field, frozen
from twisted.internet.defer import Deferred

from shadowgate.errors import Problem
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.model import Configuration, Endpoint, MirrorLimits, Timeouts
from shadowgate.plugin import BodyTransform, ExchangeRecord, IBalancer, MirrorResult, Reply

RequestHook = tuple[str, Callable[[RequestHead], Reply | Deferred[Reply | None] | None]]
ResponseHook = tuple[str, Callable[[RequestHead, ResponseHead], None]]
RequestBodyHook = tuple[str, Callable[[RequestHead], BodyTransform | None]]
ResponseBodyHook = tuple[str, Callable[[RequestHead, ResponseHead], BodyTransform | None]]
DoneHook = tuple[str, Callable[[ExchangeRecord], None]]
Observer = tuple[str, Callable[[MirrorResult], None]]


class ClusterTarget(Protocol):
    """A cluster or a subset of one, with live endpoints behind it."""

    name: str

    def pick(self, head: RequestHead) -> Any: ...


class Live(Protocol):
    """What the compiler asks of the running gateway; nothing here does I/O or touches what is in service."""

    def cluster(self, name: str, endpoints: tuple[Endpoint, ...], balancer: IBalancer) -> ClusterTarget: ...

    def route_stats(self, name: str) -> Any: ...

    def mirror_state(self, name: str) -> Any: ...


@frozen(eq=False)
class Hooks:
    """The filters of one path through the gateway, flattened; each hook stands beside the plugin's name.

    ``on_response`` and the body hooks of the response are in reverse order of the filters.
    """

    on_request: tuple[RequestHook, ...] = ()
    on_response: tuple[ResponseHook, ...] = ()
    request_body: tuple[RequestBodyHook, ...] = ()
    response_body: tuple[ResponseBodyHook, ...] = ()
    on_done: tuple[DoneHook, ...] = ()

    def followed_by(self, inner: Hooks) -> Hooks:
        """Return these hooks around ``inner``'s, without ``on_request``: that one runs at another time."""
        return Hooks(
            (),
            inner.on_response + self.on_response,
            self.request_body + inner.request_body,
            inner.response_body + self.response_body,
            self.on_done + inner.on_done,
        )


@frozen(eq=False)
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


@frozen(eq=False)
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


@frozen(eq=False)
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


@frozen(eq=False)
class Snapshot:
    """One configuration in service.  ``find`` gives the rule of a request or None."""

    generation: int
    find: Callable[[RequestHead], CompiledRule | None]
    configuration: Configuration
    rules: tuple[CompiledRule, ...]
    problems: tuple[Problem, ...] = ()

    def __repr__(self) -> str:
        return f"<Snapshot {self.generation}, {len(self.rules)} rules>"


EMPTY = Snapshot(0, lambda head: None, Configuration(), ())
