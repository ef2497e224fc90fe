"""Dialling through Twisted's client endpoints: names, sockets in the file system, and whatever a reactor may be.

An address over a reactor of descriptors is dialled by ``address``, which is cheaper.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint, UNIXClientEndpoint
from twisted.internet.error import ConnectionRefusedError, DNSLookupError, TimeoutError, UserError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from shadowgate.model import Endpoint
from shadowgate.net.dial import Caller
from shadowgate.runtime import outcomes
from shadowgate.runtime.outcomes import Outcome

FOREVER: Final = 3600
"""Seconds that stand for no timeout: no kernel waits as long."""

USED_UP: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL))

MakeEndpoint = Callable[[float], IStreamClientEndpoint]
"""``connect timeout in seconds -> endpoint to connect``."""


class Endpoints:
    """Implements ``dial.Dialer``."""

    def __init__(self, make: MakeEndpoint) -> None:
        self._make = make

    def dial(self, caller: Caller, timeout: float) -> Attempt:
        return Attempt(caller, self._make(timeout))


class Attempt:
    """One connection that an endpoint makes."""

    def __init__(self, caller: Caller, endpoint: IStreamClientEndpoint) -> None:
        self._caller: Caller | None = caller
        self._attempt: Deferred[Any] = endpoint.connect(factory_of(caller.build))
        self._attempt.addCallbacks(self._made, self._failed)

    def cancel(self) -> None:
        self._caller = None
        self._attempt.cancel()

    def _made(self, protocol: Any) -> None:
        caller, self._caller = self._caller, None
        if caller is not None:
            caller.connected(protocol)

    def _failed(self, failure: Failure) -> None:
        caller, self._caller = self._caller, None
        if caller is not None:
            caller.failed(reason(failure))


@implementer(IStreamClientEndpoint)
class Unresolved:
    """Fails in the next turn: a name that nobody may wait for."""

    def __init__(self, reactor: Any, name: str) -> None:
        self._reactor = reactor
        self._name = name

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        return deferLater(self._reactor, 0, fail, DNSLookupError(f"{self._name} has not been resolved"))


def reach(reactor: Any, endpoint: Endpoint, names: bool = True) -> MakeEndpoint:
    """Return how an endpoint of the configuration is reached; a timeout of 0 is none.

    Without ``names`` only addresses are dialled: looking a name up takes one of the few threads that resolve names,
    and a mirror must not keep one from the primary.
    """
    address, port = endpoint.address, endpoint.port
    if address.startswith("unix:"):
        path = address.removeprefix("unix:").removeprefix("//")
        return lambda timeout: UNIXClientEndpoint(reactor, path, timeout or FOREVER)
    if isIPAddress(address):
        return lambda timeout: TCP4ClientEndpoint(reactor, address, port, timeout or FOREVER)
    if isIPv6Address(address):
        return lambda timeout: TCP6ClientEndpoint(reactor, address, port, timeout or FOREVER)
    if not names:
        return lambda timeout: Unresolved(reactor, address)
    return lambda timeout: HostnameEndpoint(reactor, address, port, timeout or FOREVER)


def factory_of(make: Callable[[], IProtocol]) -> Factory:
    """Return a factory for one connection, which has nothing to say of itself."""
    factory = Factory()
    factory.noisy = False

    def build(address: object) -> IProtocol | None:
        return make()

    factory.buildProtocol = build  # type: ignore[assignment]
    return factory


def reason(failure: Failure) -> Outcome:
    """Return what it means that a connection could not be made."""
    if failure.check(ConnectionRefusedError):
        return outcomes.CONNECT_REFUSED
    if failure.check(TimeoutError, UserError, CancelledError):
        return outcomes.CONNECT_TIMEOUT
    if failure.check(DNSLookupError):
        return outcomes.UNRESOLVED
    return outcome_of(getattr(failure.value, "osError", None))


def outcome_of(number: int | None) -> Outcome:
    """Return what an error number of the system's means for a connection that was to be made."""
    if number == errno.ECONNREFUSED:
        return outcomes.CONNECT_REFUSED
    if number == errno.ETIMEDOUT:
        return outcomes.CONNECT_TIMEOUT
    return outcomes.NO_SOCKET if number in USED_UP else outcomes.CONNECT_FAILED
