"""What connections over sockets leave behind is freed at their end: nothing is left to the cyclic collector."""

import select
import socket

import pytest
from attrs import evolve
from twisted.internet import tcp
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.model import Endpoint
from shadowgate.net.accepting import Entrance
from shadowgate.net.address import Address, address_of
from shadowgate.net.pool import Pool
from shadowgate.net.readiness import Readiness
from shadowgate.net.server import ServerFactory
from shadowgate.runtime.timers import Timers
from shadowgate.testing import request

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's")

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def reactor(descriptor_reactor):
    return descriptor_reactor()


@pytest.fixture
def readiness(reactor):
    readiness = Readiness(reactor)
    yield readiness
    readiness.connectionLost(Failure(ConnectionDone()))


@pytest.mark.parametrize("ended_by", ["the upstream", "the pool", "the waiter"])
def test_by_a_connection_to_an_upstream(reactor, readiness, events, left_to_the_collector, ended_by):
    timers = Timers(reactor)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address(*address_of(Endpoint(*server.getsockname())), readiness, timers)

        def story():
            pool = Pool("v1", address, WireLimits(), timers.lane(60), 2, readiness=readiness)
            waiter = events()
            pool.dial(waiter, 5)
            select.select([readiness], [], [], 5)
            readiness.doRead()
            far, _ = server.accept()
            with far:
                waiter.upstream.send_head(request(), NO_BODY, b"", True)
                assert far.recv(4096)
                if ended_by == "the waiter":
                    waiter.upstream.abort()
                else:
                    far.sendall(ANSWER)
                    readiness.doRead()
                if ended_by == "the pool":
                    pool.close()
                    readiness.doRead()
            readiness.doRead()
            reactor.advance(0)

        story()
        assert left_to_the_collector(story) == {}
        assert readiness._transports == {}


def test_by_a_connection_that_was_refused(reactor, readiness, events, left_to_the_collector):
    timers = Timers(reactor)
    with socket.create_server(("127.0.0.1", 0)) as server:
        at = address_of(Endpoint(*server.getsockname()))

    def story():
        pool = Pool("v1", Address(*at, readiness, timers), WireLimits(), timers.lane(60), 2, readiness=readiness)
        waiter = events()
        pool.dial(waiter, 5)
        select.select([readiness], [], [], 5)
        readiness.doRead()
        assert waiter.heard == [("unreachable", "connect_refused")]

    story()
    assert left_to_the_collector(story) == {}


@pytest.mark.parametrize("ended_by", ["the client", "the gateway"])
def test_by_a_clients_connection(reactor, readiness, served, left_to_the_collector, ended_by):
    it = served()
    port = tcp.Port(0, ServerFactory(evolve(it.factory.side, readiness=readiness)), reactor=reactor)
    port.startListening()
    entrance = Entrance(port, readiness)
    closing = b"Connection: close\r\n" if ended_by == "the gateway" else b""

    def story():
        with socket.create_connection(("127.0.0.1", port.getHost().port), 5) as client:
            entrance.accept()
            client.sendall(b"GET /now HTTP/1.1\r\nHost: a\r\n" + closing + b"\r\n")
            readiness.doRead()
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            if closing:
                reactor.advance(0)
                assert client.recv(4096) == b""
        readiness.doRead()
        reactor.advance(0)

    try:
        story()
        assert left_to_the_collector(story) == {}
        assert readiness._transports == {}
        assert it.core.stats.connections_open == 0
    finally:
        port.connectionLost(Failure(ConnectionDone()))
