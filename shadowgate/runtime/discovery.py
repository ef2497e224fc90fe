"""Endpoints that are looked up by name: asked again as often as the answers allow.

The last good answer stays until there is a better one; before the first, the name itself is the endpoint, so that a
slow name server delays nobody more than dialling a name would.  Address records (RFC 1035, RFC 3596) and service
records (RFC 2782, the lowest priority with its weights) with the addresses of their targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import lcm
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any, Protocol

from attrs import evolve, frozen
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import CancelledError, Deferred, DeferredList, fail, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.names import dns
from twisted.python.failure import Failure

from shadowgate.model import Endpoint

SHORTEST = 1.0
LONGEST = 300.0
AFTER_FAILURE = 5.0

log = Logger(namespace="shadowgate")


def is_name(address: str) -> bool:
    """Whether an endpoint's address has to be looked up before it can be dialled."""
    return not (address.startswith("unix:") or isIPAddress(address) or isIPv6Address(address))


class Resolver(Protocol):
    """What is used of Twisted's ``IResolver``."""

    def lookupAddress(self, name: str) -> Deferred[Any]: ...

    def lookupIPV6Address(self, name: str) -> Deferred[Any]: ...

    def lookupService(self, name: str) -> Deferred[Any]: ...


class LateResolver:
    """A resolver that is made when the first question is asked: making one reads files."""

    def __init__(self, make: Callable[[], Resolver]) -> None:
        self._make = make
        self._made: Resolver | None = None

    def lookupAddress(self, name: str) -> Deferred[Any]:
        return self._resolver.lookupAddress(name)

    def lookupIPV6Address(self, name: str) -> Deferred[Any]:
        return self._resolver.lookupIPV6Address(name)

    def lookupService(self, name: str) -> Deferred[Any]:
        return self._resolver.lookupService(name)

    @property
    def _resolver(self) -> Resolver:
        if self._made is None:
            self._made = self._make()
        return self._made


@frozen
class Found:
    """What a name stands for, and for how many seconds that holds."""

    endpoints: tuple[Endpoint, ...]
    ttl: float


class Discovery:
    """Keeps what one named endpoint stands for: ``endpoints``.  Asks from the first :meth:`watch` to :meth:`stop`."""

    def __init__(self, endpoint: Endpoint, service: bool, resolver: Resolver, clock: IReactorTime) -> None:
        self.endpoint = endpoint
        self.endpoints: tuple[Endpoint, ...] = (endpoint,)
        self._service = service
        self._resolver = resolver
        self._clock = clock
        self._watchers: dict[Callable[[], None], None] = {}
        self._call: IDelayedCall | None = None
        self._asking: Deferred[Found] | None = None
        self._failing = False
        self._stopped = False

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change of the endpoints; the first one to watch makes it ask."""
        self._watchers[changed] = None
        if self._call is None and self._asking is None and not self._stopped:
            self._ask()

    def unwatch(self, changed: Callable[[], None]) -> None:
        self._watchers.pop(changed, None)

    def stop(self) -> None:
        """Ask no more."""
        self._stopped = True
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._asking is not None:
            self._asking.cancel()

    def _ask(self) -> None:
        self._call = None
        look_up = self._look_up_service if self._service else self._look_up_addresses
        asking = self._asking = look_up(self.endpoint.address)
        asking.addCallbacks(self._answered, self._failed)

    # Looking up

    def _look_up_addresses(self, name: str) -> Deferred[Found]:
        """IPv4 addresses, or IPv6 ones where there are none (Envoy ``V4_PREFERRED``).

        Never both: requests would be balanced over a family that this host may not reach, or that nobody listens on.
        """

        def try_six(four: Failure) -> Deferred[Found]:
            if four.check(CancelledError):
                return fail(four)
            six = maybeDeferred(self._resolver.lookupIPV6Address, name)
            return six.addCallback(self._addresses, dns.AAAA).addErrback(lambda _: four)

        # What cannot be a name at all raises at once.
        four = maybeDeferred(self._resolver.lookupAddress, name)
        return four.addCallback(self._addresses, dns.A).addErrback(try_six)

    def _addresses(self, answer: Any, kind: int) -> Found:
        family = AF_INET if kind == dns.A else AF_INET6
        addresses = dict.fromkeys(inet_ntop(family, each.payload.address) for each in answer[0] if each.type == kind)
        if not addresses:
            raise LookupError("there are no address records")
        # The whole chain counts: an alias may be shorter lived than what it stands for.
        ttl = min(each.ttl for each in answer[0])
        return Found(tuple(evolve(self.endpoint, address=address) for address in addresses), ttl)

    def _look_up_service(self, name: str) -> Deferred[Found]:
        return maybeDeferred(self._resolver.lookupService, name).addCallback(self._look_up_targets)

    def _look_up_targets(self, answer: Any) -> Deferred[Found]:
        # The root as a target is the word for no service (RFC 2782).
        records = [each for each in answer[0] if each.type == dns.SRV and each.payload.target.name]
        if not records:
            raise LookupError("there are no service records")
        best = min(record.payload.priority for record in records)
        chosen = [record for record in records if record.payload.priority == best]
        lookups = [self._look_up_addresses(str(record.payload.target)) for record in chosen]
        return DeferredList(lookups, consumeErrors=True).addCallback(partial(self._join, chosen))

    def _join(self, records: Sequence[Any], results: Sequence[tuple[bool, Any]]) -> Found:
        """Return the addresses of all targets that have some; the addresses of a target share its weight."""
        found = [(record.payload, result) for record, (good, result) in zip(records, results, strict=True) if good]
        if not found:
            raise results[0][1].value
        whole = lcm(*(len(result.endpoints) for _, result in found))
        endpoints = tuple(
            evolve(each, port=target.port, weight=max(1, target.weight) * (whole // len(result.endpoints)))
            for target, result in found
            for each in result.endpoints
        )
        ttls = [record.ttl for record in records] + [result.ttl for _, result in found]
        return Found(endpoints, min(ttls if len(found) == len(records) else [*ttls, AFTER_FAILURE]))

    # What comes of it

    def _answered(self, found: Found) -> None:
        self._asking = None
        if self._stopped:
            return
        self._again(min(max(found.ttl, SHORTEST), LONGEST))
        if self._failing:
            self._failing = False
            log.info("{name} can be looked up again", name=self.endpoint.address)
        ordered = tuple(sorted(found.endpoints, key=str))
        if ordered != self.endpoints:
            self.endpoints = ordered
            for changed in list(self._watchers):
                changed()

    def _failed(self, failure: Failure) -> None:
        self._asking = None
        if self._stopped:
            return
        self._again(AFTER_FAILURE)
        if not self._failing:
            self._failing = True
            log.warn(
                "cannot look up {name}: {reason}; it stays as it was, and is asked for every {seconds:g} s",
                name=self.endpoint.address,
                reason=failure.getErrorMessage() or type(failure.value).__name__,
                seconds=AFTER_FAILURE,
            )

    def _again(self, seconds: float) -> None:
        self._call = self._clock.callLater(seconds, self._ask)

    def __repr__(self) -> str:
        return f"<Discovery {self.endpoint.address}, {len(self.endpoints)} endpoints>"
