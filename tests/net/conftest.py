"""Connections without sockets: a wire that remembers, a gateway's side of it, and receivers that write down events."""

import socket
from functools import partial
from random import Random

import pytest
from attrs import define, field
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import Logger, globalLogPublisher
from twisted.python.failure import Failure

from shadowgate.compiler.snapshot import CompiledDestination, CompiledRule, Hooks, Snapshot
from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.http.head import ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.model import Configuration, Endpoint, Settings
from shadowgate.net.server import ServerFactory
from shadowgate.net.server_side import ServerSide
from shadowgate.plugin import Reply
from shadowgate.runtime.clusters import EndpointState
from shadowgate.runtime.core import Core
from shadowgate.runtime.forwarding import compile_forwarding
from shadowgate.runtime.stats import Stats
from shadowgate.runtime.timers import Timers


class DescriptorReactor(Clock):
    """A clock that is given what to watch, and looks when it is told to."""

    def __init__(self):
        super().__init__()
        self.readers = []

    def addReader(self, reader):
        if reader not in self.readers:
            self.readers.append(reader)

    def removeReader(self, reader):
        if reader in self.readers:
            self.readers.remove(reader)

    def addWriter(self, writer):
        raise AssertionError("it is not the reactor's to wait until there is room")

    def removeWriter(self, writer):
        """Nothing waits to be written."""


@define(eq=False)
class End:
    """The far end of a tunnel: what it was told, and the receiver of what it says."""

    receiver: object = None
    body: bytes = b""
    calls: list = field(factory=list)

    def start(self, receiver):
        self.receiver = receiver

    def write(self, data):
        self.body += data

    def end(self):
        self.calls.append("end")

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def close(self):
        self.calls.append("close")

    def abort(self):
        self.calls.append("abort")


@define(eq=False)
class Upstream:
    """One request as an upstream gets it; ``answer`` answers it, ``grant`` changes the protocol."""

    receiver: object
    reused: bool = False
    head: object = None
    body: bytes = b""
    calls: list = field(factory=list)
    raw: End = field(factory=End)

    def send_head(self, head, length, data, ended):
        self.head, self.body = head, data
        self.calls.append("end" if ended else "head")

    def send(self, data):
        self.body += data

    def end(self, trailers):
        self.calls.append(f"end {trailers}" if trailers else "end")

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def abort(self):
        self.calls.append("abort")

    def switch(self):
        return self.raw

    def grant(self, headers=()):
        self.receiver.response(ResponseHead(101, Headers(headers)), NO_BODY, b"", False)
        return self.raw

    def answer(self, status=200, length=None, body=b"", ended=True, headers=()):
        length = len(body) if length is None else length
        self.receiver.response(ResponseHead(status, Headers(headers)), length, body, ended)


@define(eq=False)
class Upstreams:
    """A pool that has a connection for everyone, at once."""

    asked: list = field(factory=list)

    def checkout(self, receiver, lenient=False):
        self.asked.append(Upstream(receiver))
        return self.asked[-1]


@define(eq=False)
class Log:
    records: list = field(factory=list)
    refusals: list = field(factory=list)

    def exchange(self, record):
        self.records.append(record)

    def refused(self, client, status, reason):
        self.refusals.append((client, status, reason))


@define(eq=False)
class Client:
    """A client of a :class:`Served`."""

    protocol: object
    wire: object

    def send(self, *pieces):
        for piece in pieces:
            self.protocol.dataReceived(piece)

    def take(self):
        return self.wire.take()

    @property
    def state(self):
        return self.wire.state

    def shut_down(self):
        """Close the client's side, as ``shutdown(SHUT_WR)`` does."""
        self.protocol.readConnectionLost()

    def leave(self):
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def read_slowly(self):
        self.wire.producer.pauseProducing()

    def read_on(self):
        self.wire.producer.resumeProducing()


@define(eq=False)
class Served:
    """One listener whose ``/now...`` paths are answered by a filter at once, all others by ``upstreams``."""

    new_wire: type
    settings: Settings = field(factory=Settings)
    clock: Clock = field(factory=Clock)
    stats: Stats = field(factory=Stats)
    log: Log = field(factory=Log)
    pool: Upstreams = field(factory=Upstreams)
    hooks: dict = field(factory=dict)
    core: Core = field(init=False)
    factory: ServerFactory = field(init=False)

    def __attrs_post_init__(self):
        self.core = Core(
            self.settings,
            Timers(self.clock),
            self.stats,
            self.log,
            compile_forwarding(self.settings, Random(1)),
            self.clock.seconds,
            Logger("served"),
        )
        endpoint = EndpointState(Endpoint("v1", 80), self.pool, self.pool)
        cluster = type("Cluster", (), {"name": "v1", "pick": lambda self, head: endpoint, "retrying": 0})()
        hooks = Hooks(on_request=(("now", answer_now),), **self.hooks)
        destination = CompiledDestination("v1", 1, cluster, (), hooks)
        rule = CompiledRule(
            "route",
            "",
            hooks.on_request,
            hooks,
            lambda head: destination,
            (destination,),
            (),
            self.settings.timeouts,
            self.stats.route("route"),
        )
        self.core.snapshot = Snapshot(1, lambda head: rule, Configuration(), (rule,))
        self.factory = ServerFactory(ServerSide.of(self.core, "default", WireLimits()))

    def connect(self):
        protocol, wire = self.factory.buildProtocol(None), self.new_wire()
        protocol.makeConnection(wire)
        return Client(protocol, wire)

    @property
    def asked(self):
        """The requests that upstreams have got, oldest first."""
        return self.pool.asked

    def wait(self, seconds):
        self.clock.pump([seconds / 20] * 20)


def answer_now(head):
    return Reply(200, head.target) if head.target.startswith(b"/now") else None


@define(eq=False)
class Events:
    """A receiver and waiter that writes down what it hears."""

    heard: list = field(factory=list)
    upstream: object = None

    def informational(self, head):
        self.heard.append(("informational", head.status))

    def response(self, head, length, data, ended):
        self.heard.append(("response", head.status, length, data, ended))

    def response_data(self, data):
        self.heard.append(("data", data))

    def response_end(self, trailers):
        self.heard.append(("end", list(trailers)))

    def response_failed(self, outcome):
        self.heard.append(("failed", outcome.name))

    def request_full(self):
        self.heard.append(("full",))

    def request_drained(self):
        self.heard.append(("drained",))

    def connected(self, upstream):
        self.upstream = upstream
        self.heard.append(("connected",))

    def connect_failed(self, outcome):
        self.heard.append(("unreachable", outcome.name))

    @property
    def body(self):
        """All the payload that was heard."""
        return b"".join(
            event[3] if event[0] == "response" else event[1] for event in self.heard if event[0] in ("response", "data")
        )

    @property
    def kinds(self):
        return [event[0] for event in self.heard]


@pytest.fixture
def served(new_wire):
    """Make a listener: ``served(settings=..., hooks=...)``."""
    return partial(Served, new_wire)


@pytest.fixture
def wire(new_wire):
    return new_wire()


@pytest.fixture
def closed_socket():
    """What a transport has whose connection has ended behind the reactor's back."""
    ended = socket.socket()
    ended.close()
    return ended


@pytest.fixture
def events():
    """Make a receiver that writes down what it hears."""
    return Events


@pytest.fixture
def no_body():
    return NO_BODY


@pytest.fixture
def descriptor_reactor():
    """The class of reactors that are given descriptors to watch."""
    return DescriptorReactor


@pytest.fixture
def failures():
    """What went wrong, as the log tells it."""
    events = []

    def observe(event):
        # What the collector finds of other tests just now is no failure of this one.
        if "log_failure" in event and event.get("log_namespace") == "shadowgate":
            events.append(event["log_failure"].type)

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)
