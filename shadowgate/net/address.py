"""Dialling an address: a socket that connects while the gateway's own epoll watches it.

Twisted's endpoints do the same for a price that a mirror which closes after each answer would ask of every request.
Once it is connected, all of it is Twisted's transport.  What is dialled for a shadow while clients and primaries
are served is dialled behind what they are sent.
"""

from __future__ import annotations

import errno
import socket
from typing import Any, Final

from twisted.internet.abstract import isIPAddress, isIPv6Address

from shadowgate.model import Endpoint
from shadowgate.net.dial import Caller
from shadowgate.net.endpoints import outcome_of
from shadowgate.net.readiness import Kind, Readiness
from shadowgate.net.transport import Connected, shown
from shadowgate.runtime import outcomes
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.timers import Lane, Timers

UNDER_WAY: Final = (0, errno.EINPROGRESS, errno.EINTR)


def address_of(endpoint: Endpoint) -> tuple[int, Any] | None:
    """Return family and socket address where an endpoint is an IP address, else None."""
    address, port = endpoint.address, endpoint.port
    if isIPAddress(address):
        return socket.AF_INET, (address, port)
    if not isIPv6Address(address):
        return None
    try:
        # An address of one link names the interface (RFC 4007), of which the system wants the number.
        found = socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    except OSError:
        return None
    return socket.AF_INET6, found[0][4]


class Address:
    """Implements ``dial.Dialer``."""

    def __init__(self, family: int, address: Any, readiness: Readiness, timers: Timers, shadow: bool = False) -> None:
        self.family = family
        self.address = address
        self.peer = shown(address)
        self.readiness = readiness
        self.kind: Kind = "shadow" if shadow else "primary"
        self._timers = timers

    def dial(self, caller: Caller, timeout: float) -> Connecting:
        return Connecting(self, caller, self._timers.lane(timeout))


class Connecting:
    """One socket that connects; may wait for the end of a turn as an outbox does."""

    __slots__ = ("_address", "_call", "_caller", "_lane", "_socket")

    def __init__(self, address: Address, caller: Caller, lane: Lane) -> None:
        self._address = address
        self._caller: Caller | None = caller
        self._lane = lane
        self._socket: Any = None
        self._call: Any = None
        lane.start(self)
        readiness = address.readiness
        if address.kind == "shadow" and readiness.serving:
            readiness.unsent_shadows.append(self)
        else:
            self.flush()

    def flush(self) -> None:
        """Begin."""
        if self._caller is None:
            return
        address = self._address
        try:
            made = self._socket = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            wrong = made.connect_ex(address.address)
            if wrong in UNDER_WAY:
                address.readiness.await_connection(made.fileno(), self._told, address.kind)
                return
        except OSError as refused:
            wrong = refused.errno or 0
        self._close()
        self._call = address.readiness.callLater(0, self._fail, outcome_of(wrong))

    def cancel(self) -> None:
        if self._caller is not None:
            self._caller = None
            self._end()

    def expired(self, lane: Lane) -> None:
        self._fail(outcomes.CONNECT_TIMEOUT)

    def _told(self, connected: bool) -> None:
        """The kernel has made the connection, or given it up."""
        made, caller = self._socket, self._caller
        assert caller is not None
        if not connected:
            self._fail(outcome_of(made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))
            return
        self._socket = self._caller = None
        self._lane.stop(self)
        protocol = caller.build()
        address = self._address
        protocol.makeConnection(Connected(made, protocol, address.readiness, address.peer))
        caller.connected(protocol)

    def _fail(self, outcome: Outcome) -> None:
        caller, self._caller = self._caller, None
        self._end()
        if caller is not None:
            caller.failed(outcome)

    def _end(self) -> None:
        self._lane.stop(self)
        if self._call is not None and self._call.active():
            self._call.cancel()
        if self._socket is not None:
            self._address.readiness.forget_connection(self._socket.fileno())
            self._close()

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __repr__(self) -> str:
        return f"<Connecting to {self._address.address}, {'over' if self._caller is None else 'under way'}>"
