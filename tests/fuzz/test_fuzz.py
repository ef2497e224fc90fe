"""Mutated messages against a whole gateway on wires in memory, judged by parsers that share no code with it.

``make fuzz SECONDS=600`` runs it for longer; a failure names the ``FUZZ_SEED`` that repeats it alone.  In either
direction the gateway never raises, never sends on what is not one well-formed message, never accepts what each of
h11, llhttp and twisted.web refuses or reads otherwise, and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from random import Random
from time import monotonic
from typing import Any

import h11
import httptools
import pytest
from attrs import define, field, frozen
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request

from shadowgate.errors import BadBody
from shadowgate.http.framing import UNTIL_CLOSE, WireLimits, reader_for
from shadowgate.http.response_parser import ResponseParser
from shadowgate.model import Limits, Settings

SECONDS = float(os.environ.get("FUZZ_SECONDS", "10"))
SEED = os.environ.get("FUZZ_SEED")

CONFIG = """
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - name: all
    rules:
      - {match: {path: {prefix: /moved}}, filters: [{redirect: {prefix: /moved, replacement: /there}}]}
      - {match: {path: {prefix: /said}}, filters: [{respond: {body: said}}]}
      - to: v1
        mirror: {to: v2, suffix: ""}
        filters:
          - cors: {allowOrigins: [{regex: ".*"}], allowMethods: [GET, PUT], allowCredentials: true}
          - path-rewrite: {regex: "^/rw/(.*)$", replacement: '/\\1'}
          - header-rewrite: {request: {set: {x-set: "1"}, add: {x-a: added}, remove: [x-c]}}
"""
LOG_KEYS = {
    "request": 16,
    "shadow": 14,
    "refused": 5,
}


# Messages

METHODS = (b"GET", b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"BREW", b"TRACE", b"CONNECT", b"get", b"PRI")
TARGETS = (
    *(b"/", b"/x?q", b"/said", b"/moved/a?b", b"/rw/%0d%0aX:y", b"*", b"//h/x", b"/a b", b"/#", b"/\xe9", b"h:80"),
    *(b"http://b:81/p", b"http://b", b"HTTP://u@b/", b"ftp://b/", b"/" + b"a" * 900),
)
VERSIONS = (b"HTTP/1.1",) * 8 + (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/0.9", b"")
FIELDS = (
    *(
        b"X-A: 1",
        b"X-B:\t2 ",
        b"X-C: \xff\x85",
        b"x-a:",
        b"X_Forwarded_For: 1",
        b"X-Forwarded-For: evil",
        b"X-D: a\r b",
    ),
    *(b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: +5", b"Content-Length: 5, 5", b"content-length:5"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity"),
    *(b"Transfer-Encoding:\x0bchunked", b"Transfer_Encoding: chunked", b"Connection: close", b"Connection: X-A"),
    *(
        b"Connection: keep-alive, Content-Length",
        b"Expect: 100-continue",
        b"Expect: x",
        b"Upgrade: h2c",
        b"TE: trailers",
    ),
    *(b"Origin: http://o", b"Origin: http://o\xff", b"Access-Control-Request-Method: PUT", b"Max-Forwards: 0"),
    *(b"Cookie: a=1", b'User-Agent: \\"}\\u000a', b"X-Request-Id: a", b'X-Request-Id: "\\n{"', b" folded", b"X : 1"),
    *(b"Host: b", b"Host: h", b"Trailer: X-T", b"Keep-Alive: 1", b"Via: 1.1 x", b"X-E: " + b"e" * 300, b"nothing"),
)
BODIES = (
    *(b"", b"hello", b"hello", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"),
    *(
        b"5\nhello\n0\n\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ),
    *(
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\n",
        b"0\r\nHost: evil\r\n\r\n",
        b"0\r\n X: 1\r\n\r\n",
        b"-1\r\n",
    ),
)
STATUS_LINES = (
    *((b"HTTP/1.1 200 OK",) * 6),
    *(
        b"HTTP/1.2 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 500 \xff",
        b"HTTP/1.1 200",
    ),
    *(b"HTTP/1.1 103 Early Hints", b"HTTP/1.1 100 Continue", b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 999 X"),
    *(b"HTTP/2 200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1  200 OK", b"ICY 200 OK", b"HTTP/1.1 200 O\rK"),
)
SET_COOKIES = (b"Set-Cookie: a=1", b"Set-Cookie: b=2\xff", b"Server: s", b"Date: now", b"Content-Type: t", b"Vary: X")
ODD = (
    *(bytes([byte]) for byte in b'\r\n\t :;,/#*0-_%"\\\x00\x0b\x0c\x7f\x85\xa0\xff'),
    *(b"\r\n", b"\r\n\r\n", b"\r\n ", b" HTTP/1.1", b"Host: b\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: s\r\n\r\n"),
    *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\nX-Injected: 1\r\n"),
)


def request(random: Random) -> bytes:
    line = random.choice(METHODS) + b" " + random.choice(TARGETS) + b" " + random.choice(VERSIONS)
    fields = random.choices(FIELDS, k=random.choice((0, 0, 1, 2, 4)))
    body = random.choice(BODIES)
    if random.random() < 0.7:  # mostly framed as it says, so that something gets through
        chunked = body.endswith(b"0\r\n\r\n") and len(body) > 5
        fields.append(b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body))
    host = [b"Host: h"] if random.random() < 0.95 else []
    return b"\r\n".join([line, *host, *fields, b"", b""]) + body


def answer(random: Random) -> bytes:
    fields = random.choices(FIELDS + SET_COOKIES, k=random.choice((0, 1, 2, 4)))
    body = random.choice(BODIES)
    if random.random() < 0.7:
        fields.append(
            b"Transfer-Encoding: chunked" if body.endswith(b"\r\n\r\n") else b"Content-Length: %d" % len(body)
        )
    return b"\r\n".join([random.choice(STATUS_LINES), *fields, b"", b""]) + body


def mutated(random: Random, data: bytes) -> bytes:
    """Put a few bytes in, out or elsewhere; one message in three stays as it is."""
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 4))):
        place, size = random.randrange(len(data) + 1), random.choice((0, 0, 1, 2, 8))
        data = data[:place] + random.choice((b"", *ODD)) + data[place + size :]
    return data


def pieces(random: Random, data: bytes) -> list[bytes]:
    edges = sorted(random.randrange(len(data) + 1) for _ in range(random.choice((0, 0, 1, 3, 12))))
    return [data[begin:end] for begin, end in zip([0, *edges], [*edges, len(data)], strict=True)]


# Oracles: what others make of the same bytes


@frozen
class Message:
    """``start`` is a method, or a status; ``fields`` are those whose names begin with X."""

    start: bytes
    body: bytes
    fields: tuple[tuple[bytes, bytes], ...] = ()


def x_fields(headers: Any) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(
        (bytes(name).lower(), bytes(value).strip(b" \t"))
        for name, value in headers
        if bytes(name)[:2].lower() == b"x-" and len(name) == 3
    )


def h11_requests(data: bytes) -> list[Message]:
    found: list[Message] = []
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data.removeprefix(b"\r\n"))
    with suppress(h11.RemoteProtocolError):
        head: Any = None
        body = b""
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                found.append(Message(head.method, body, x_fields(head.headers)))
                connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))  # nor an upgrade
                connection.send(h11.EndOfMessage())
                done = connection.our_state is connection.their_state is h11.DONE
                if not done and not is_kept(head):
                    break
                rest, _ = connection.trailing_data
                connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
                connection.receive_data(rest.removeprefix(b"\r\n"))
            else:
                break
    return found


def is_kept(head: h11.Request) -> bool:
    """Whether an HTTP/1.0 client asks to go on, which h11 never does (RFC 9112 appendix C.2.2)."""
    options = b",".join(value for name, value in head.headers if name == b"connection").lower().split(b",")
    said = {option.strip() for option in options}
    return head.http_version == b"1.0" and b"keep-alive" in said and b"close" not in said


class LlhttpMessages:
    """What llhttp calls; ``found`` are the whole messages."""

    def __init__(self) -> None:
        self.found: list[Message] = []
        self.parser: Any = None

    def on_message_begin(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        parser = self.parser
        start = parser.get_method() if isinstance(parser, httptools.HttpRequestParser) else parser.get_status_code()
        self.found.append(
            Message(start if isinstance(start, bytes) else b"%d" % start, self.body, x_fields(self.headers))
        )


def llhttp_messages(data: bytes, kind: Any) -> list[Message]:
    sink = LlhttpMessages()
    sink.parser = kind(sink)
    with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        sink.parser.feed_data(data)
    return sink.found


def twisted_requests(data: bytes) -> list[Message]:
    found: list[Message] = []

    class Collected(Request):
        def process(self) -> None:
            headers = [(name, value) for name, values in self.requestHeaders.getAllRawHeaders() for value in values]
            with self.content:
                found.append(Message(self.method, self.content.read(), x_fields(headers)))
            self.finish()

    channel = HTTPChannel()
    channel.requestFactory = Collected
    channel.timeOut = None
    channel.makeConnection(StringTransport())
    channel.dataReceived(data)
    channel.connectionLost(Failure(ConnectionDone()))  # it closes the file of an unfinished body
    return found


def h11_answer(data: bytes, method: bytes, closed: bool) -> list[Message]:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "h"), ("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    if closed:
        connection.receive_data(b"")
    body = b""
    with suppress(h11.RemoteProtocolError):
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return [Message(b"%d" % head.status_code, body, x_fields(head.headers))]
            elif not isinstance(event, h11.InformationalResponse):
                break
    return []


def is_part(some: list[Message], whole: list[Message]) -> bool:
    """Whether the messages are among the others, in their order, and none has an X field that the other has not."""
    rest = iter(whole)
    return all(
        any(
            (one.start, one.body) == (other.start, other.body) and set(one.fields) <= set(other.fields)
            for other in rest
        )
        for one in some
    )


# The gateway between them


@define(eq=False, slots=False)
class Server:
    """An upstream that h11 plays: it answers every whole request, and knows when it got something else."""

    end: Any
    answers: bool = True
    messages: list[Message] = field(factory=list)
    connection: Any = field(factory=lambda: h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20))

    def act(self) -> bool:
        data = self.end.take()
        if not data:
            return False
        self.connection.receive_data(data)
        while True:
            event = self.connection.next_event()
            if isinstance(event, h11.Request):
                self.head, self.body = event, b""
            elif isinstance(event, h11.Data):
                self.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                ours = {(b"x-a", b"added")}
                fields = tuple(one for one in x_fields(self.head.headers) if one not in ours)
                self.messages.append(Message(self.head.method, self.body, fields))
                if self.answers:
                    self.answer()
            else:
                return True

    def answer(self) -> None:
        data = self.connection.send(h11.Response(status_code=200, headers=[("Content-Length", "2")]))
        data += self.connection.send(h11.Data(data=b"ok" if self.head.method != b"HEAD" else b""))
        data += self.connection.send(h11.EndOfMessage())
        self.connection.start_next_cycle()
        self.end.send(data)


@define(eq=False, slots=False)
class Stage:
    """One gateway that everything is tried on; the methods it was asked, and what it logged as its own failure."""

    it: Any
    asked: list[bytes] = field(factory=list)
    failures: list[Any] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        core = self.it.gateway.core
        prepare = core.prepare
        core.prepare = lambda head: (self.asked.append(head.method), prepare(head))[1]
        self.it.gateway.listen()
        self.it.apply(CONFIG)

    def observe(self, event: Any) -> None:
        if event["log_level"] >= LogLevel.error:
            self.failures.append(event)

    def accept(self, servers: list[Server], answers: bool = True) -> None:
        """Accept the connections that the gateway is making; the primary's comes first."""
        while self.it.dialled:
            servers.append(Server(self.it.upstream(), answers))

    def play(self, servers: list[Server]) -> None:
        """Let everybody act until nobody has anything to do."""
        busy = True
        while busy:
            self.accept(servers)
            busy = any([server.act() for server in servers])
            self.it.reactor.settle()

    def finish(self, *ends: Any) -> None:
        """Let everybody leave; nothing may be left behind."""
        for end in ends:
            end.leave()
        while self.it.dialled:
            self.it.reactor.tcpClients.pop()[2].clientConnectionFailed(None, Failure(ConnectionDone()))
        self.it.reactor.settle()
        gateway = self.it.gateway
        stats = gateway.stats
        assert gateway.core.in_flight == stats.connections_open == gateway.capacity.open == 0
        assert not any(route.in_flight for route in [stats.unrouted, *stats.routes.values()])
        assert not any(mirror.in_flight for mirror in stats.mirrors.values())
        assert not any(len(lane) for lane in gateway.core.timers._lanes.values())
        assert self.failures == []

    def log(self) -> list[dict[str, Any]]:
        """The access lines since the last time, each of them whole and with no more in it than it should have."""
        self.it.gateway.core.access_log.flush()
        text = b"".join(self.it.log_batches)
        self.it.log_batches.clear()
        lines = [json.loads(line) for line in text.split(b"\n")[:-1]]
        assert text.isascii() and all(byte >= 0x20 or byte == 0x0A for byte in text)
        assert all(len(line) == LOG_KEYS[line["kind"]] for line in lines), lines
        return lines


def answers_in(data: bytes, methods: list[bytes], closed: bool) -> list[Message]:
    """Read a client's answers, each to its method; what is left over must be one that was cut by the end."""
    parser = ResponseParser(WireLimits(request_line=1 << 20, header_bytes=1 << 20, header_count=1000))
    found: list[Message] = []
    waiting = iter(methods)
    method = next(waiting, b"GET")
    while data:
        message = parser.feed(data, method)
        if message is None:
            assert closed, "half a head"
            break
        data = parser.rest
        if message.head.status < 200:
            continue
        reader = reader_for(message.length, WireLimits())
        body = reader.feed(data)
        if message.length == UNTIL_CLOSE and closed:
            reader.eof()
        if not reader.done:
            with pytest.raises(BadBody):
                reader.eof()
            assert closed, "half a body"
            break
        data = reader.rest
        found.append(Message(b"%d" % message.head.status, body, x_fields(message.head.headers)))
        method = next(waiting, b"GET")
    return found


def try_requests(stage: Stage, random: Random) -> None:
    """A client sends a few mutated requests to upstreams that do everything right."""
    data = b"".join(mutated(random, request(random)) for _ in range(random.choice((1, 1, 2, 4))))
    stage.asked.clear()
    client = stage.it.client()
    servers: list[Server] = []
    sent = b""
    for piece in pieces(random, data):
        sent += piece
        client.send(piece)
        stage.play(servers)
        if client.state == "aborted":
            break
    if random.random() < 0.3 and client.state != "aborted":
        client.protocol.readConnectionLost()
        stage.play(servers)
    state = client.state
    received = client.take()
    stage.finish(client, *(server.end for server in servers))
    log = stage.log()
    # Both upstreams have got the same, the mirror no more than the primary.
    ports = [server.messages for server in servers]
    primary = ports[0] if ports else []
    for others in ports[1:]:
        primary, others = (primary, others) if len(primary) >= len(others) else (others, primary)
        assert is_part(others, primary)
    oracles = (h11_requests(sent), llhttp_messages(sent, httptools.HttpRequestParser), twisted_requests(sent))
    assert any(is_part(primary, oracle) for oracle in oracles), (primary, oracles)
    asked = list(stage.asked)
    assert len(asked) == len([line for line in log if line["kind"] == "request"])
    refused = [line for line in log if line["kind"] == "refused"]
    assert len(refused) <= 1
    answers = answers_in(received, asked, state != "open")
    assert len(answers) <= len(asked) + len(refused)
    if refused:
        assert answers[-1].start == b"%d" % refused[0]["status"]
        assert state != "open"


def try_answers(stage: Stage, random: Random) -> None:
    """An upstream gives mutated answers to a client that does everything right; so does a mirror."""
    method = random.choice((b"GET", b"GET", b"HEAD", b"POST"))
    data = b"".join(mutated(random, answer(random)) for _ in range(random.choice((1, 1, 2))))
    lost = Failure(random.choice((ConnectionDone, ConnectionLost))())
    client = stage.it.client()
    client.send(method + b" /rw/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
    servers: list[Server] = []
    stage.accept(servers, answers=False)
    stage.accept(servers, answers=False)
    for server in servers:
        server.act()
        assert len(server.messages) == 1
    primary, mirror = servers
    order = [primary, mirror] if random.random() < 0.5 else [mirror, primary]
    sent = b""
    for server in order:
        for piece in pieces(random, data):
            if server.end.state == "open":
                server.end.send(piece)
                sent += piece if server is primary else b""
    closed = primary.end.state == "open" and random.random() < 0.5
    if closed:
        primary.end.protocol.connectionLost(lost)
    state = client.state
    received = client.take()
    waiting = not received and state == "open"
    (line,) = [line for line in stage.log() if line["kind"] == "request"] or [None]
    if line is not None and line["outcome"] == "completed":
        cleanly = closed and lost.check(ConnectionDone) is not None
        # One that breaks its own rule about the end of an interim answer is nobody's model; others need no close.
        oracles = [h11_answer(sent, method, cleanly)]
        if method != b"HEAD":
            oracles.append(
                [one for one in llhttp_messages(sent, httptools.HttpResponseParser) if one.start[:1] != b"1"][:1]
            )
        if cleanly:
            oracles.append(until_close(sent))
        (got,) = answers_in(received, [method], state != "open")
        assert any(is_part([got], oracle) for oracle in oracles), (got, oracles)
    elif line is not None:
        answers = answers_in(received, [method], state != "open")
        assert not answers or answers[0].start in (b"502", b"503", b"504"), (line, answers)
    if not waiting and state == "open" and line is not None:
        check_next(stage, client, servers)
    ends = [server.end for server in servers if server is not primary or not closed]
    stage.finish(client, *ends)
    stage.log()


def until_close(data: bytes) -> list[Message]:
    """llhttp cannot be told of the end of a connection; for it, every answer that waits for one is over."""
    sink = LlhttpMessages()
    sink.parser = httptools.HttpResponseParser(sink)
    with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        sink.parser.feed_data(data)
        if not sink.found:
            sink.on_message_complete()
    return sink.found


def check_next(stage: Stage, client: Any, servers: list[Server]) -> None:
    """Whatever the last answer was, the next one is the next request's own."""
    before = len(servers)
    open_ends = [server.end for server in servers if server.end.state == "open"]
    client.send(b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
    stage.accept(servers, answers=False)
    for end in [*open_ends, *(server.end for server in servers[before:])]:
        if end.take().startswith(b"GET /next "):
            end.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken")
    stage.accept(servers, answers=False)
    got = answers_in(client.take(), [b"GET"], False)
    assert [one.body for one in got] == [b"token"], got


@pytest.mark.parametrize("attempt", [try_requests, try_answers], ids=["requests", "answers"])
def test_whatever_comes_nothing_but_well_formed_messages_goes_on(in_memory, attempt):
    limits = Limits(header_bytes=2000, header_count=20, request_line=1000, trailer_bytes=200, body_bytes=2000)
    stage = Stage(in_memory(listen=["tcp:8000"], settings=Settings(limits=limits)))
    globalLogPublisher.addObserver(stage.observe)
    until = monotonic() + SECONDS / 2
    seed = int(SEED) if SEED else int(monotonic() * 1000)
    tried = 0
    try:
        while not tried or (monotonic() < until and not SEED):
            try:
                attempt(stage, Random(seed + tried))
            except BaseException as wrong:
                wrong.add_note(f"repeat it with: FUZZ_SEED={seed + tried} python -m pytest tests/fuzz")
                raise
            tried += 1
    finally:
        globalLogPublisher.removeObserver(stage.observe)
    print(f"{tried} cases")
