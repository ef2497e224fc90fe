"""A whole gateway between raw bytes: what a client, an upstream or a mirror gets wrong reaches none of the others.

What leaves the gateway is judged by h11, which shares no code with it.
"""

import re

import h11
import pytest
from attrs import define
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from shadowgate.model import Limits, Settings

MIRRORED = """
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - name: all
    to: v1
    mirror: {to: v2, suffix: ""}
"""
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STATUS_LINES = re.compile(rb"HTTP/1\.1 [1-5]").findall
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@define
class Seen:
    """What h11 makes of the bytes of one side: whole messages, and whether a further one is begun or is none."""

    messages: list
    bodies: list
    begun: bool = False
    wrong: str = ""


def as_server(data):
    """Read requests as an upstream would."""
    seen = Seen([], [])
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                seen.begun, body, request = True, b"", event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                seen.begun = False
                seen.messages.append(request)
                seen.bodies.append(body)
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return seen
                connection.start_next_cycle()
            else:
                return seen
    except h11.RemoteProtocolError as wrong:
        seen.wrong = str(wrong)
        return seen


def as_client(data, method="GET", closed=False):
    """Read one final answer as a client would; ``begun`` stays where it is not whole."""
    seen = Seen([], [])
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    if closed:
        connection.receive_data(b"")
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                seen.begun = True
                answer = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                seen.begun = False
                seen.messages.append(answer)
                seen.bodies.append(body)
                return seen
            elif not isinstance(event, h11.InformationalResponse):
                return seen
    except h11.RemoteProtocolError as wrong:
        seen.wrong = str(wrong)
        return seen


@pytest.fixture
def it(in_memory):
    """A gateway on port 8000 that mirrors everything."""
    made = in_memory(listen=["tcp:8000"], settings=Settings(limits=Limits(body_bytes=1000, keepalive_timeout=5)))
    made.gateway.listen()
    made.apply(MIRRORED)
    return made


def at_rest(it):
    """Whether nothing is left of what was under way."""
    core, stats = it.gateway.core, it.gateway.stats
    routes = [stats.unrouted, *stats.routes.values()]
    return (
        core.in_flight == stats.connections_open == it.gateway.capacity.open == 0
        and not any(route.in_flight for route in routes)
        and not any(mirror.in_flight for mirror in stats.mirrors.values())
        and not any(endpoint.in_flight for endpoint in it.gateway.registry.endpoints)
    )


# Requests

REFUSED = {
    "bare LF": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "bare CR": (400, b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"),
    "folded": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"),
    "space before the colon": (400, POST + b"Content-Length : 3\r\n\r\nabc"),
    "non-ASCII in a name": (400, POST + b"Content-L\xe9ngth: 3\r\n\r\nabc"),
    "NUL": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"),
    "0.9": (400, b"GET /\r\n\r\n"),
    "1.2": (505, b"GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    "no Host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two Hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "userinfo": (400, b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    "fragment": (400, b"GET /# HTTP/1.1\r\nHost: a\r\n\r\n"),
    "authority form": (400, b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "asterisk": (400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    "CONNECT": (405, b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
    "two lengths": (400, POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    "signed length": (400, POST + b"Content-Length: +3\r\n\r\nabc"),
    "length and chunked": (400, POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunked in 1.0": (400, CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n"),
    "chunked twice": (400, POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "coding": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "expectation": (417, POST + b"Expect: miracles\r\nContent-Length: 3\r\n\r\nabc"),
    "too large": (413, POST + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001),
    "long target": (414, b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "large field": (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"),
    "many fields": (431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 101 + b"\r\n"),
    "2 MB without an end": (414, b"x" * 2_000_000),
    "hops": (400, b"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: -1\r\n\r\n"),
    "trace": (405, b"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"),
}


@pytest.mark.parametrize("cut", [1 << 30, 7, 1])
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_request_reaches_nobody_and_nothing_behind_it_is_looked_at(it, case, cut):
    status, request = REFUSED[case]
    if len(request) > 1000 and cut == 1:
        cut = 1000
    client = it.client()
    data = request + SMUGGLED
    for begin in range(0, len(data), cut):
        client.send(data[begin : begin + cut])
    answer = client.take()
    assert it.dialled == []
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert len(STATUS_LINES(answer)) == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert (b"\r\nAllow: " in answer) == (status == 405)
    assert client.state in ("half closed", "aborted")
    client.leave()
    assert at_rest(it)


@pytest.mark.parametrize("case", REFUSED)
def test_it_cannot_poison_the_next_request_on_a_shared_upstream_connection(it, case):
    first = it.client()
    first.send(GET)
    primary, mirror = it.upstream(), it.upstream()
    primary.send(OK)
    mirror.send(OK)
    first.take()
    bad = it.client()
    bad.send(REFUSED[case][1] + SMUGGLED)
    first.send(GET)
    primary.send(OK)
    assert as_client(first.take()).bodies == [b"ok"]
    assert [request.target for request in as_server(primary.take()).messages] == [b"/", b"/"]
    assert [request.target for request in as_server(mirror.take()).messages] == [b"/", b"/"]


BROKEN_BODIES = {
    "size": (400, CHUNKED, b"5\r\nhello\r\nxyz\r\n"),
    "end of a chunk": (400, CHUNKED, b"5\r\nhelloXX0\r\n\r\n"),
    "bare LF": (400, CHUNKED, b"5\nhello\r\n0\r\n\r\n"),
    "size and blanks": (400, CHUNKED, b"5 \r\nhello\r\n0\r\n\r\n"),
    "extension": (400, CHUNKED, b"5;\0\r\nhello\r\n0\r\n\r\n"),
    "trailer": (400, CHUNKED, b"5\r\nhello\r\n0\r\nX : 1\r\n\r\n"),
    "endless trailers": (431, CHUNKED, b"5\r\nhello\r\n0\r\n" + b"X: 1\r\n" * 200 + b"\r\n"),
    "too large": (413, CHUNKED, b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\nx\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("cut", [1 << 30, 1])
@pytest.mark.parametrize("case", BROKEN_BODIES)
def test_a_body_that_breaks_is_a_whole_request_to_neither_upstream_nor_mirror(it, case, cut):
    status, head, body = BROKEN_BODIES[case]
    client = it.client()
    client.send(head)
    primary, mirror = it.upstream(), it.upstream()
    for begin in range(0, len(body), cut):
        client.send(body[begin : begin + cut])
    client.send(SMUGGLED)
    answer = client.take()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert len(STATUS_LINES(answer)) == 1
    for end in (primary, mirror):
        seen = as_server(end.take())
        assert (seen.messages, seen.begun, end.state) == ([], True, "aborted"), end
        end.leave()
    client.leave()
    assert at_rest(it)
    assert it.dialled == []


@pytest.mark.parametrize("head", [CHUNKED, POST + b"Content-Length: 100\r\n\r\n"], ids=["chunked", "length"])
@pytest.mark.parametrize("leaves", ["closes", "resets", "ends its side"])
def test_a_client_that_leaves_in_the_middle_has_sent_no_whole_request(it, head, leaves):
    client = it.client()
    client.send(head)
    primary, mirror = it.upstream(), it.upstream()
    client.send(b"5\r\nhello\r\n")
    if leaves == "ends its side":
        client.protocol.readConnectionLost()
    client.protocol.connectionLost(Failure(ConnectionDone() if leaves == "closes" else ConnectionLost()))
    for end in (primary, mirror):
        seen = as_server(end.take())
        assert (seen.messages, seen.begun, end.state) == ([], True, "aborted")
        end.leave()
    assert at_rest(it)


def test_a_client_that_is_too_slow_has_sent_no_whole_request(it):
    client = it.client()
    client.send(POST + b"Content-Length: 100\r\n\r\n")
    primary, mirror = it.upstream(), it.upstream()
    it.reactor.wait(11)
    assert client.take().startswith(b"HTTP/1.1 408 ")
    for end in (primary, mirror):
        seen = as_server(end.take())
        assert (seen.messages, seen.begun, end.state) == ([], True, "aborted")


def test_what_is_forwarded_is_one_message_of_our_own_making(it):
    client = it.client()
    client.send(
        b"POST http://b.example:81/p?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\r\nX-Kept:  1 \r\n"
        b"Connection: close, X-Gone, Host, Content-Length, X-Forwarded-For, Authorization, Cookie\r\nX-Gone: 1\r\n"
        b"Authorization: a\r\nCookie: c\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\n"
        b"TE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nX_Forwarded_For: evil\r\n\r\n"
        b"3;ext=1\r\nabc\r\n0\r\nX-Trailer: 1\r\nHost: evil\r\n\r\n"
    )
    for end in (it.upstream(), it.upstream()):
        data = end.take()
        seen = as_server(data)
        assert (len(seen.messages), seen.bodies, seen.wrong) == (1, [b"abc"], "")
        fields = dict(seen.messages[0].headers)
        assert fields[b"host"] == b"b.example:81"
        assert (seen.messages[0].target, fields[b"x-kept"]) == (b"/p?q", b"1")
        assert {b"authorization", b"cookie", b"x-forwarded-for", b"transfer-encoding"} <= fields.keys()
        gone = {b"x-gone", b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"upgrade"}
        assert not gone & fields.keys()
        assert b"x_forwarded_for" not in data.lower() and b"evil" not in data and b"ext" not in data


# Answers

BAD_ANSWERS = {
    "no HTTP": b"220 mail.example ESMTP\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "status": b"HTTP/1.1 20 OK\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil\r\n\r\n",
    "NUL": b"HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "end of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokXX0\r\n\r\n",
    "101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    "endless fields": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 500_000,
    "endless field": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2_000_000,
    "endless status line": b"HTTP/1.1 200 " + b"x" * 2_000_000,
    "flood of 1xx": b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000,
}


@pytest.mark.parametrize("cut", [1 << 30, 1])
@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_an_answer_that_is_none_is_a_502_and_its_connection_is_not_used_again(it, case, cut):
    data = BAD_ANSWERS[case]
    if len(data) > 1000 and cut == 1:
        cut = 10_000
    client = it.client()
    client.send(GET)
    primary, mirror = it.upstream(), it.upstream()
    for end in (primary, mirror):
        for begin in range(0, len(data), cut):
            if end.state != "open":
                break  # nobody reads on
            end.send(data[begin : begin + cut])
            if case.startswith("endless"):
                assert begin < 200_000
        if cut == 1 << 30 or end.state == "open":
            end.leave()
    if case in ("chunk size", "end of a chunk") and cut == 1:
        # The head had gone to the client before it showed: the answer can only be cut.
        assert as_client(client.take()).begun
        assert client.state in ("closed", "aborted")
        return
    seen = as_client(_final(client.take()))
    assert [answer.status_code for answer in seen.messages] == [502]
    assert b"evil" not in seen.bodies[0]
    assert primary.state == mirror.state == "aborted"
    client.send(GET)
    assert len(it.dialled) == 1  # on a new connection
    second = it.upstream()
    second.send(OK)
    assert as_client(client.take()).bodies == [b"ok"]


def _final(data):
    """The bytes from the final answer on."""
    while data.startswith(b"HTTP/1.1 1"):
        data = data.partition(b"\r\n\r\n")[2]
    return data


def test_a_bounded_number_of_interim_answers_reaches_the_client(it):
    client = it.client()
    client.send(GET)
    it.upstream().send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000)
    assert client.take().count(b"HTTP/1.1 103 ") <= 32


CUT_ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
    "before the last line": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "in a trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n",
    "broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n|zz\r\n",
    "broken trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n|0\r\nX : 1\r\n\r\n",
    "until close": b"HTTP/1.1 200 OK\r\n\r\nhello",
}


@pytest.mark.parametrize("how", [ConnectionDone, ConnectionLost])
@pytest.mark.parametrize("case", CUT_ANSWERS)
def test_an_answer_that_is_cut_looks_cut(it, case, how):
    if (case, how) == ("until close", ConnectionDone):
        pytest.skip("that is its end")
    client = it.client()
    client.send(GET)
    primary, _ = it.upstream(), it.upstream()
    for piece in CUT_ANSWERS[case].split(b"|"):
        primary.send(piece)
    if primary.state == "open":
        primary.protocol.connectionLost(Failure(how()))
    seen = as_client(client.take(), closed=True)
    assert (seen.messages, seen.begun) == ([], True)
    assert client.state in ("closed", "aborted")


@pytest.mark.parametrize(
    ("request_head", "answer"),
    [
        (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"),
        (GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n"),
        (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (GET, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ],
)
def test_bytes_after_the_end_of_an_answer_are_nobodys(it, request_head, answer):
    client = it.client()
    client.send(request_head)
    primary, mirror = it.upstream(), it.upstream()
    for end in (primary, mirror):
        end.send(answer + b"poison")
        assert end.state == "aborted"
    assert b"poison" not in client.take()
    client.send(GET)
    it.upstream().send(OK)
    assert as_client(client.take()).bodies == [b"ok"]


def test_a_reason_that_cannot_be_told_is_replaced(it):
    client = it.client()
    client.send(GET)
    it.upstream().send(b"HTTP/1.1 200 \xff\xfe\r\nContent-Length: 2\r\n\r\nok")
    assert as_client(client.take()).bodies == [b"ok"]


# Through filters

FILTERED = """
clusters: {v1: 127.0.0.1:8001}
routes:
  - name: all
    rules:
      - {match: {path: {prefix: /moved}}, filters: [{redirect: {prefix: /moved, replacement: /there}}]}
      - to: v1
        filters:
          - cors: {allowOrigins: [{regex: ".*"}], allowMethods: [GET, PUT], allowCredentials: true}
          - path-rewrite: {regex: "^/rw/(.*)$", replacement: '/\\1'}
          - header-rewrite: {request: {set: {x-set: "1"}}, response: {add: {x-add: "1"}}}
"""
HOSTILE = (b"%0d%0aSet-Cookie:evil=1", b"%0aevil", b"\\r\\nevil:1", b"%00", b"%e5%98%8a%e5%98%8devil:1")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_filter_makes_of_a_request_splits_no_message(it, text):
    it.apply(FILTERED)
    client = it.client()
    client.send(b"GET /moved/" + text + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    (moved,) = as_client(client.take()).messages
    assert {name for name, _ in moved.headers} == {b"location", b"date", b"content-length"}
    assert dict(moved.headers)[b"location"] == b"http://a/there/" + text
    client.send(b"GET /rw/" + text + b" HTTP/1.1\r\nHost: a\r\nOrigin: http://" + text + b"\r\n\r\n")
    upstream = it.upstream()
    (request,) = as_server(upstream.take()).messages
    assert request.target == b"/" + text
    upstream.send(OK.replace(b"\r\n\r\n", b"\r\nX-Up: " + text + b"\r\n\r\n"))
    (answer,) = as_client(client.take()).messages
    fields = dict(answer.headers)
    assert fields[b"access-control-allow-origin"] == b"http://" + text
    assert (fields[b"x-up"], b"set-cookie" in fields, b"evil" in fields) == (text, False, False)


def test_nothing_of_a_message_forges_a_line_of_the_log(it):
    odd = bytes(byte for byte in range(0x20, 0x100) if byte != 0x7F)
    client = it.client()
    client.send(
        b'GET /%0a{"kind":"request"} HTTP/1.1\r\nHost: a\r\nUser-Agent: ' + odd + b'\r\nX-Request-Id: "},\r\n\r\n'
    )
    for end in (it.upstream(), it.upstream()):
        end.send(b"HTTP/1.1 200 " + odd.strip() + b"\r\nContent-Length: 0\r\n\r\n")
    it.gateway.core.access_log.flush()
    text = b"".join(it.log_batches)
    assert text.count(b"\n") == 2
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in text)
    request, shadow = it.log_lines
    assert (request["kind"], shadow["kind"]) == ("request", "shadow")
    assert request["target"] == shadow["target"] == '/%0a{"kind":"request"}'
    assert request["user_agent"] == odd.decode("latin-1").strip(" ")
    assert request["request_id"] == '"},'


# At every byte

WHOLE_REQUEST = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n"
WHOLE_ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\n\r\n"


@pytest.mark.parametrize("how", [ConnectionDone, ConnectionLost])
@pytest.mark.parametrize("who", ["client", "primary", "mirror", "both upstreams"])
def test_whoever_leaves_at_whatever_byte_nothing_is_left_behind(it, who, how):
    lost = Failure(how())
    for cut in range(1, len(WHOLE_REQUEST) + len(WHOLE_ANSWER) + 1):
        client = it.client()
        client.send(WHOLE_REQUEST[:cut])
        ends = [it.upstream() for _ in range(len(it.dialled))]
        ends += [it.upstream() for _ in range(len(it.dialled))]
        if cut > len(WHOLE_REQUEST):
            for end in ends:
                end.send(WHOLE_ANSWER[: cut - len(WHOLE_REQUEST)])
        leaving = {"client": [client], "primary": ends[:1], "mirror": ends[1:2], "both upstreams": ends}[who]
        for one in leaving:
            one.protocol.connectionLost(lost)
        for one in (client, *ends):
            if one not in leaving:
                one.leave()
        while it.dialled:
            it.reactor.tcpClients.pop()[2].clientConnectionFailed(None, lost)
        it.reactor.advance(1)
        assert at_rest(it), cut
        assert not any(len(lane) for lane in it.gateway.core.timers._lanes.values()), cut
