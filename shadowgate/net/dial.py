"""How an endpoint of the configuration is reached: an address, a name, or a socket in the file system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint, UNIXClientEndpoint
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import deferLater
from zope.interface import implementer

from shadowgate.model import Endpoint


@implementer(IStreamClientEndpoint)
class Unresolved:
    """Fails in the next turn: a name that nobody may wait for."""

    def __init__(self, reactor: Any, name: str) -> None:
        self._reactor = reactor
        self._name = name

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        return deferLater(self._reactor, 0, fail, DNSLookupError(f"{self._name} has not been resolved"))


def dialer(reactor: Any, endpoint: Endpoint, names: bool = True) -> Callable[[float], IStreamClientEndpoint]:
    """Return ``timeout -> client endpoint``; a timeout of 0 is an hour, which no kernel waits for.

    Without ``names`` only addresses are dialled: looking a name up takes one of the few threads that resolve names,
    and a mirror must not keep one from the primary.
    """
    address, port = endpoint.address, endpoint.port
    if address.startswith("unix:"):
        path = address.removeprefix("unix:").removeprefix("//")
        return lambda timeout: UNIXClientEndpoint(reactor, path, timeout or 3600)
    if isIPAddress(address):
        return lambda timeout: TCP4ClientEndpoint(reactor, address, port, timeout or 3600)
    if isIPv6Address(address):
        return lambda timeout: TCP6ClientEndpoint(reactor, address, port, timeout or 3600)
    if not names:
        return lambda timeout: Unresolved(reactor, address)
    return lambda timeout: HostnameEndpoint(reactor, address, port, timeout or 3600)
