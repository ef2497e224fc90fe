"""Each limit that a process is given, at work in a whole gateway: what just meets it, and what exceeds it."""

import pytest
from attrs import fields

from shadowgate.config.limits import read_limit
from shadowgate.model import Limits, Settings

ONE = "clusters: {v1: 127.0.0.1:8001}\nroutes: [{name: all, to: v1}]\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def limited(in_memory):
    """Make a gateway on port 8000 with these limits, written as on the command line."""

    def make(*limits):
        it = in_memory(listen=["tcp:8000"], settings=Settings(limits=Limits(**dict(map(read_limit, limits)))))
        it.gateway.listen()
        it.apply(ONE)
        return it

    return make


REQUESTS = {
    "request-line=20": (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", 6, b"414"),
    "header-bytes=20": (b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", 6, b"431"),
    "body-bytes=5": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n%s", 0, b"413"),
    "trailer-bytes=10": (CHUNKED + b"0\r\nX: %s\r\n\r\n", 5, b"431"),
    "chunk-extension=8": (CHUNKED + b"0;%s\r\n\r\n", 7, b"400"),
}


@pytest.mark.parametrize("limit", REQUESTS)
def test_a_request_may_have_so_many_bytes_of_this_and_one_more_is_refused(limited, limit):
    request, most, status = REQUESTS[limit]
    for size in (most, most + 1):
        it = limited(limit)
        client = it.client()
        more = b"1\r\n.\r\n" * size + b"0\r\n\r\n" if limit.startswith("body") else b"x" * size
        client.send(request % more)
        if size == most:
            it.upstream().send(OK)
            assert client.take().startswith(b"HTTP/1.1 200")
        else:
            assert client.take().split()[1] == status


@pytest.mark.parametrize(
    ("limit", "request_"),
    [
        ("header-count=3", lambda count: b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * (count - 1) + b"\r\n"),
        ("trailer-count=3", lambda count: CHUNKED + b"0\r\n" + b"X: 1\r\n" * count + b"\r\n"),
    ],
)
def test_a_request_may_have_so_many_fields_and_one_more_is_refused(limited, limit, request_):
    it = limited(limit)
    client = it.client()
    client.send(request_(3))
    it.upstream().send(OK)
    assert client.take().startswith(b"HTTP/1.1 200")
    client.send(request_(4))
    assert client.take().split()[1] == b"431"


ANSWERS = {
    "upstream-header-bytes=40": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: %s\r\n\r\n",
    "upstream-header-count=2": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: 1\r\n%s\r\n",
    "request-line=22": b"HTTP/1.1 200 OK%s\r\nContent-Length: 0\r\n\r\n",
}
ROOM = {"upstream-header-bytes=40": 16, "upstream-header-count=2": 0, "request-line=22": 7}


@pytest.mark.parametrize("limit", ANSWERS)
def test_an_answer_may_have_so_much_of_this_and_more_is_a_502(limited, limit):
    for size, status in ((ROOM[limit], b"200"), (ROOM[limit] + 1, b"502")):
        it = limited(limit)
        client = it.client()
        client.send(GET)
        it.upstream().send(ANSWERS[limit] % (b"Y: 1\r\n" * size if "count" in limit else b"x" * size))
        assert client.take().split()[1] == status


@pytest.mark.parametrize("limit", ["header-bytes=20", "header-count=1", "body-bytes=1"])
def test_what_bounds_requests_does_not_bound_answers(limited, limit):
    it = limited(limit)
    client = it.client()
    client.send(GET)
    it.upstream().send(b"HTTP/1.1 200 OK\r\nX-One: 1\r\nX-Two: 2\r\nContent-Length: 5\r\n\r\nhello")
    assert client.take().endswith(b"hello")


def test_an_idle_connection_to_an_upstream_is_kept_for_so_long(limited):
    it = limited("upstream-idle=5s", "keepalive-timeout=1m")
    client = it.client()
    client.send(GET)
    upstream = it.upstream()
    upstream.send(OK)
    it.reactor.wait(4)
    assert upstream.state == "open"
    it.reactor.wait(2)
    assert upstream.state != "open"
    assert client.state == "open"


def test_so_many_idle_connections_to_one_endpoint_are_kept(limited):
    it = limited("pool-size=2")
    upstreams = []
    for _ in range(3):
        it.client().send(GET)
        upstreams.append(it.upstream())
    for upstream in upstreams:
        upstream.send(OK)
    assert sorted(upstream.state == "open" for upstream in upstreams) == [False, True, True]


def test_this_page_and_its_neighbours_leave_no_limit_out():
    """Those that are about time, turns and clients are in ``net/test_server_limits`` and ``end_to_end/test_limits``."""
    here = {limit.partition("=")[0] for limit in (*REQUESTS, *ANSWERS)} | {"header-count", "trailer-count"}
    here |= {"upstream-idle", "pool-size"}
    there = {"header-timeout", "header-rate", "body-rate", "rate-grace", "pipelined", "buffer", "keepalive-timeout"}
    there |= {"connections", "connections-per-client", "admin-connections", "requests-per-connection", "tunnel-idle"}
    assert here | there == {field.name.replace("_", "-") for field in fields(Limits)}
