"""A connection after HTTP: bytes in, bytes out, and word of when either stops.

What is left of a server's or client's protocol when both sides have changed to another one; it stays the transport's
protocol and hands its events on to here.
"""

from __future__ import annotations

from typing import Any

from shadowgate.net.outbox import Outbox
from shadowgate.runtime.streams import RawReceiver


class Raw:
    """Implements ``streams.RawEnd``.  ``early`` was read behind the last head; ``ended`` if the peer has no more."""

    __slots__ = ("_early", "_ended", "_outbox", "_paused", "_receiver", "_transport")

    def __init__(self, transport: Any, outbox: Outbox, early: bytes, ended: bool = False) -> None:
        self._transport = transport
        self._outbox = outbox
        self._early = early
        self._ended = ended
        self._paused = False
        self._receiver: RawReceiver

    # streams.RawEnd

    def start(self, receiver: RawReceiver) -> None:
        self._receiver = receiver
        self._outbox.owner = self
        if self._outbox.full:
            receiver.full()
        early, self._early = self._early, b""
        if early:
            receiver.data(early)
        if self._ended:
            receiver.end()

    def write(self, data: bytes) -> None:
        self._outbox.write(data)

    def end(self) -> None:
        if getattr(self._transport, "TLS", False):
            self._outbox.close()  # Twisted's TLS has no half-close, and a bare FIN would look like a truncation
        else:
            self._outbox.close_write()

    def pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pauseProducing()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self._ended:  # reading on would find the same end again
                self._transport.resumeProducing()

    def close(self) -> None:
        self._outbox.close()

    def abort(self) -> None:
        self._transport.abortConnection()

    # From the protocol

    def data_received(self, data: bytes) -> None:
        self._receiver.data(data)

    def read_ended(self) -> None:
        self._ended = True
        self._receiver.end()

    def lost(self) -> None:
        self._receiver.lost()

    def write_full(self) -> None:
        self._receiver.full()

    def write_drained(self) -> None:
        self._receiver.drained()
