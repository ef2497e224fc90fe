"""How an endpoint of the configuration is reached: an address, a name, or a socket in the file system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint, UNIXClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint

from shadowgate.model import Endpoint


def dialer(reactor: Any, endpoint: Endpoint) -> Callable[[float], IStreamClientEndpoint]:
    """Return ``timeout -> client endpoint``; a timeout of 0 is an hour, which no kernel waits for."""
    address, port = endpoint.address, endpoint.port
    if address.startswith("unix:"):
        path = address.removeprefix("unix:").removeprefix("//")
        return lambda timeout: UNIXClientEndpoint(reactor, path, timeout or 3600)
    if isIPAddress(address):
        return lambda timeout: TCP4ClientEndpoint(reactor, address, port, timeout or 3600)
    if isIPv6Address(address):
        return lambda timeout: TCP6ClientEndpoint(reactor, address, port, timeout or 3600)
    return lambda timeout: HostnameEndpoint(reactor, address, port, timeout or 3600)
