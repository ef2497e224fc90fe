"""Which sockets are ready: an epoll of the gateway's own, which the reactor watches as one descriptor.

The reactor hands out events one by one, each through a logging context and two layers of calls; here a whole batch
costs that once.  A plain TCP connection is taken over when it is made and stays Twisted's transport in everything else:
it asks its reactor for readiness, and finds this object in its place.  Where there is no epoll, or the transport is
another one, all stays with the reactor.

Writing waits for the end of a turn.  In a batch the primaries' connections go first, so whatever the kernel knew of
them when it began, a close above all, is known before any client's request is given one.  Then come the clients.  When
all of theirs has been sent it is the turn of the shadows, in the same order: their connections, and then what they are
to be sent.  So a primary waits for the shadows of an earlier batch at most.
"""

from __future__ import annotations

import errno
import select
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from twisted.internet import tcp
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import classImplements

from shadowgate.net.transport import Connected
from shadowgate.runtime.streams import Unsent

IN: Final = 0x001
OUT: Final = 0x004
GONE: Final = 0x008 | 0x010
"""EPOLLERR and EPOLLHUP of epoll_ctl(2)."""
ENDED: Final = 0x2000
"""EPOLLRDHUP: behind what can be read there is an end."""

MOST: Final = 256
"""Events of one batch: everything else of the reactor's waits so long."""

TURN: Final = 64
"""Events of one turn: what is written in it waits for its end."""

SMALL_PIECE: Final = 16 * 1024
LARGE_PIECE: Final = 256 * 1024
"""Bytes read at once: few, as most messages are small and room costs time, and more where a body is on its way."""

PIECES: Final = (SMALL_PIECE, LARGE_PIECE)
"""Who was given so many may be given more."""

OURS: Final = (tcp.Server, tcp.Client, Connected)
"""The transports whose readiness is known here: exactly these, as any other may do with it what it likes."""

Kind = Literal["client", "primary", "shadow"]
"""Who is at the other end."""

Read = Callable[[], Exception | None]
"""Reads once and passes on what there is; returns why the connection is over, if it is."""

log = Logger(namespace="shadowgate")

_REASONS: Final[dict[type[Exception], Failure]] = {
    ConnectionDone: Failure(ConnectionDone()),
    ConnectionLost: Failure(ConnectionLost()),
}


class Readiness:
    """``turn`` counts the turns: what was read in this very turn needs no second look, while a batch is ``current``.

    But for an upstream that has ``ended`` behind the bytes that are being read, or has sent more than one read takes.
    A batch is ``complete`` when nothing else was ready.  Clients and primaries are being served while ``serving``.
    """

    def __init__(self, reactor: Any, most: int = MOST) -> None:
        self._reactor = reactor
        self._most = most
        self._epoll: Any = None
        self._transports: dict[int, Any] = {}
        self._reading: dict[int, Read] = {}
        self._writing: set[int] = set()
        self._readers: dict[int, Read] = {}
        self._upstreams: set[int] = set()
        self._shadows: set[int] = set()
        self._idle: set[int] = set()
        self._connecting: dict[int, Callable[[bool], None]] = {}
        self._fresh: set[int] = set()
        self._closing = False
        self._over = False
        self.turn = 0
        self.ended = False
        self.serving = False
        self.current = False
        self.complete = False
        self.unsent: list[Unsent] = []
        self.unsent_shadows: list[Unsent] = []
        # What a transport asks of its reactor beside readiness.
        self.callLater = reactor.callLater

    def adopt(self, transport: Any, received: Callable[[bytes], None], kind: Kind = "client") -> bool:
        """Watch a connection that was just made, and pass what it reads to ``received``; False where that cannot be."""
        if type(transport) not in OURS or transport.TLS or not hasattr(select, "epoll"):
            return False
        try:
            self._open()
        except OSError:
            return False  # no descriptor is left for it: the next connection may find one
        fd = transport.fileno()
        transport.stopReading()
        transport.reactor = self
        self._transports[fd] = transport
        self._readers[fd] = _reader(transport.socket.recv, received)
        self._enlist(fd, kind)
        try:
            transport.startReading()
        except OSError:
            # The kernel watches no more for us: the reactor's own epoll may still have room.
            self.forget(fd)
            transport.reactor = self._reactor
            transport.startReading()
            return False
        return True

    @property
    def of_sockets(self) -> bool:
        """Whether it can be asked to watch a socket: on Linux, over a reactor that watches descriptors."""
        return isinstance(self._reactor, PosixReactorBase) and hasattr(select, "epoll")

    def await_connection(self, fd: int, told: Callable[[bool], None], kind: Kind = "primary") -> None:
        """Tell once whether a socket that connects has got there; ``OSError`` where it cannot be watched."""
        if self._over:
            raise OSError(errno.ESHUTDOWN, "the reactor has ended")
        self._open()
        self._epoll.register(fd, OUT)
        self._connecting[fd] = told
        self._enlist(fd, kind)
        if self.current:
            # An event of this batch that has its number was another socket's, which was closed a moment ago.
            self._fresh.add(fd)

    def forget_connection(self, fd: int) -> None:
        """Nobody waits for a socket any more that connects; harmless when it was told already."""
        if self._connecting.pop(fd, None) is not None:
            self._epoll.unregister(fd)
            self.forget(fd)

    def forget(self, fd: int) -> None:
        """Its number is somebody else's from now on."""
        self._idle.discard(fd)
        self._writing.discard(fd)
        self._reading.pop(fd, None)
        self._readers.pop(fd, None)
        self._transports.pop(fd, None)
        self._upstreams.discard(fd)
        self._shadows.discard(fd)
        if self._closing and not self._transports and not self._connecting:
            self._reactor.callLater(0, self.close)

    def close(self) -> None:
        """Watch nothing any more, once the connections that are left have ended."""
        self._closing = True
        if self._epoll is not None and not self._transports and not self._connecting:
            self._reactor.removeReader(self)
            self._epoll.close()
            self._epoll = None

    # What a transport asks of its reactor

    def addReader(self, transport: Any) -> None:
        fd = transport.fileno()
        if fd not in self._reading:
            self._set(fd, OUT if fd in self._writing else 0, IN)
            self._reading[fd] = self._readers[fd]

    def removeReader(self, transport: Any) -> None:
        fd = transport.fileno()
        if self._reading.pop(fd, None) is not None:
            self._set(fd, IN | (OUT if fd in self._writing else 0), -IN)
        if transport.disconnected:
            if fd in self._idle and self._epoll is not None:
                self._epoll.unregister(fd)
            self.forget(fd)

    def addWriter(self, transport: Any) -> None:
        fd = transport.fileno()
        if fd not in self._writing:
            self._set(fd, IN if fd in self._reading else 0, OUT)
            self._writing.add(fd)

    def removeWriter(self, transport: Any) -> None:
        fd = transport.fileno()
        if fd in self._writing:
            self._writing.remove(fd)
            self._set(fd, OUT | (IN if fd in self._reading else 0), -OUT)

    def _set(self, fd: int, before: int, change: int) -> None:
        if self._epoll is None:
            return
        after = before + change
        # Only with IN: it stays true, and a connection that is not read would be told of it again and again.
        wanted = after | ENDED if after & IN and fd in self._upstreams else after
        if not before and fd not in self._idle:
            self._epoll.register(fd, wanted)
        elif after:
            self._idle.discard(fd)
            self._epoll.modify(fd, wanted)
        elif fd in self._upstreams or fd not in self._transports:
            self._epoll.unregister(fd)
        else:
            # Nothing is asked of a client for a while, and a reset is told in any case: whoever is gone is not waited
            # for.  Of an upstream that comes later: what it sent before its reset can still be read.
            self._idle.add(fd)
            self._epoll.modify(fd, 0)

    def _enlist(self, fd: int, kind: Kind) -> None:
        if kind != "client":
            self._upstreams.add(fd)
            if kind == "shadow":
                self._shadows.add(fd)

    def _open(self) -> None:
        if self._epoll is None:
            self._epoll = select.epoll()
            self._reactor.addReader(self)

    # What the reactor asks

    def fileno(self) -> int:
        return -1 if self._epoll is None else int(self._epoll.fileno())

    def logPrefix(self) -> str:
        return "shadowgate"

    def doRead(self) -> None:
        """Serve everything that is ready now, and send what came of it: clients and primaries, and then shadows.

        A peer that is sent to once in a while has gone to sleep in between, and waking it up costs more than sending.
        Sent to in one go, peers are woken once for all of it.
        """
        ready = self._epoll.poll(0, self._most)
        self.complete = len(ready) < self._most
        self.current = True
        upstreams, of_shadows = self._upstreams, self._shadows
        first: list[tuple[int, int]] = []
        second: list[tuple[int, int]] = []
        last: list[tuple[int, int]] = []
        for each in ready:
            fd = each[0]
            if fd in of_shadows:
                last.append(each)
            elif fd in upstreams:
                first.append(each)
            else:
                second.append(each)
        first += second
        try:
            for begin in range(0, len(first), TURN):
                self._take_turn(first[begin : begin + TURN])
            for begin in range(0, len(last), TURN):
                self.turn += 1
                self._serve_all(last[begin : begin + TURN])
        finally:
            self._flush(self.unsent_shadows)
            self.unsent_shadows.clear()
            self.current = False
            self._fresh.clear()

    def _take_turn(self, ready: list[tuple[int, int]]) -> None:
        self.turn += 1
        self.serving = True
        try:
            self._serve_all(ready)
        finally:
            self.serving = False
            self._flush(self.unsent)
            self.unsent.clear()

    def _serve_all(self, ready: list[tuple[int, int]]) -> None:
        serve = self._serve
        for fd, event in ready:
            self.ended = event & ENDED != 0
            serve(fd, event)

    def _flush(self, unsent: Sequence[Unsent]) -> None:
        for outbox in unsent:
            try:
                outbox.flush()
            except Exception:
                log.failure("what was to be sent over a connection failed")

    def connectionLost(self, reason: Failure) -> None:
        """The reactor ends: so does every connection."""
        for transport in list(self._transports.values()):
            self._tell(transport.connectionLost, reason)
        self._transports.clear()
        self._over = True
        for fd in list(self._connecting):
            self._tell_connecting(fd, False)
        self.close()

    def _serve(self, fd: int, event: int) -> None:
        try:
            if event == IN:
                read = self._reading.get(fd)
                why = None if read is None else read()
            else:
                why = self._serve_rest(fd, event)
        except Exception as wrong:
            log.failure("a connection failed and is closed")
            why = wrong
        if why is not None and fd in self._transports:
            self._disconnect(self._transports[fd], why, event & IN or fd in self._reading)

    def _serve_rest(self, fd: int, event: int) -> Any:
        """The reactor's own order: what can be read is read before a loss is told; then it is the turn of writing."""
        if fd in self._connecting:
            if fd not in self._fresh:
                self._tell_connecting(fd, not event & GONE)
            return None
        reading = fd in self._reading
        if not reading and fd not in self._writing:
            return CONNECTION_LOST if fd in self._idle else None  # another event of this turn has ended it
        if event & GONE and not event & IN:
            return CONNECTION_DONE if reading else CONNECTION_LOST
        why = self._reading[fd]() if event & IN and reading else None
        if why is None and event & OUT and fd in self._writing:
            why = self._transports[fd].doWrite()
            if why is not None:
                self._disconnect(self._transports[fd], why, False)
                return None
        return why

    def _tell_connecting(self, fd: int, connected: bool) -> None:
        told = self._connecting.pop(fd, None)
        if told is None:
            return
        if connected:
            self._idle.add(fd)  # until it is adopted
        else:
            self._epoll.unregister(fd)
            self.forget(fd)
        try:
            told(connected)
        except Exception as wrong:
            log.failure("a connection failed when it was told how it was made")
            if fd in self._transports:
                self._disconnect(self._transports[fd], wrong, False)
            else:
                self.forget(fd)

    def _disconnect(self, transport: Any, why: Exception, in_read: Any) -> None:
        transport.stopReading()
        reason = _REASONS.get(type(why)) or Failure(why)
        if in_read and type(why) is ConnectionDone:
            self._tell(transport.readConnectionLost, reason)
        else:
            transport.stopWriting()
            self._tell(transport.connectionLost, reason)

    def _tell(self, ended: Callable[[Failure], object], reason: Failure) -> None:
        try:
            ended(reason)
        except Exception:
            log.failure("a connection failed when it was told that it is over")

    def __repr__(self) -> str:
        return f"<Readiness of {len(self._transports)} connections, turn {self.turn}>"


classImplements(Readiness, IReadDescriptor)


def _reader(receive: Callable[[int], bytes], received: Callable[[bytes], None]) -> Read:
    piece = SMALL_PIECE

    def read() -> Exception | None:
        nonlocal piece
        try:
            data = receive(piece)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        size = len(data)
        if size == piece:
            piece = LARGE_PIECE
        elif size <= SMALL_PIECE:
            piece = SMALL_PIECE
        received(data)
        return None

    return read
