"""Who may come in: how many clients at once, how many of one address, and what happens when descriptors run out.

Whoever is in is served.  Further clients of a full listener wait in the kernel's queue, because accepting pauses until
there is room; further ones of an address that has its share are closed at once.  Knows ports and counts, no HTTP.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from errno import EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, NoReturn

from attrs import define, field
from twisted.internet import tcp
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from shadowgate.runtime.stats import Stats

EXHAUSTED: Final = frozenset((EMFILE, ENFILE, ENOBUFS, ENOMEM))
REST_SECONDS: Final = 0.2
"""How long nobody is accepted after the system had no descriptor or no memory for a client."""
LOG_SECONDS: Final = 10.0
"""The least between two lines in the log about the same."""


@define(eq=False)
class Capacity:
    """What the listeners of one process share.  ``most`` clients are let in altogether; 0 is no bound."""

    clock: IReactorTime
    stats: Stats
    log: Logger
    most: int = 0
    open: int = field(default=0, init=False)
    _waiting: dict[Entry, None] = field(factory=dict, init=False)
    _said: dict[str, float] = field(factory=dict, init=False)

    @property
    def full(self) -> bool:
        return 0 < self.most <= self.open

    def wait(self, entry: Entry, reason: str, text: str) -> None:
        """An entry has closed for this reason; it is asked to open again whenever a client leaves."""
        self.stats.accept_pauses[reason] += 1
        self._waiting[entry] = None
        now = self.clock.seconds()
        if now - self._said.get(reason, -LOG_SECONDS) >= LOG_SECONDS:
            self._said[reason] = now
            self.log.warn(
                "{text}; new clients wait ({count} times so far)", text=text, count=self.stats.accept_pauses[reason]
            )

    def left(self) -> None:
        self.open -= 1
        if self._waiting:
            self.look()

    def look(self) -> None:
        """Open every entry that has no reason to wait any more."""
        for entry in list(self._waiting):
            if entry.open_again():
                del self._waiting[entry]


class Entry:
    """One listener's.  ``most`` clients at once, ``most_per_client`` of one address; 0 is no bound.

    ``counted`` says that its clients are among those that the process has a bound for.
    """

    def __init__(
        self, capacity: Capacity, name: str, most: int = 0, most_per_client: int = 0, *, counted: bool = True
    ) -> None:
        self._capacity = capacity
        self._name = name
        self._most = most
        self._most_per_client = most_per_client
        self._counted = counted
        self._clients: dict[str, int] = {}
        self._ports: list[Any] = []
        self._rest: IDelayedCall | None = None
        self.open = 0

    @property
    def full(self) -> bool:
        return 0 < self._most <= self.open or (self._counted and self._capacity.full)

    def guard(self, port: Any) -> None:
        """Stand at a port that has just been opened."""
        if isinstance(port, tcp.Port):
            port.socket = _Door(port.socket, self.accept)
            self._ports.append(port)

    def admits(self, address: object) -> bool:
        """Tell whether one more client of this address may come in."""
        if not self._most_per_client:
            return True
        client = _client(address)
        if not client or self._clients.get(client, 0) < self._most_per_client:
            return True
        self._capacity.stats.connections_refused += 1
        return False

    def came(self, address: object) -> None:
        self.open += 1
        self._capacity.open += 1
        if self._most_per_client and (client := _client(address)):
            self._clients[client] = self._clients.get(client, 0) + 1

    def left(self, address: object) -> None:
        self.open -= 1
        if self._most_per_client and (client := _client(address)):
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]
        self._capacity.left()

    def accept(self, listening: socket.socket) -> Any:
        """Accept a client, or say that nobody is there, which ends a port's turn."""
        if self.full:
            process = not 0 < self._most <= self.open
            reason = "descriptors" if process else "listener"
            self._close(reason, f"listener {self._name} is full, with {self.open} clients")
        try:
            return listening.accept()
        except OSError as wrong:
            if wrong.errno not in EXHAUSTED:
                raise
            # Twisted's own remedy accepts with a spare descriptor and closes: a client would be lost for nothing, and
            # once the spare one is lost as well it spins.
            self._rest = self._capacity.clock.callLater(REST_SECONDS, self._rested)
            self._close("exhausted", f"listener {self._name} cannot accept: {wrong.strerror}")

    def open_again(self) -> bool:
        """Accept again if there is room; whether it does."""
        if self._rest is not None or self.full:
            return False
        self._ports = [port for port in self._ports if port.connected and not port.disconnecting]
        for port in self._ports:
            port.startReading()
        return True

    def _close(self, reason: str, text: str) -> NoReturn:
        for port in self._ports:
            port.stopReading()
        self._capacity.wait(self, reason, text)
        raise BlockingIOError(EAGAIN, text)

    def _rested(self) -> None:
        self._rest = None
        self._capacity.look()


class _Door:
    """A listening socket whose ``accept`` is asked for elsewhere; everything else is the socket's own."""

    def __init__(self, listening: socket.socket, accept: Callable[[socket.socket], Any]) -> None:
        self._socket = listening
        self._accept = accept

    def accept(self) -> Any:
        return self._accept(self._socket)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _client(address: object) -> str:
    """Return who is one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one host is given."""
    host = getattr(address, "host", None)
    if not isinstance(host, str):
        return ""
    if ":" not in host:
        return host
    found = ip_address(host.partition("%")[0])
    assert isinstance(found, IPv6Address)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return found.exploded[:19]
