"""100 MB up and down past peers that stall: the gateway holds back whoever is faster, and stays small.

A peer stalls until whoever sends to it has come to rest, which it only does if the gateway stopped reading from it; a
gateway that stored the body would take all of it and grow by as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from harness.peers import Peer, deaf, peer
from harness.processes import Gateway
from harness.waiting import settled, until
from harness.wire import Wire, chunked, get

MB = 1_000_000
SIZE = 100 * MB
PIECE = bytes(range(250)) * 400
HELD_AT_MOST = 75 * MB
"""More than the kernel's own buffers take on the way, whatever its settings, and clearly less than the whole."""

GROWTH = 20 * MB
LENGTH = f"Content-Length: {SIZE}"


class Sender:
    """Sends ``SIZE`` bytes in a thread of its own and counts what was taken."""

    def __init__(self, wire: Wire, encode: Callable[[bytes], bytes] = bytes, end: bytes = b"") -> None:
        self.taken = 0
        self._wire = wire
        self._encode = encode
        self._end = end
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        piece = self._encode(PIECE)
        while self.taken < SIZE:
            self._wire.send(piece)
            self.taken += len(PIECE)
        self._wire.send(self._end)

    def comes_to_rest(self) -> int:
        """Return how much was taken by the time that nothing more is."""
        until(lambda: self.taken, "the first byte")
        return settled(lambda: self.taken, 0.5)

    def join(self) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive()


def chunk(piece: bytes) -> bytes:
    return chunked(piece).removesuffix(b"0\r\n\r\n")


class Reader:
    """An upstream that takes a request's head, stalls until it is told to go on, then reads it all and answers."""

    def __init__(self) -> None:
        self.going = False
        self.read = 0

    def __call__(self, server: Peer, wire: Wire) -> None:
        head = wire.head()
        server.requests.append(head)
        until(lambda: self.going, "word to go on", 60)
        if head.get(b"transfer-encoding"):
            while size := int(wire.line(), 16):
                self.check(wire.exactly(size))
                wire.exactly(2)
            wire.lines()
        else:
            while self.read < SIZE:
                self.check(wire.exactly(min(len(PIECE), SIZE - self.read)))
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def check(self, data: bytes) -> None:
        at = self.read % len(PIECE)
        whole = PIECE[at:] + PIECE * (len(data) // len(PIECE) + 1)
        assert whole.startswith(data), "the body was changed on the way"
        self.read += len(data)


@contextmanager
def growing_little(gateway: Gateway) -> Iterator[None]:
    """The most memory that the process ever had is little more than what it has now."""
    gateway.ask(get("/warm-up"))
    before = gateway.memory()
    yield
    grown = gateway.memory("VmHWM") - before
    assert grown < GROWTH, f"grew by {grown / MB:.1f} MB"


@pytest.fixture(params=["no mirror", "a mirror that does not read"])
def mirroring(request: pytest.FixtureRequest) -> Iterator[Callable[[Peer], str]]:
    """Makes the configuration for a primary; the paths below /warm-up are answered by the gateway itself."""
    with peer(deaf) as mirror:
        suffix = "" if request.param == "no mirror" else ", mirror: candidate"

        def configuration(primary: Peer) -> str:
            return (
                f'clusters: {{primary: "{primary}", candidate: "{mirror}"}}\n'
                "routes:\n- {match: {path: {prefix: /warm-up}}, filters: [{respond: {status: 200}}]}\n"
                f"- {{to: primary{suffix}}}\n"
            )

        yield configuration


@pytest.mark.parametrize("framing", ["content-length", "chunked"])
def test_100_mb_up_to_an_upstream_that_stalls(start_gateway, mirroring: Callable[[Peer], str], framing: str):
    reader = Reader()
    with peer(reader) as upstream:
        gateway = start_gateway({"a.yaml": mirroring(upstream)})
        with growing_little(gateway), gateway.connect() as client:
            if framing == "chunked":
                client.send(get("/", "h", "Transfer-Encoding: chunked", method="POST"))
                sender = Sender(client, chunk, b"0\r\n\r\n")
            else:
                client.send(get("/", "h", LENGTH, method="POST"))
                sender = Sender(client)
            assert sender.comes_to_rest() < HELD_AT_MOST
            reader.going = True
            assert client.answer().body == b"ok"
            sender.join()
            assert reader.read == SIZE


@pytest.mark.parametrize("framing", ["content-length", "chunked", "until close"])
def test_100_mb_down_to_a_client_that_stalls(start_gateway, mirroring: Callable[[Peer], str], framing: str):
    senders: list[Sender] = []

    def pours(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.head())
        fields = {"content-length": f"{LENGTH}\r\n", "chunked": "Transfer-Encoding: chunked\r\n", "until close": ""}
        wire.send(f"HTTP/1.1 200 OK\r\n{fields[framing]}\r\n".encode())
        sender = Sender(wire, chunk, b"0\r\n\r\n") if framing == "chunked" else Sender(wire)
        senders.append(sender)
        sender.join()

    with peer(pours) as upstream:
        gateway = start_gateway({"a.yaml": mirroring(upstream)})
        with growing_little(gateway), gateway.connect() as client:
            client.send(get("/"))
            (sender,) = until(lambda: senders, "the answer's beginning")
            assert sender.comes_to_rest() < HELD_AT_MOST
            head = client.head()
            reader = Reader()
            if framing == "content-length":
                assert head.get(b"content-length") == str(SIZE).encode()
                while reader.read < SIZE:
                    reader.check(client.exactly(min(len(PIECE), SIZE - reader.read)))
            else:
                assert head.get(b"transfer-encoding") == b"chunked"
                while size := int(client.line(), 16):
                    reader.check(client.exactly(size))
                    client.exactly(2)
                client.lines()
            assert reader.read == SIZE


def test_many_stalled_clients_together_stay_within_bounds(start_gateway):
    """Thirty answers of 20 MB to clients that do not read: each costs its buffers and no more."""
    clients, pieces = 30, 200
    taken: list[int] = []

    def pours(server: Peer, wire: Wire) -> None:
        server.requests.append(wire.head())
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (pieces * len(PIECE)))
        for _ in range(pieces):
            wire.send(PIECE)
            taken.append(len(PIECE))

    configuration = (
        'clusters: {{primary: "{0}"}}\nroutes:\n'
        "- {{match: {{path: {{prefix: /warm-up}}}}, filters: [{{respond: {{status: 200}}}}]}}\n- {{to: primary}}\n"
    )
    with peer(pours) as upstream:
        gateway = start_gateway({"a.yaml": configuration.format(upstream)})
        with growing_little(gateway):
            waiting = [gateway.connect() for _ in range(clients)]
            for client in waiting:
                client.send(get("/"))
            until(lambda: len(upstream.requests) == clients, "all requests")
            assert settled(lambda: len(taken), 0.5) < clients * pieces * 3 // 4
            for client in waiting:
                assert len(client.answer().body) == pieces * len(PIECE)
                client.close()
