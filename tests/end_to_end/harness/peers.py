"""Servers on raw sockets: they keep what they receive byte for byte, and answer as each test asks, well or badly."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from harness.waiting import DEADLINE, until
from harness.wire import OK, Cut, Message, Wire

Behaviour = Callable[["Peer", Wire], None]
"""What a server does with one connection, in a thread of its own."""

Address = tuple[str, int] | str
"""Host and port, or the path of a UNIX socket."""


class Peer:
    """A server, on a free loopback port unless told where.

    ``requests`` are those read so far, ``connections`` counts the accepted and ``ended`` those that are over.
    """

    def __init__(self, behaviour: Behaviour, address: Address = ("127.0.0.1", 0)) -> None:
        self.requests: list[Message] = []
        self.connections = 0
        self.received = 0
        self.ended = 0
        self.closing = Event()
        self._behaviour = behaviour
        self._wires: list[Wire] = []
        self._threads: list[Thread] = []
        if isinstance(address, str):
            self._listening = socket.socket(socket.AF_UNIX)
            self._listening.bind(address)
            self._listening.listen()
            self.name = f"unix:{address}"
        else:
            self._listening = socket.create_server(address)
            self.port: int = self._listening.getsockname()[1]
            self.name = f"{address[0]}:{self.port}"
        self._start(self._accept)

    def __str__(self) -> str:
        """The server as an endpoint of the native form."""
        return self.name

    def next(self, number: int = 1) -> Message:
        """Return the ``number``-th request, waited for."""
        until(lambda: len(self.requests) >= number, f"request {number} of {self.requests}")
        return self.requests[number - 1]

    def close(self) -> None:
        self.closing.set()
        # shutdown wakes the threads that wait in accept and recv; close alone does not.
        for end in (self._listening, *(wire.socket for wire in self._wires)):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()

    def _start(self, run: Callable[..., None], *given: object) -> None:
        thread = Thread(target=run, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            wire = Wire(accepted)
            self.connections += 1
            self._wires.append(wire)
            if self.closing.is_set():
                wire.close()
                return
            self._start(self._serve, wire)

    def _serve(self, wire: Wire) -> None:
        # A connection that ends at any point is part of the game; anything else fails loudly in this thread.
        with suppress(OSError, Cut):
            self._behaviour(self, wire)
        self.ended += 1
        wire.close()


@contextmanager
def peer(behaviour: Behaviour | bytes = OK, address: Address = ("127.0.0.1", 0)) -> Iterator[Peer]:
    """Run a server: ``behaviour``, or one that gives the same answer to every request."""
    server = Peer(answering(behaviour) if isinstance(behaviour, bytes) else behaviour, address)
    try:
        yield server
    finally:
        server.close()


def answering(*answers: bytes) -> Behaviour:
    """Answer the requests of a connection with these in turn, the last again and again."""

    def behave(server: Peer, wire: Wire) -> None:
        number = 0
        while (request := wire.request()) is not None:
            server.requests.append(request)
            wire.send(answers[min(number, len(answers) - 1)])
            number += 1

    return behave


def echo(server: Peer, wire: Wire) -> None:
    """Answer with the body that was received."""
    while (request := wire.request()) is not None:
        server.requests.append(request)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body)


def once(answer: bytes) -> Behaviour:
    """Answer one request and close."""

    def behave(server: Peer, wire: Wire) -> None:
        request = wire.request()
        if request is not None:
            server.requests.append(request)
            wire.send(answer)

    return behave


def silent(server: Peer, wire: Wire) -> None:
    """Read everything and never answer."""
    while data := wire.socket.recv(65536):
        server.received += len(data)


def deaf(server: Peer, wire: Wire) -> None:
    """Accept, and neither read nor answer until the test is over."""
    server.closing.wait(DEADLINE * 4)


def resetting(server: Peer, wire: Wire) -> None:
    """Take the head of a request and reset the connection."""
    server.requests.append(wire.head())
    wire.reset()


def refused() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def black_hole() -> Iterator[int]:
    """Give a port that answers no attempt to connect: its queue of connections is full and nobody accepts."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(address)
            waiting.append(client)
        try:
            yield address[1]
        finally:
            for client in waiting:
                client.close()
