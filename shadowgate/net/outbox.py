"""Writing to a transport: at once where the kernel takes it, and with word of when it does not.

Twisted's own ``write`` buffers and waits for a turn of the reactor.  A plain socket nearly always has room, so it is
tried first and only what is left goes through the transport.  The owner hears ``write_full`` when something was left
and ``write_drained`` when it has gone: that is all the back-pressure there is, so at most one write is ever held here.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.interfaces import IPullProducer, IPushProducer
from twisted.internet.tcp import Connection
from zope.interface import implementer


class Owner(Protocol):
    def write_full(self) -> None: ...

    def write_drained(self) -> None: ...


@implementer(IPullProducer)
class DirectOutbox:
    """For a transport that is a socket and nothing else.

    While the transport holds bytes it has this outbox as its pull producer, and asks it for more when they are gone.
    """

    __slots__ = ("_arming", "_send", "_transport", "full", "owner")

    def __init__(self, transport: Any, owner: Owner) -> None:
        self._transport = transport
        self.owner = owner
        self._send = transport.socket.send
        self._arming = False
        self.full = False

    def write(self, data: bytes) -> None:
        transport = self._transport
        if self.full or transport.disconnecting or not transport.connected:
            transport.write(data)
            return
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The transport meets the same error in its own turn and reports the loss from there.
            transport.write(data)
            return
        if sent == len(data):
            return
        self.full = True
        transport.write(data[sent:])
        self._arming = True
        transport.registerProducer(self, False)
        self._arming = False
        self.owner.write_full()

    def close(self) -> None:
        """Close once everything is written."""
        if self.full:
            self.full = False
            self._transport.unregisterProducer()
        self._transport.loseConnection()

    def close_write(self) -> None:
        """Close our direction once everything is written, and go on reading."""
        if self.full:
            self.full = False
            self._transport.unregisterProducer()
        self._transport.loseWriteConnection()

    def resumeProducing(self) -> None:
        if self._arming or not self.full:
            return
        self.full = False
        self._transport.unregisterProducer()
        self.owner.write_drained()

    def stopProducing(self) -> None:
        """The connection is gone; its owner is told by ``connectionLost``."""


@implementer(IPushProducer)
class BufferedOutbox:
    """For any other transport (TLS, a test's): its own buffer, and its own word on when that is full."""

    __slots__ = ("_registered", "_transport", "full", "owner")

    def __init__(self, transport: Any, owner: Owner) -> None:
        self._transport = transport
        self.owner = owner
        self.full = False
        self._registered = True
        transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._unregister()
        self._transport.loseConnection()

    def close_write(self) -> None:
        self._unregister()
        self._transport.loseWriteConnection()

    def _unregister(self) -> None:
        if self._registered:
            self._registered = False
            self._transport.unregisterProducer()

    def pauseProducing(self) -> None:
        if not self.full:
            self.full = True
            self.owner.write_full()

    def resumeProducing(self) -> None:
        if self.full:
            self.full = False
            self.owner.write_drained()

    def stopProducing(self) -> None:
        """The connection is gone; its owner is told by ``connectionLost``."""


Outbox = DirectOutbox | BufferedOutbox


def outbox_for(transport: Any, owner: Owner) -> Outbox:
    """Return the outbox that suits the transport."""
    # A TLS transport is a Connection whose writes do not go to its socket as they are.
    if isinstance(transport, Connection) and not getattr(transport, "TLS", False):
        return DirectOutbox(transport, owner)
    return BufferedOutbox(transport, owner)
