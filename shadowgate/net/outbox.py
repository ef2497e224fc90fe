"""Writing to a transport: in one go at the end of a turn, and with word of when the kernel takes no more.

Twisted's own ``write`` buffers and waits for a turn of the reactor.  A plain socket nearly always has room, so it is
tried first and only what is left goes through the transport.  While ``readiness`` serves, what is written waits, 64 KiB
at most, so that a message leaves in one piece: for clients and primaries until the end of the turn, for shadows until
the end of the batch.  The owner hears ``write_full`` when something was left and ``write_drained`` when it has gone:
that is all the back-pressure there is, so at most one write is ever held behind a full socket.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from twisted.internet.interfaces import IPullProducer, IPushProducer
from twisted.internet.tcp import Connection
from zope.interface import classImplements

from shadowgate.runtime.streams import Turns

MOST_HELD = 64 * 1024
"""Bytes of one connection that wait for the end of a turn."""


class Owner(Protocol):
    def write_full(self) -> None: ...

    def write_drained(self) -> None: ...


class Nobody:
    """The owner of an outbox whose connection is gone."""

    def write_full(self) -> None: ...

    def write_drained(self) -> None: ...


NOBODY: Final = Nobody()


class DirectOutbox:
    """For a transport that is a socket and nothing else.

    While the transport holds bytes it has this outbox as its pull producer, and asks it for more when they are gone.
    """

    __slots__ = ("_arming", "_held", "_send", "_size", "_transport", "_turns", "_unsent", "full", "owner")

    def __init__(self, transport: Any, owner: Owner, turns: Turns | None = None, *, shadow: bool = False) -> None:
        self._transport = transport
        self._turns = turns
        if turns is not None:
            self._unsent = turns.unsent_shadows if shadow else turns.unsent
        self._held: list[bytes] = []
        self._size = 0
        self.owner: Owner = owner
        self._send = transport.socket.send
        self._arming = False
        self.full = False

    def write(self, data: bytes) -> None:
        if self.full:
            self._transport.write(data)
            return
        held = self._held
        if not held:
            turns = self._turns
            if turns is None or not turns.serving:
                self._write_now(data)
                return
            self._unsent.append(self)
        held.append(data)
        self._size += len(data)
        if self._size > MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Write what was held back for the end of the turn."""
        held = self._held
        if held:
            data = held[0] if len(held) == 1 else b"".join(held)
            self._held = []
            self._size = 0
            self._write_now(data)

    def _write_now(self, data: bytes) -> None:
        transport = self._transport
        if transport.disconnecting:
            transport.write(data)  # behind what it holds
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
        self.flush()
        if self.full:
            self.full = False
            self._transport.unregisterProducer()
        self._transport.loseConnection()

    def close_write(self) -> None:
        """Close our direction once everything is written, and go on reading."""
        self.flush()
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

    def forget(self) -> None:
        """Let go of the owner, which holds this: a circle would wait for the cyclic collector."""
        self.owner = NOBODY


class BufferedOutbox:
    """For any other transport (TLS, a test's): its own buffer, and its own word on when that is full."""

    __slots__ = ("_registered", "_transport", "full", "owner")

    def __init__(self, transport: Any, owner: Owner) -> None:
        self._transport = transport
        self.owner: Owner = owner
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

    def forget(self) -> None:
        """Let go of the owner, which holds this: a circle would wait for the cyclic collector."""
        self.owner = NOBODY


classImplements(DirectOutbox, IPullProducer)
classImplements(BufferedOutbox, IPushProducer)

Outbox = DirectOutbox | BufferedOutbox


def outbox_for(transport: Any, owner: Owner, turns: Turns | None = None, *, shadow: bool = False) -> Outbox:
    """Return the outbox that suits the transport."""
    # A TLS transport is a Connection whose writes do not go to its socket as they are.
    if isinstance(transport, Connection) and not getattr(transport, "TLS", False):
        return DirectOutbox(transport, owner, turns, shadow=shadow)
    return BufferedOutbox(transport, owner)
