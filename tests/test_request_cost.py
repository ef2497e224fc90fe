"""What a request may cost, by counting: of calls in a gateway in memory, and of what it asks of the kernel.

A bound here is what was counted and a tenth more.  Who needs more has made every request dearer, and says so here.
"""

import select
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import define, field
from twisted.internet import tcp

import shadowgate

RULES = """
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - {match: {path: {prefix: /mirrored}}, to: v1, mirror: v2}
  - {to: v1}
"""
REQUEST = b"%s HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nContent-Length: %d\r\n\r\n%s"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
)
OURS = str(Path(shadowgate.__file__).parent)
ROUNDS = 10


def request(line, body=b""):
    if body:
        return REQUEST % (line, len(body), body)
    return REQUEST.replace(b"Content-Length: %d\r\n\r\n%s", b"\r\n") % line


REQUESTS = {
    "plain": request(b"GET /x"),
    "mirrored": request(b"GET /mirrored"),
    "post": request(b"POST /mirrored", bytes(4096)),
}


class Calls:
    """Counts the calls of functions of the gateway."""

    def __init__(self):
        self.count = 0

    def __call__(self, frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            self.count += 1

    def __enter__(self):
        self.before = sys.getprofile()
        sys.setprofile(self)
        return self

    def __exit__(self, *_):
        sys.setprofile(self.before)


@pytest.fixture
def it(in_memory):
    it = in_memory(listen=["tcp:8000"])
    it.apply(RULES)
    it.gateway.listen()
    yield it
    it.gateway.close()


@pytest.mark.parametrize(("kind", "bound"), [("plain", 110), ("mirrored", 184), ("post", 185)])
def test_a_request_takes_no_more_calls_than_it_did(it, kind, bound):
    client, upstreams = it.client(), []

    def ask():
        client.send(REQUESTS[kind])
        while it.reactor.tcpClients:
            upstreams.append(it.upstream())
            it.reactor.settle()
        for upstream in upstreams:
            upstream.send(ANSWER)

    for _ in range(3):
        ask()
    with Calls() as calls:
        for _ in range(ROUNDS):
            ask()
    assert client.take().endswith(b"hello")
    assert len(upstreams) == (1 if kind == "plain" else 2)
    assert calls.count / ROUNDS <= bound


class CountedSocket(socket.socket):
    """Tells ``asked`` what is asked of the kernel."""

    asked: dict

    def getsockname(self):
        return "127.0.0.1", 8000

    def send(self, data):
        self.asked["send"] += 1
        return super().send(data)

    def recv(self, *given):
        self.asked["recv"] += 1
        return super().recv(*given)


@define(eq=False, slots=False)
class Kernel:
    """Connections of the gateway over pairs of sockets, whose other ends a test holds."""

    it: object
    asked: dict = field(factory=lambda: dict.fromkeys(("poll", "change", "recv", "look", "send"), 0))
    ends: list = field(factory=list)

    def connect(self, factory):
        ours, other = socket.socketpair()
        near = CountedSocket(fileno=ours.detach())
        near.asked = self.asked
        for end in (near, other):
            end.setblocking(False)
        self.ends += near, other
        protocol = factory.buildProtocol(None)
        port = SimpleNamespace(_realPortNumber=80)
        transport = tcp.Server(near, protocol, ("127.0.0.1", 4711), port, 0, self.it.reactor)
        protocol.makeConnection(transport)
        return other

    def client(self):
        return self.connect(self.it.reactor.ports[8000].factory)

    def upstream(self):
        return self.connect(self.it.reactor.tcpClients.pop()[2])

    def turn(self):
        for reader in self.it.reactor.readers:
            reader.doRead()

    def epoll(self):
        """Make an epoll that is counted."""
        real, asked = self.make_epoll(), self.asked

        def counted(name, act):
            def call(*given):
                asked[name] += 1
                return act(*given)

            return call

        return SimpleNamespace(
            poll=counted("poll", real.poll),
            register=counted("change", real.register),
            modify=counted("change", real.modify),
            unregister=counted("change", real.unregister),
            fileno=real.fileno,
            close=real.close,
        )

    def poll(self):
        """Make what looks at a single connection, and count the looks."""
        real = self.make_poll()

        def look(timeout):
            self.asked["look"] += 1
            return real.poll(timeout)

        return SimpleNamespace(poll=look, register=real.register)

    def __attrs_post_init__(self):
        self.make_epoll = select.epoll
        self.make_poll = select.poll


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's")
@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        # Each message is received once and sent once; who is to be given what cannot be sent again is looked at.
        ("plain", {"poll": 2, "change": 0, "recv": 2, "look": 0, "send": 2}),
        ("mirrored", {"poll": 2, "change": 0, "recv": 3, "look": 0, "send": 3}),
        ("post", {"poll": 2, "change": 0, "recv": 3, "look": 1, "send": 3}),
    ],
)
def test_a_request_asks_no_more_of_the_kernel_than_it_must(it, monkeypatch, kind, asked):
    kernel = Kernel(it)
    monkeypatch.setattr(select, "epoll", kernel.epoll)
    monkeypatch.setattr(select, "poll", kernel.poll)
    client, upstreams = kernel.client(), []

    def ask():
        client.send(REQUESTS[kind])
        kernel.turn()
        while it.reactor.tcpClients:
            upstreams.append(kernel.upstream())
            it.reactor.settle()
        for upstream in upstreams:
            assert upstream.recv(8192)
            upstream.send(ANSWER)
        kernel.turn()
        assert client.recv(8192).endswith(b"hello")

    try:
        ask()
        kernel.asked.update(dict.fromkeys(kernel.asked, 0))
        ask()
        assert kernel.asked == asked
    finally:
        it.gateway.close()
        it.reactor.settle()
        for end in kernel.ends:
            end.close()
