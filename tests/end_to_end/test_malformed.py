"""Requests that are not valid HTTP: refused with their status, the connection closed, and nothing sent anywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.peers import Peer, peer
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import get

HOST = b"Host: h\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

MALFORMED: dict[str, tuple[int, bytes]] = {
    "no HTTP": (400, b"hello there, gateway\r\n\r\n"),
    "bare LF": (400, b"GET / HTTP/1.1\nHost: h\n\n"),
    "bare LF after a field": (400, b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
    "bare CR in a value": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
    "two spaces": (400, b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
    "version 0.9": (400, b"GET /\r\n\r\n"),
    "version 2": (505, b"GET / HTTP/2.0\r\nHost: h\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "host with userinfo": (400, b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    "space before the colon": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n"),
    "folded line": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"),
    "NUL": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n"),
    "fragment": (400, b"GET /#x HTTP/1.1\r\nHost: h\r\n\r\n"),
    "non-ASCII target": (400, b"GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n"),
    "two lengths": (400, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "list of lengths": (400, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\nx"),
    "signed length": (400, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\nx"),
    "length and chunked": (400, CHUNKED.replace(HOST, HOST + b"Content-Length: 5\r\n") + b"0\r\n\r\n"),
    "chunked in 1.0": (400, CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n"),
    "gzip last": (400, CHUNKED.replace(b"chunked", b"chunked, gzip") + b"0\r\n\r\n"),
    "gzip first": (501, CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n"),
    "chunk size 0x": (400, CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n"),
    "other expectation": (417, b"GET / HTTP/1.1\r\nHost: h\r\nExpect: wonders\r\n\r\n"),
    "connect": (405, b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"),
    "long target": (414, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n"),
    "big head": (
        431,
        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(90)),
    ),
    "many fields": (431, b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 150 + b"\r\n"),
}


@pytest.fixture(scope="module")
def upstreams(gateway: Gateway) -> Iterator[tuple[Peer, Peer]]:
    with peer() as primary, peer() as mirror:
        gateway.serve(f'clusters: {{a: "{primary}", b: "{mirror}"}}\nroutes: [{{to: a, mirror: b}}]\n')
        yield primary, mirror


@pytest.mark.parametrize("case", MALFORMED)
def test_it_is_refused_and_nothing_that_followed_is_executed(gateway: Gateway, upstreams: tuple[Peer, Peer], case: str):
    status, request = MALFORMED[case]
    before = [upstream.connections for upstream in upstreams]
    seen = [len(upstream.requests) for upstream in upstreams]
    with gateway.connect() as client:
        client.send(request + get("/smuggled"))
        answer = client.answer()
        assert answer.status == status, answer
        assert answer.body.startswith(b"bad_request: ") and answer.body.endswith(b"\n") and len(answer.body) < 200
        assert answer.get(b"connection") == b"close"
        client.end()
        assert client.ended(), "a second answer"
    assert [upstream.connections for upstream in upstreams] == before
    assert [len(upstream.requests) for upstream in upstreams] == seen


@pytest.mark.parametrize("body", [b"5\r\nhello\r\nxyz\r\n", b"5\r\nhelloXX0\r\n\r\n"], ids=["size", "end of a chunk"])
def test_a_body_that_turns_out_malformed_is_never_a_whole_request(gateway: Gateway, body: bytes):
    ends: list[str] = []

    def reads(server: Peer, wire) -> None:
        try:
            server.requests.append(wire.request())
            ends.append("whole")
        except Exception as cut:
            ends.append(type(cut).__name__)
            raise

    with peer(reads) as primary, peer(reads) as mirror:
        gateway.serve(f'clusters: {{a: "{primary}", b: "{mirror}"}}\nroutes: [{{to: a, mirror: b}}]\n')
        with gateway.connect() as client:
            client.send(CHUNKED)
            until(lambda: primary.connections and mirror.connections, "both connections")
            client.send(body)
            assert client.answer().status == 400
        until(lambda: len(ends) == 2, "both ends")
    assert "whole" not in ends


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nCookie: " + b"c" * 6000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(80)) + b"\r\n",
        b"PROPFIND /dav HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://h/absolute HTTP/1.1\r\nHost: other\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
    ids=["8,000 byte target", "6 KB cookie", "80 fields", "PROPFIND", "absolute form", "OPTIONS *", "empty line first"],
)
def test_ordinary_big_and_rare_requests_are_served(gateway: Gateway, request_head: bytes):
    with peer() as upstream:
        gateway.serve(f'clusters: {{a: "{upstream}"}}\nroutes: [{{to: a}}]\n')
        assert gateway.ask(request_head).body == b"ok"
        assert upstream.next().get(b"host") == b"h"


def test_a_head_byte_by_byte_is_the_same_head(gateway: Gateway):
    with peer() as upstream:
        gateway.serve(f'clusters: {{a: "{upstream}"}}\nroutes: [{{to: a}}]\n')
        with gateway.connect() as client:
            for byte in get("/slowly", "h", "X-One: 1", method="POST", body=b"abc"):
                client.send(bytes([byte]))
            assert client.answer().body == b"ok"
        assert upstream.next().body == b"abc"
