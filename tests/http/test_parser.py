"""Requests and answers as tables: what is accepted and what becomes of it, what is refused and why.

Every case runs whole, byte by byte, cut in two at every place, and with more bytes behind it: how TCP cuts a message
must not matter, and nothing behind a message may change it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import pairwise

import h11
import httptools
import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.errors import BadRequest, BadResponse
from shadowgate.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, WireLimits
from shadowgate.http.headers import Headers, Pair
from shadowgate.http.request_parser import RequestMessage, RequestParser
from shadowgate.http.response_parser import ResponseMessage, ResponseParser

HOST = (b"Host", b"a.example")
TIGHT = WireLimits(request_line=64, header_bytes=128, header_count=4)
JUNK = b"\x00\xffjunk \r\n\r\nGET"
NEXT = b"GET /next HTTP/1.1\r\nHost: next.example\r\n\r\n"


def request_parser(limits: WireLimits | None = None) -> RequestParser:
    return RequestParser(
        limits or WireLimits(), scheme=b"https", peer="192.0.2.1:5", local="192.0.2.2:443", listener="web"
    )


@frozen
class Request:
    """What an accepted request is expected to be."""

    method: bytes = b"GET"
    target: bytes = b"/"
    authority: bytes = b"a.example"
    pairs: tuple[Pair, ...] = (HOST,)
    length: int = NO_BODY
    version: int = 11
    keep_alive: bool = True
    expects_continue: bool = False
    upgrade: bytes | None = None


def seen_request(message: RequestMessage) -> Request:
    head = message.head
    assert head.version == message.version
    assert Headers(list(head.headers.pairs)).index == head.headers.index, "a prepared index belongs to its pairs"
    return Request(
        head.method,
        head.target,
        head.authority,
        tuple(head.headers.pairs),
        message.length,
        message.version,
        message.keep_alive,
        message.expects_continue,
        message.upgrade,
    )


def get(*lines: bytes, start: bytes = b"GET / HTTP/1.1", host: bytes = b"Host: a.example") -> bytes:
    """Return a request with these field lines after its Host."""
    return b"".join(line + b"\r\n" for line in (start, *([host] if host else []), *lines)) + b"\r\n"


def post(*lines: bytes) -> bytes:
    return get(*lines, start=b"POST / HTTP/1.1")


ACCEPTED_REQUESTS = {
    "plain": (get(), Request()),
    "order and case of fields": (
        get(b"x-B: 2", b"X-a: 1", b"x-b: 3"),
        Request(pairs=(HOST, (b"x-B", b"2"), (b"X-a", b"1"), (b"x-b", b"3"))),
    ),
    "white space around a value": (get(b"A:\t 1 \t", b"B:2"), Request(pairs=(HOST, (b"A", b"1"), (b"B", b"2")))),
    "white space within a value": (get(b"A: 1 \t 2"), Request(pairs=(HOST, (b"A", b"1 \t 2")))),
    "empty values": (get(b"A:", b"B: ", b"C: 1"), Request(pairs=(HOST, (b"A", b""), (b"B", b""), (b"C", b"1")))),
    "only empty value last": (get(b"A:"), Request(pairs=(HOST, (b"A", b"")))),
    "non-ASCII in a value": (get(b"A: caf\xc3\xa9\xff"), Request(pairs=(HOST, (b"A", b"caf\xc3\xa9\xff")))),
    "every token byte in a name": (get(b"!#$%&'*+-.^`|~_9z: 1"), Request(pairs=(HOST, (b"!#$%&'*+-.^`|~_9z", b"1")))),
    "underscore in an ordinary name": (get(b"my_field: 1"), Request(pairs=(HOST, (b"my_field", b"1")))),
    "unknown method": (get(start=b"BREW /pot HTTP/1.1"), Request(b"BREW", b"/pot")),
    "method that llhttp reads otherwise": (get(start=b"SOURCE /x HTTP/1.1"), Request(b"SOURCE", b"/x")),
    "method in lower case": (get(start=b"get / HTTP/1.1"), Request(b"get")),
    "method of odd token bytes": (get(start=b"!#$%&'*+-.^_`|~ / HTTP/1.1"), Request(b"!#$%&'*+-.^_`|~")),
    "method PRI": (get(start=b"PRI / HTTP/1.1"), Request(b"PRI")),
    "target untouched": (
        get(start=b"GET /a/../%2e//b?x=%00#"[:-1] + b" HTTP/1.1"),
        Request(target=b"/a/../%2e//b?x=%00"),
    ),
    "target of two slashes": (get(start=b"GET //evil/x HTTP/1.1"), Request(target=b"//evil/x")),
    "target with bytes that URIs should escape": (
        get(start=b'GET /a"<>\\^`{|}[] HTTP/1.1'),
        Request(target=b'/a"<>\\^`{|}[]'),
    ),
    "target of 8000 bytes": (get(start=b"GET /" + b"a" * 8000 + b" HTTP/1.1"), Request(target=b"/" + b"a" * 8000)),
    "cookie of 6 KB": (get(b"Cookie: " + b"c" * 6144), Request(pairs=(HOST, (b"Cookie", b"c" * 6144)))),
    "80 fields": (
        get(*[b"F%d: %d" % (n, n) for n in range(79)]),
        Request(pairs=(HOST, *[(b"F%d" % n, b"%d" % n) for n in range(79)])),
    ),
    "one empty line before": (b"\r\n" + get(), Request()),
    "host with port": (
        get(host=b"host: a.example:8080"),
        Request(authority=b"a.example:8080", pairs=((b"host", b"a.example:8080"),)),
    ),
    "host in IPv6": (
        get(host=b"Host: [2001:db8::1]:80"),
        Request(authority=b"[2001:db8::1]:80", pairs=((b"Host", b"[2001:db8::1]:80"),)),
    ),
    "host of odd letters": (
        get(host=b"Host: A_b-c~.%41!"),
        Request(authority=b"A_b-c~.%41!", pairs=((b"Host", b"A_b-c~.%41!"),)),
    ),
    "asterisk for OPTIONS": (get(start=b"OPTIONS * HTTP/1.1"), Request(b"OPTIONS", b"*")),
    "absolute target": (
        get(b"A: 1", start=b"GET http://b.example:81/p?q HTTP/1.1"),
        Request(target=b"/p?q", authority=b"b.example:81", pairs=((b"Host", b"b.example:81"), (b"A", b"1"))),
    ),
    "absolute target, scheme in capitals": (
        get(start=b"GET HTTPS://b HTTP/1.1"),
        Request(target=b"/", authority=b"b", pairs=((b"Host", b"b"),)),
    ),
    "absolute target with a query only": (
        get(start=b"GET http://b?q=/x HTTP/1.1"),
        Request(target=b"/?q=/x", authority=b"b", pairs=((b"Host", b"b"),)),
    ),
    "absolute target for the whole server": (
        get(start=b"OPTIONS http://b HTTP/1.1"),
        Request(b"OPTIONS", b"*", authority=b"b", pairs=((b"Host", b"b"),)),
    ),
    "absolute target with the Host in 1.0": (
        get(start=b"GET http://b/ HTTP/1.0", host=b""),
        Request(authority=b"b", pairs=((b"Host", b"b"),), version=10, keep_alive=False),
    ),
    "absolute target repeating a field": (
        get(b"A: 1", b"A: 2", start=b"GET http://b/ HTTP/1.1"),
        Request(authority=b"b", pairs=((b"Host", b"b"), (b"A", b"1"), (b"A", b"2"))),
    ),
    "1.0": (get(start=b"GET / HTTP/1.0"), Request(version=10, keep_alive=False)),
    "1.0 without Host": (
        get(start=b"GET / HTTP/1.0", host=b""),
        Request(authority=b"", pairs=(), version=10, keep_alive=False),
    ),
    "1.0 kept": (get(b"Connection: Keep-Alive", start=b"GET / HTTP/1.0"), Request(version=10)),
    "1.0 kept and closed": (
        get(b"Connection: keep-alive, close", start=b"GET / HTTP/1.0"),
        Request(version=10, keep_alive=False),
    ),
    "closed": (get(b"Connection: close"), Request(keep_alive=False)),
    "closed in other letters": (get(b"CONNECTION:\tfoo ,\tCLOSE "), Request(keep_alive=False)),
    "closed in a second field": (get(b"Connection: keep-alive", b"Connection: close"), Request(keep_alive=False)),
    "kept expressly": (
        get(b"Connection: keep-alive", b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive"),
        Request(),
    ),
    "hop-by-hop fields go": (
        get(b"TE: gzip", b"Trailer: X", b"Proxy-Authorization: Basic eDp5", b"A: 1", b"Upgrade: x"),
        Request(pairs=(HOST, (b"A", b"1"))),
    ),
    "nominated fields go": (
        get(b"X-Secret: 1", b"Connection: x-secret , other", b"A: 1", b"X-SECRET: 2"),
        Request(pairs=(HOST, (b"A", b"1"))),
    ),
    "what everybody needs cannot be nominated": (
        get(
            b"Connection: host, cookie, authorization, x-forwarded-for, x-request-id, via, forwarded, x-envoy-internal",
            b"Connection: content-type, content-length",
            b"Cookie: c",
            b"Authorization: a",
            b"X-Forwarded-For: f",
            b"X-Request-Id: r",
            b"Via: v",
            b"Forwarded: f",
            b"X-Envoy-Internal: true",
            b"Content-Type: t",
            b"Content-Length: 3",
        ),
        Request(
            pairs=(
                HOST,
                (b"Cookie", b"c"),
                (b"Authorization", b"a"),
                (b"X-Forwarded-For", b"f"),
                (b"X-Request-Id", b"r"),
                (b"Via", b"v"),
                (b"Forwarded", b"f"),
                (b"X-Envoy-Internal", b"true"),
                (b"Content-Type", b"t"),
            ),
            length=3,
        ),
    ),
    "twins of gateway fields go": (
        get(
            b"X_Forwarded_For: 1",
            b"x-forwarded_proto: 2",
            b"X_REQUEST_ID: 3",
            b"x_envoy_internal: 4",
            b"Content_Length: 5",
            b"Transfer_Encoding: chunked",
            b"a_b: 6",
        ),
        Request(pairs=(HOST, (b"a_b", b"6"))),
    ),
    "TE trailers stays in its place": (
        get(b"A: 1", b"TE: Trailers", b"Connection: TE", b"B: 2"),
        Request(pairs=(HOST, (b"A", b"1"), (b"TE", b"Trailers"), (b"B", b"2"))),
    ),
    "content length": (post(b"Content-Length: 12"), Request(b"POST", length=12)),
    "content length with zeros before it": (post(b"Content-Length: 0012"), Request(b"POST", length=12)),
    "content length with white space": (post(b"Content-Length: \t12\t "), Request(b"POST", length=12)),
    "content length of nothing": (post(b"Content-Length: 0"), Request(b"POST", length=0)),
    "huge content length": (post(b"Content-Length: 999999999999999999"), Request(b"POST", length=10**18 - 1)),
    "GET with content": (get(b"content-LENGTH: 1"), Request(length=1)),
    "chunked": (post(b"Transfer-Encoding: chunked"), Request(b"POST", length=CHUNKED)),
    "chunked in other letters": (post(b"transfer-encoding:Chunked "), Request(b"POST", length=CHUNKED)),
    "chunked by an unknown method": (
        get(b"Transfer-Encoding: chunked", start=b"BREW / HTTP/1.1"),
        Request(b"BREW", length=CHUNKED),
    ),
    "chunked and closed": (
        post(b"Transfer-Encoding: chunked", b"Connection: close"),
        Request(b"POST", length=CHUNKED, keep_alive=False),
    ),
    "expectation": (
        post(b"A: 1", b"Expect: 100-Continue", b"Content-Length: 5", b"B: 2"),
        Request(
            b"POST",
            pairs=(HOST, (b"A", b"1"), (b"Expect", b"100-Continue"), (b"B", b"2")),
            length=5,
            expects_continue=True,
        ),
    ),
    "expectation of a chunked body, with TE": (
        post(b"TE: trailers", b"Expect: 100-continue", b"Transfer-Encoding: chunked", b"B: 2"),
        Request(
            b"POST",
            pairs=(HOST, (b"TE", b"trailers"), (b"Expect", b"100-continue"), (b"B", b"2")),
            length=CHUNKED,
            expects_continue=True,
        ),
    ),
    "expectation without content is void": (get(b"Expect: 100-continue"), Request()),
    "expectation of an empty body is void": (
        post(b"Expect: 100-continue", b"Content-Length: 0"),
        Request(b"POST", length=0),
    ),
    "expectation from 1.0 is void": (
        get(b"Expect: 100-continue", b"Content-Length: 2", start=b"POST / HTTP/1.0"),
        Request(b"POST", length=2, version=10, keep_alive=False),
    ),
    "upgrade": (
        get(b"Connection: keep-alive, Upgrade", b"Upgrade: WebSocket", b"Sec-WebSocket-Version: 13"),
        Request(pairs=(HOST, (b"Sec-WebSocket-Version", b"13")), upgrade=b"websocket"),
    ),
    "upgrade to h2c takes its settings along": (
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
        Request(upgrade=b"h2c"),
    ),
    "upgrade with a body": (
        post(b"Connection: upgrade", b"Upgrade: h2c", b"Content-Length: 4"),
        Request(b"POST", length=4, upgrade=b"h2c"),
    ),
    "upgrade that Connection does not name": (get(b"Upgrade: websocket"), Request()),
    "upgrade from 1.0": (
        get(b"Connection: upgrade", b"Upgrade: websocket", start=b"GET / HTTP/1.0"),
        Request(version=10, keep_alive=False),
    ),
    "connection that names nothing": (get(b"Connection: , ,"), Request()),
    "Host in two cases of letters is still one": (
        get(b"Hosts: b"),
        Request(pairs=(HOST, (b"Hosts", b"b"))),
    ),
}

LONG = b"x" * 20000
REFUSED_REQUESTS = {
    # Line ends.
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: a\n\n", 400, "bare LF"),
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "bare LF"),
    "bare LF after a field": (b"GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", 400, "bare LF"),
    "bare LF at the end": (b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "bare LF"),
    "bare LF without a head": (b"\n", 400, "bare LF"),
    "bare CR in the request line": (b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare CR"),
    "bare CR in a value": (get(b"A: b\rc"), 400, "bare CR"),
    "bare CR in Host": (get(host=b"Host: a\r.example"), 400, "bare CR"),
    "bare CR before CRLF": (get(b"A: b\r"), 400, "bare CR"),
    "bare CR for a line end": (b"GET / HTTP/1.1\rHost: a\r\r", 400, "bare CR"),
    # Before the request line.
    "two empty lines before": (b"\r\n\r\n" + get(), 400, "empty line"),
    "space before": (b" " + get(), 400, "exactly one space"),
    "tab before": (b"\t" + get(), 400, "control byte"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00", 400, "control byte"),
    "byte order mark": (b"\xef\xbb\xbf" + get(), 400, "non-ASCII"),
    # The request line.
    "0.9": (b"GET /\r\n", 400, "no HTTP version"),
    "method alone": (b"GET\r\n", 400, "no HTTP version"),
    "1.2": (get(start=b"GET / HTTP/1.2"), 505, "version"),
    "2.0": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version"),
    "0.9 in words": (get(start=b"GET / HTTP/0.9"), 505, "version"),
    "version of two digits": (get(start=b"GET / HTTP/1.10"), 400, "HTTP version"),
    "version in lower case": (get(start=b"GET / http/1.1"), 400, "HTTP version"),
    "version of another protocol": (get(start=b"GET / ICY/1.1"), 400, "HTTP version"),
    "RTSP": (get(start=b"OPTIONS / RTSP/1.0"), 400, "HTTP version"),
    "comma in the version": (get(start=b"GET / HTTP/1,1"), 400, "HTTP version"),
    "two spaces before the target": (get(start=b"GET  / HTTP/1.1"), 400, "exactly one space"),
    "two spaces before the version": (get(start=b"GET /  HTTP/1.1"), 400, "exactly one space"),
    "space at the end": (get(start=b"GET / HTTP/1.1 "), 400, "exactly one space"),
    "tab for a space": (get(start=b"GET\t/ HTTP/1.1"), 400, "control byte"),
    "space in the target": (get(start=b"GET /a b HTTP/1.1"), 400, "space in the request target"),
    "method that is no token": (get(start=b"GE(T / HTTP/1.1"), 400, "method"),
    "method with a colon": (get(start=b"Host: / HTTP/1.1"), 400, "method"),
    "fragment": (get(start=b"GET /a#b HTTP/1.1"), 400, "fragment"),
    "non-ASCII target": (get(start=b"GET /caf\xc3\xa9 HTTP/1.1"), 400, "non-ASCII"),
    "NUL in the target": (get(start=b"GET /a\x00 HTTP/1.1"), 400, "control byte"),
    "DEL in the target": (get(start=b"GET /a\x7f HTTP/1.1"), 400, "control byte"),
    "target without a slash": (get(start=b"GET a.example/x HTTP/1.1"), 400, "neither a path"),
    "target that is an authority": (get(start=b"GET a.example:80 HTTP/1.1"), 400, "neither a path"),
    "target that looks like a field": (get(start=b"GET host:b HTTP/1.1"), 400, "neither a path"),
    "target of another scheme": (get(start=b"GET ftp://a/x HTTP/1.1"), 400, "neither a path"),
    "target that is a query": (get(start=b"GET ?x HTTP/1.1"), 400, "neither a path"),
    "absolute target with user": (get(start=b"GET http://u@a/ HTTP/1.1"), 400, "no valid authority"),
    "absolute target without host": (get(start=b"GET http:///x HTTP/1.1"), 400, "no valid authority"),
    "absolute target with a bad port": (get(start=b"GET http://a:b/ HTTP/1.1"), 400, "no valid authority"),
    "absolute target without Host in 1.1": (get(start=b"GET http://a/ HTTP/1.1", host=b""), 400, "no Host"),
    "asterisk for GET": (get(start=b"GET * HTTP/1.1"), 400, "OPTIONS only"),
    "asterisk and more": (get(start=b"OPTIONS *x HTTP/1.1"), 400, "neither a path"),
    "CONNECT": (get(start=b"CONNECT a.example:443 HTTP/1.1"), 405, "CONNECT"),
    "CONNECT with a path": (get(start=b"CONNECT / HTTP/1.1"), 405, "CONNECT"),
    # Fields.
    "space before the colon": (get(b"A : b"), 400, "before the colon"),
    "tab before the colon": (get(b"A\t: b"), 400, "before the colon"),
    "folded line": (get(b"A: b", b" c"), 400, "folded"),
    "folded line with a tab": (get(b"A: b", b"\tc"), 400, "folded"),
    "folded line first": (get(host=b" Host: a"), 400, "folded"),
    "line of white space": (get(b" "), 400, "folded"),
    "no colon": (get(b"A"), 400, "without a colon"),
    "empty name": (get(b": b"), 400, "not a token"),
    "space in a name": (get(b"A B: c"), 400, "not a token"),
    "bracket in a name": (get(b"A[0]: c"), 400, "not a token"),
    "non-ASCII name": (get(b"Content-L\xc3\xa9ngth: 5"), 400, "not a token"),
    "NUL in a name": (get(b"A\x00: b"), 400, "control byte"),
    "NUL in a value": (get(b"A: b\x00c"), 400, "control byte"),
    "vertical tab in a value": (get(b"A: b\x0bc"), 400, "control byte"),
    "form feed after a length": (post(b"Content-Length: 5\x0c"), 400, "control byte"),
    "DEL in a value": (get(b"A: b\x7fc"), 400, "control byte"),
    "escape in a value": (get(b"A: b\x1b[0m"), 400, "control byte"),
    # Host.
    "no Host": (get(host=b""), 400, "no Host"),
    "two Hosts": (get(b"Host: b.example"), 400, "more than one Host"),
    "two equal Hosts": (get(b"hOST: a.example"), 400, "more than one Host"),
    "two Hosts in 1.0": (get(b"Host: b.example", start=b"GET / HTTP/1.0"), 400, "more than one Host"),
    "empty Host": (get(host=b"Host:"), 400, "not a valid authority"),
    "empty Host in 1.0": (get(host=b"Host: ", start=b"GET / HTTP/1.0"), 400, "not a valid authority"),
    "Host with user": (get(host=b"Host: u@a"), 400, "not a valid authority"),
    "Host with a comma": (get(host=b"Host: a,b"), 400, "not a valid authority"),
    "Host with a space": (get(host=b"Host: a b"), 400, "not a valid authority"),
    "Host with a path": (get(host=b"Host: a/b"), 400, "not a valid authority"),
    "Host with a scheme": (get(host=b"Host: http://a"), 400, "not a valid authority"),
    "Host with an empty port": (get(host=b"Host: a:"), 400, "not a valid authority"),
    "Host with a port in letters": (get(host=b"Host: a:8o"), 400, "not a valid authority"),
    "Host with a port too high": (get(host=b"Host: a:65536"), 400, "not a valid authority"),
    "Host with a signed port": (get(host=b"Host: a:+80"), 400, "not a valid authority"),
    "Host with two ports": (get(host=b"Host: a:80:80"), 400, "not a valid authority"),
    "Host that is a port": (get(host=b"Host: :80"), 400, "not a valid authority"),
    "Host in bare IPv6": (get(host=b"Host: 2001:db8::1"), 400, "not a valid authority"),
    "Host in open IPv6": (get(host=b"Host: [::1"), 400, "not a valid authority"),
    "Host in wrong IPv6": (get(host=b"Host: [1:2]"), 400, "not a valid authority"),
    "Host in IPv6 with a zone": (get(host=b"Host: [fe80::1%25eth0]"), 400, "not a valid authority"),
    "Host with something after IPv6": (get(host=b"Host: [::1]x"), 400, "not a valid authority"),
    "Host with a broken escape": (get(host=b"Host: a%4"), 400, "not a valid authority"),
    "non-ASCII Host": (get(host=b"Host: \xe4"), 400, "not a valid authority"),
    "Host too long": (get(host=b"Host: " + b"a" * 256), 400, "not a valid authority"),
    # Content-Length.
    "signed length": (post(b"Content-Length: +5"), 400, "Content-Length is not"),
    "negative length": (post(b"Content-Length: -5"), 400, "Content-Length is not"),
    "hexadecimal length": (post(b"Content-Length: 0x5"), 400, "Content-Length is not"),
    "length with an underscore": (post(b"Content-Length: 1_0"), 400, "Content-Length is not"),
    "length with a fraction": (post(b"Content-Length: 5.0"), 400, "Content-Length is not"),
    "length in words": (post(b"Content-Length: five"), 400, "Content-Length is not"),
    "length in other digits": (post(b"Content-Length: \xd9\xa3"), 400, "Content-Length is not"),
    "empty length": (post(b"Content-Length:"), 400, "Content-Length is not"),
    "list of lengths": (post(b"Content-Length: 5, 5"), 400, "Content-Length is not"),
    "two words of length": (post(b"Content-Length: 5 5"), 400, "Content-Length is not"),
    "length of 19 digits": (post(b"Content-Length: 1000000000000000000"), 400, "Content-Length is not"),
    "two lengths": (post(b"Content-Length: 5", b"Content-Length: 6"), 400, "more than one Content-Length"),
    "two equal lengths": (post(b"Content-Length: 5", b"content-length: 5"), 400, "more than one Content-Length"),
    "length on GET": (get(b"Content-Length: x"), 400, "Content-Length is not"),
    # Transfer-Encoding.
    "length and chunked": (post(b"Content-Length: 5", b"Transfer-Encoding: chunked"), 400, "both"),
    "chunked and length": (post(b"Transfer-Encoding: chunked", b"Content-Length: 5"), 400, "both"),
    "chunked in 1.0": (get(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0"), 400, "HTTP/1.0"),
    "chunked twice": (post(b"Transfer-Encoding: chunked, chunked"), 400, "once and last"),
    "chunked in two fields": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400, "once and last"),
    "chunked not last": (post(b"Transfer-Encoding: chunked, gzip"), 400, "once and last"),
    "identity": (post(b"Transfer-Encoding: identity"), 400, "once and last"),
    "chunked and identity": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"), 400, "once and last"),
    "unknown coding": (post(b"Transfer-Encoding: xchunked"), 400, "once and last"),
    "chunked after another coding": (post(b"Transfer-Encoding: gzip, chunked"), 501, "other than chunked"),
    "chunked with a parameter": (post(b"Transfer-Encoding: chunked;q=1"), 400, "once and last"),
    "chunked in quotes": (post(b'Transfer-Encoding: "chunked"'), 400, "once and last"),
    "chunked after an empty member": (post(b"Transfer-Encoding: ,chunked"), 400, "once and last"),
    "chunked with a vertical tab": (post(b"Transfer-Encoding: \x0bchunked"), 400, "control byte"),
    "empty coding": (post(b"Transfer-Encoding:"), 400, "once and last"),
    # Expect.
    "another expectation": (post(b"Expect: 200-ok", b"Content-Length: 5"), 417, "expectation"),
    "two expectations": (post(b"Expect: 100-continue, x", b"Content-Length: 5"), 417, "expectation"),
    "empty expectation": (post(b"Expect:", b"Content-Length: 5"), 417, "expectation"),
    # Limits.
    "long request line": (get(start=b"GET /" + LONG + b" HTTP/1.1"), 414, "request line is too long"),
    "long method": (get(start=LONG + b" / HTTP/1.1"), 414, "request line is too long"),
    "long line of anything": (LONG, 414, "request line is too long"),
    "large field": (get(b"A: " + LONG * 4), 431, "too large"),
    "large fields": (get(*[b"A%d: " % n + LONG for n in range(4)]), 431, "too large"),
    "many fields": (get(*[b"A: 1"] * 100), 431, "too many"),
    "many fields of every kind": (get(b"Connection: close", *[b"A: 1"] * 99), 431, "too many"),
}

WAITING_REQUESTS = {
    "nothing": b"",
    "half a request line": b"GET / HT",
    "CR": b"GET / HTTP/1.1\r",
    "request line": b"GET / HTTP/1.1\r\n",
    "CR before the end": b"GET / HTTP/1.1\r\nHost: a\r\n\r",
    "empty line": b"\r\n",
}


def by_byte(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


def feed_requests(parser: RequestParser, pieces: list[bytes]) -> tuple[RequestMessage | None, bytes]:
    """Feed pieces until a message is complete; return it and all that followed it."""
    for number, piece in enumerate(pieces):
        message = parser.feed(piece)
        if message is not None:
            return message, parser.rest + b"".join(pieces[number + 1 :])
        assert parser.rest == b""
    return None, b""


@pytest.mark.parametrize(("data", "expected"), ACCEPTED_REQUESTS.values(), ids=ACCEPTED_REQUESTS)
class TestAnAcceptedRequest:
    def test_whole(self, data: bytes, expected: Request) -> None:
        parser = request_parser()
        message = parser.feed(data)
        assert message is not None
        assert seen_request(message) == expected
        assert parser.rest == b""
        assert parser.idle

    def test_byte_by_byte(self, data: bytes, expected: Request) -> None:
        parser = request_parser()
        pieces = by_byte(data)
        assert all(parser.feed(piece) is None for piece in pieces[:-1])
        assert not parser.idle
        message = parser.feed(pieces[-1])
        assert message is not None
        assert seen_request(message) == expected
        assert parser.rest == b""
        assert parser.idle

    def test_cut_in_two(self, data: bytes, expected: Request) -> None:
        for cut in range(1, len(data), max(1, len(data) // 100)):
            message, rest = feed_requests(request_parser(), [data[:cut], data[cut:]])
            assert message is not None
            assert seen_request(message) == expected
            assert rest == b""

    def test_with_junk_behind(self, data: bytes, expected: Request) -> None:
        for pieces in ([data + JUNK], [data[:-1], data[-1:] + JUNK], by_byte(data + JUNK)):
            message, rest = feed_requests(request_parser(), pieces)
            assert message is not None
            assert seen_request(message) == expected
            assert rest == JUNK

    def test_with_the_next_request_behind(self, data: bytes, expected: Request) -> None:
        parser = request_parser()
        for _ in range(3):
            message = parser.feed(data + NEXT)
            assert message is not None
            assert seen_request(message) == expected
            follower = parser.feed(parser.rest)
            assert follower is not None
            assert seen_request(follower) == Request(
                target=b"/next", authority=b"next.example", pairs=((b"Host", b"next.example"),)
            )


@pytest.mark.parametrize(("data", "status", "reason"), REFUSED_REQUESTS.values(), ids=REFUSED_REQUESTS)
class TestARefusedRequest:
    def test_whole(self, data: bytes, status: int, reason: str) -> None:
        self.check([data], status, reason)

    def test_byte_by_byte(self, data: bytes, status: int, reason: str) -> None:
        self.check(by_byte(data), status, reason)

    def test_cut_in_two(self, data: bytes, status: int, reason: str) -> None:
        for cut in range(1, len(data), max(1, len(data) // 100)):
            self.check([data[:cut], data[cut:]], status, reason)

    def test_with_junk_behind(self, data: bytes, status: int, reason: str) -> None:
        self.check([data + JUNK], status, reason)

    def test_after_a_good_one(self, data: bytes, status: int, reason: str) -> None:
        parser = request_parser()
        assert parser.feed(NEXT + data) is not None
        with pytest.raises(BadRequest, match=reason) as caught:
            parser.feed(parser.rest)
        assert caught.value.status == status

    @staticmethod
    def check(pieces: list[bytes], status: int, reason: str) -> None:
        with pytest.raises(BadRequest) as caught:
            feed_requests(request_parser(), pieces)
        assert (caught.value.status, reason in caught.value.reason) == (status, True), caught.value.reason


@pytest.mark.parametrize("data", WAITING_REQUESTS.values(), ids=WAITING_REQUESTS)
def test_an_unfinished_request_waits(data: bytes) -> None:
    for pieces in ([data], by_byte(data)):
        assert feed_requests(request_parser(), pieces) == (None, b"")


def test_a_parser_is_idle_until_a_request_begins() -> None:
    parser = request_parser()
    assert parser.idle
    parser.feed(b"\r")
    assert not parser.idle
    parser.feed(b"\n")
    assert parser.idle, "an empty line after a body is no request"
    parser.feed(b"G")
    assert not parser.idle
    assert parser.feed(get()[1:]) is not None
    assert parser.idle


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\n",
        b"GET /\x00",
        b"\x16",
        b"GET / HTTP/1.1\r\nA: \x00",
        b"GET / HTTP/1.1\r\nA: b\rc",
        b"/" * 20000,
    ],
)
def test_what_cannot_become_valid_is_refused_before_the_head_ends(data: bytes) -> None:
    with pytest.raises(BadRequest):
        request_parser().feed(data)


def test_the_head_carries_what_the_connection_knows() -> None:
    message = request_parser().feed(get())
    assert message is not None
    head = message.head
    assert (head.scheme, head.peer, head.local, head.listener) == (b"https", "192.0.2.1:5", "192.0.2.2:443", "web")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (get(start=b"GET /" + b"a" * 50 + b" HTTP/1.1"), None),
        (get(start=b"GET /" + b"a" * 51 + b" HTTP/1.1"), 414),
        (get(b"A: " + b"b" * 106), None),
        (get(b"A: " + b"b" * 107), 431),
        (get(b"A: 1", b"B: 2", b"Connection: close"), None),
        (get(b"A: 1", b"B: 2", b"C: 3", b"Connection: close"), 431),
    ],
)
def test_limits_are_exact(data: bytes, status: int | None) -> None:
    for pieces in ([data], by_byte(data)):
        if status is None:
            assert feed_requests(request_parser(TIGHT), pieces)[0] is not None
        else:
            with pytest.raises(BadRequest) as caught:
                feed_requests(request_parser(TIGHT), pieces)
            assert caught.value.status == status


# Answers


@frozen
class Response:
    """What an accepted answer is expected to be."""

    status: int = 200
    reason: bytes = b"OK"
    pairs: tuple[Pair, ...] = ()
    length: int = UNTIL_CLOSE
    version: int = 11
    keep_alive: bool = False
    upgrade: bytes | None = None


def seen_response(message: ResponseMessage) -> Response:
    head = message.head
    assert Headers(list(head.headers.pairs)).index == head.headers.index, "a prepared index belongs to its pairs"
    return Response(
        head.status,
        head.reason,
        tuple(head.headers.pairs),
        message.length,
        head.version,
        message.keep_alive,
        message.upgrade,
    )


def answer(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"".join(line + b"\r\n" for line in (start, *lines)) + b"\r\n"


LENGTH = b"Content-Length: 5"
SWITCHING = b"HTTP/1.1 101 Switching Protocols"
SWITCHED = Response(101, b"Switching Protocols", length=NO_BODY, keep_alive=True)
ACCEPTED_RESPONSES = {
    "a change of protocol says nothing of a body": (
        b"GET",
        answer(b"Content-Length: 5", b"Connection: Keep-Alive, upgrade", b"Upgrade: X", start=SWITCHING),
        evolve(SWITCHED, upgrade=b"x"),
    ),
    "a change to nothing": (b"GET", answer(b"Connection: upgrade", start=SWITCHING), SWITCHED),
    "a change that Connection does not name": (b"GET", answer(b"Upgrade: websocket", start=SWITCHING), SWITCHED),
    "a change in 1.0": (
        b"GET",
        answer(b"Connection: upgrade", b"Upgrade: x", start=b"HTTP/1.0 101 Switching Protocols"),
        evolve(SWITCHED, version=10, keep_alive=False),
    ),
    "what it could be changed to": (
        b"GET",
        answer(LENGTH, b"Connection: upgrade", b"Upgrade: websocket", start=b"HTTP/1.1 426 OK"),
        Response(426, length=5, keep_alive=True),
    ),
    "until close": (b"GET", answer(), Response()),
    "content length": (b"GET", answer(LENGTH, b"A: 1"), Response(pairs=((b"A", b"1"),), length=5, keep_alive=True)),
    "empty": (b"GET", answer(b"content-length: 0"), Response(length=0, keep_alive=True)),
    "chunked": (b"GET", answer(b"Transfer-Encoding: chunked"), Response(length=CHUNKED, keep_alive=True)),
    "chunked in other letters": (
        b"GET",
        answer(b"TRANSFER-ENCODING:  CHUNKED\t"),
        Response(length=CHUNKED, keep_alive=True),
    ),
    "chunked and closed": (
        b"GET",
        answer(b"Connection: close", b"Transfer-Encoding: chunked"),
        Response(length=CHUNKED),
    ),
    "no reason": (b"GET", answer(LENGTH, start=b"HTTP/1.1 200 "), Response(reason=b"", length=5, keep_alive=True)),
    "no reason and no space": (
        b"GET",
        answer(LENGTH, start=b"HTTP/1.1 200"),
        Response(reason=b"", length=5, keep_alive=True),
    ),
    "reason of many bytes": (
        b"GET",
        answer(LENGTH, start=b"HTTP/1.1 404  No\tCaf\xe9 "),
        Response(404, b" No\tCaf\xe9 ", length=5, keep_alive=True),
    ),
    "unheard-of status": (
        b"GET",
        answer(LENGTH, start=b"HTTP/1.1 999 X"),
        Response(999, b"X", length=5, keep_alive=True),
    ),
    "1.0": (b"GET", answer(LENGTH, start=b"HTTP/1.0 200 OK"), Response(length=5, version=10)),
    "later than 1.1": (b"GET", answer(LENGTH, start=b"HTTP/1.2 200 OK"), Response(length=5, keep_alive=True)),
    "later than 1.1, to switch": (
        b"GET",
        answer(start=b"HTTP/1.9 101 X"),
        Response(101, b"X", length=NO_BODY, keep_alive=True),
    ),
    "1.0 kept": (
        b"GET",
        answer(LENGTH, b"Connection: Keep-Alive", start=b"HTTP/1.0 200 OK"),
        Response(length=5, version=10, keep_alive=True),
    ),
    "1.0 kept without a length": (
        b"GET",
        answer(b"Connection: keep-alive", start=b"HTTP/1.0 200 OK"),
        Response(version=10),
    ),
    "repeated field": (
        b"GET",
        answer(b"Set-Cookie: a", LENGTH, b"set-cookie: b"),
        Response(pairs=((b"Set-Cookie", b"a"), (b"set-cookie", b"b")), length=5, keep_alive=True),
    ),
    "hop-by-hop and nominated fields go": (
        b"GET",
        answer(
            LENGTH,
            b"Connection: keep-alive, x-hop, set-cookie, content-type",
            b"Keep-Alive: timeout=5",
            b"X-Hop: 1",
            b"Set-Cookie: a",
            b"Trailer: X",
            b"Upgrade: h2",
            b"Proxy-Authenticate: Basic",
            b"Content-Type: t",
        ),
        Response(pairs=((b"Set-Cookie", b"a"), (b"Content-Type", b"t")), length=5, keep_alive=True),
    ),
    "upgrade offered": (
        b"GET",
        answer(LENGTH, b"Connection: Upgrade, Keep-Alive", b"Upgrade: h2,h2c"),
        Response(length=5, keep_alive=True),
    ),
    "HEAD": (
        b"HEAD",
        answer(b"A: 1", LENGTH, b"B: 2"),
        Response(pairs=((b"A", b"1"), (b"Content-Length", b"5"), (b"B", b"2")), length=NO_BODY, keep_alive=True),
    ),
    "HEAD without a length": (b"HEAD", answer(), Response(length=NO_BODY, keep_alive=True)),
    "HEAD, chunked": (b"HEAD", answer(b"Transfer-Encoding: chunked"), Response(length=NO_BODY, keep_alive=True)),
    "304": (
        b"GET",
        answer(LENGTH, start=b"HTTP/1.1 304 Not Modified"),
        Response(304, b"Not Modified", ((b"Content-Length", b"5"),), NO_BODY, keep_alive=True),
    ),
    "204": (b"GET", answer(start=b"HTTP/1.1 204 X"), Response(204, b"X", length=NO_BODY, keep_alive=True)),
    "204 with a length": (
        b"GET",
        answer(LENGTH, start=b"HTTP/1.1 204 X"),
        Response(204, b"X", length=NO_BODY, keep_alive=True),
    ),
    "204 to HEAD with a length": (
        b"HEAD",
        answer(LENGTH, start=b"HTTP/1.1 204 X"),
        Response(204, b"X", length=NO_BODY, keep_alive=True),
    ),
    "204, chunked": (
        b"GET",
        answer(b"Transfer-Encoding: chunked", start=b"HTTP/1.1 204 X"),
        Response(204, b"X", length=NO_BODY, keep_alive=True),
    ),
    "205": (b"GET", answer(LENGTH, start=b"HTTP/1.1 205 X"), Response(205, b"X", length=5, keep_alive=True)),
    "100": (
        b"POST",
        answer(start=b"HTTP/1.1 100 Continue"),
        Response(100, b"Continue", length=NO_BODY, keep_alive=True),
    ),
    "103 with fields": (
        b"GET",
        answer(b"Link: </x>", LENGTH, start=b"HTTP/1.1 103 Early Hints"),
        Response(103, b"Early Hints", ((b"Link", b"</x>"),), NO_BODY, keep_alive=True),
    ),
    "101": (
        b"GET",
        answer(b"Connection: upgrade", b"Upgrade: websocket", b"A: 1", start=b"HTTP/1.1 101 Switching Protocols"),
        evolve(SWITCHED, pairs=((b"A", b"1"),), upgrade=b"websocket"),
    ),
    "101 without an upgrade": (
        b"GET",
        answer(b"A: 1", start=b"HTTP/1.1 101 X"),
        Response(101, b"X", ((b"A", b"1"),), NO_BODY, keep_alive=True),
    ),
    "twins go": (
        b"GET",
        answer(LENGTH, b"x_request_id: 1", b"a_b: 2"),
        Response(pairs=((b"a_b", b"2"),), length=5, keep_alive=True),
    ),
}

REFUSED_RESPONSES = {
    "empty line first": (answer(start=b"\r\nHTTP/1.1 200 OK"), "empty line"),
    "bare LF": (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "bare LF"),
    "bare CR in the reason": (answer(start=b"HTTP/1.1 200 O\rK"), "bare CR"),
    "NUL in the reason": (answer(start=b"HTTP/1.1 200 O\x00K"), "control byte"),
    "version": (answer(start=b"HTTP/2.0 200 OK"), "does not begin"),
    "minor version of two digits": (answer(start=b"HTTP/1.10 200 OK"), "does not begin"),
    "version in lower case": (answer(start=b"http/1.1 200 OK"), "does not begin"),
    "another protocol": (answer(start=b"ICY 200 OK"), "does not begin"),
    "junk": (b"220 mail.example ESMTP\r\n", "does not begin"),
    "two digits": (answer(start=b"HTTP/1.1 20 OK"), "three digits"),
    "four digits": (answer(start=b"HTTP/1.1 2000 OK"), "three digits"),
    "status below 100": (answer(start=b"HTTP/1.1 099 OK"), "three digits"),
    "no status": (answer(start=b"HTTP/1.1 "), "three digits"),
    "no space": (answer(start=b"HTTP/1.1"), "does not begin"),
    "two spaces": (answer(start=b"HTTP/1.1  200 OK"), "three digits"),
    "signed status": (answer(start=b"HTTP/1.1 +20 OK"), "three digits"),
    "folded line": (answer(b"A: b", b" c"), "folded"),
    "space before the colon": (answer(b"Content-Length : 5"), "before the colon"),
    "NUL in a value": (answer(b"A: \x00"), "control byte"),
    "two lengths": (answer(LENGTH, b"Content-Length: 6"), "more than one"),
    "two equal lengths": (answer(LENGTH, LENGTH), "more than one"),
    "list of lengths": (answer(b"Content-Length: 5,5"), "Content-Length is not"),
    "negative length": (answer(b"Content-Length: -1"), "Content-Length is not"),
    "length and chunked": (answer(LENGTH, b"Transfer-Encoding: chunked"), "both"),
    "another coding": (answer(b"Transfer-Encoding: gzip"), "once and last"),
    "chunked after another": (answer(b"Transfer-Encoding: gzip, chunked"), "other than chunked"),
    "chunked in 1.0": (answer(b"Transfer-Encoding: chunked", start=b"HTTP/1.0 200 OK"), "HTTP/1.0"),
    "bad length on 204": (answer(b"Content-Length: x", start=b"HTTP/1.1 204 X"), "Content-Length is not"),
    "long status line": (answer(start=b"HTTP/1.1 200 " + LONG), "status line is too long"),
    "large fields": (answer(b"A: " + LONG * 4), "too large"),
    "many fields": (answer(*[b"A: 1"] * 101), "too many"),
}


def feed_responses(pieces: list[bytes], method: bytes = b"GET") -> tuple[ResponseMessage | None, bytes]:
    parser = ResponseParser(WireLimits())
    for number, piece in enumerate(pieces):
        message = parser.feed(piece, method)
        if message is not None:
            return message, parser.rest + b"".join(pieces[number + 1 :])
    return None, b""


@pytest.mark.parametrize(("method", "data", "expected"), ACCEPTED_RESPONSES.values(), ids=ACCEPTED_RESPONSES)
def test_an_accepted_answer_in_any_pieces(method: bytes, data: bytes, expected: Response) -> None:
    cuts = [[data[:cut], data[cut:]] for cut in range(1, len(data))]
    for pieces in ([data], by_byte(data), [data + JUNK], by_byte(data + JUNK), *cuts):
        message, rest = feed_responses(pieces, method)
        assert message is not None
        assert seen_response(message) == expected
        assert rest == b"".join(pieces)[len(data) :]


@pytest.mark.parametrize(("data", "reason"), REFUSED_RESPONSES.values(), ids=REFUSED_RESPONSES)
def test_a_refused_answer_in_any_pieces(data: bytes, reason: str) -> None:
    cuts = [[data[:cut], data[cut:]] for cut in range(1, len(data), max(1, len(data) // 100))]
    for pieces in ([data], by_byte(data), [data + JUNK], *cuts):
        with pytest.raises(BadResponse, match=reason):
            feed_responses(pieces)


def test_interim_answers_come_one_by_one_before_the_final_one() -> None:
    parser = ResponseParser(WireLimits())
    data = answer(start=b"HTTP/1.1 100 Continue") + answer(b"Link: x", start=b"HTTP/1.1 103 X") + answer(LENGTH)
    seen = []
    while (message := parser.feed(data, b"POST")) is not None:
        seen.append((message.head.status, message.length))
        data = parser.rest
        if message.head.status >= 200:
            break
    assert seen == [(100, NO_BODY), (103, NO_BODY), (200, 5)]
    assert data == b""
    assert parser.idle


def test_a_response_parser_is_idle_between_answers() -> None:
    parser = ResponseParser(WireLimits())
    assert parser.idle
    assert parser.feed(b"HTTP/1.1 2", b"GET") is None
    assert not parser.idle
    assert parser.feed(b"04 X\r\n\r\n", b"GET") is not None
    assert parser.idle


# Against other parsers


def h11_accepts(data: bytes) -> bool:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    try:
        connection.receive_data(data.removeprefix(b"\r\n"))  # it knows nothing of an empty line before a request
        return isinstance(connection.next_event(), h11.Request)
    except h11.RemoteProtocolError:
        return False


class HeadersComplete:
    def __init__(self) -> None:
        self.complete = False

    def on_headers_complete(self) -> None:
        self.complete = True


def llhttp_accepts(data: bytes, parser: type) -> bool:
    sink = HeadersComplete()
    with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        parser(sink).feed_data(data)
    return sink.complete


def verdict(pieces: list[bytes]) -> tuple[object, ...]:
    """Return what becomes of a request, comparable between ways to cut it."""
    try:
        message, rest = feed_requests(request_parser(), pieces)
    except BadRequest as refusal:
        return ("refused", refusal.status, refusal.reason)
    return ("waiting",) if message is None else ("accepted", seen_request(message), rest)


@pytest.mark.parametrize("data", [data for data, _ in ACCEPTED_REQUESTS.values()], ids=ACCEPTED_REQUESTS)
def test_what_is_accepted_here_is_accepted_elsewhere(data: bytes) -> None:
    assert h11_accepts(data) or llhttp_accepts(data, httptools.HttpRequestParser)


ODD_BYTES = [*by_byte(b"\r\n\t :/#*0,;-_\x00\x0b\x0c\x7f\x85\xa0\xff"), b"\r\n", b"\r\n ", b" HTTP/1.1", b"Host: b\r\n"]
REQUEST_SEEDS = [data for data, _ in ACCEPTED_REQUESTS.values()] + [data for data, _, _ in REFUSED_REQUESTS.values()]
RESPONSE_SEEDS = [data for _, data, _ in ACCEPTED_RESPONSES.values()] + [data for data, _ in REFUSED_RESPONSES.values()]
CUTS = st.lists(st.integers(0, 400), max_size=4)


@st.composite
def mutants(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Messages with a few bytes put in, taken out or changed."""
    data = draw(st.sampled_from([seed for seed in seeds if len(seed) < 500]))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        taken = draw(st.integers(0, 2))
        data = data[:place] + draw(st.sampled_from([b"", *ODD_BYTES])) + data[place + taken :]
    return data


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@settings(max_examples=300, deadline=None)
@given(data=mutants(REQUEST_SEEDS), cuts=CUTS)
def test_a_mutant_request_is_judged_alike_however_it_is_cut_and_never_accepted_alone(
    data: bytes, cuts: list[int]
) -> None:
    whole = verdict([data])
    assert verdict(by_byte(data)) == whole
    assert verdict(cut(data, cuts)) == whole
    if whole[0] == "accepted":
        assert h11_accepts(data) or llhttp_accepts(data, httptools.HttpRequestParser)


def response_verdict(pieces: list[bytes]) -> tuple[object, ...]:
    try:
        message, rest = feed_responses(pieces)
    except BadResponse as refusal:
        return ("refused", refusal.reason)
    return ("waiting",) if message is None else ("accepted", seen_response(message), rest)


@settings(max_examples=300, deadline=None)
@given(data=mutants(RESPONSE_SEEDS), cuts=CUTS)
def test_a_mutant_answer_is_judged_alike_however_it_is_cut_and_never_accepted_alone(
    data: bytes, cuts: list[int]
) -> None:
    whole = response_verdict([data])
    assert response_verdict(by_byte(data)) == whole
    assert response_verdict(cut(data, cuts)) == whole
    if whole[0] == "accepted":
        known = re.sub(rb"\AHTTP/1\.[2-9]", b"HTTP/1.1", data)  # llhttp knows no later one (RFC 9110 section 2.5)
        assert llhttp_accepts(known, httptools.HttpResponseParser)


# A connection on which fields repeat


@pytest.mark.parametrize(("data", "expected"), ACCEPTED_REQUESTS.values(), ids=ACCEPTED_REQUESTS)
def test_a_request_that_repeats_is_read_like_the_first(data: bytes, expected: Request) -> None:
    parser = request_parser()
    for _ in range(4):
        message = parser.feed(data)
        assert message is not None
        assert seen_request(message) == expected


@pytest.mark.parametrize(("method", "data", "expected"), ACCEPTED_RESPONSES.values(), ids=ACCEPTED_RESPONSES)
def test_an_answer_that_repeats_is_read_like_the_first(method: bytes, data: bytes, expected: Response) -> None:
    parser = ResponseParser(WireLimits())
    for _ in range(4):
        message = parser.feed(data, method)
        assert message is not None
        assert seen_response(message) == expected


def read_anew(data: bytes) -> Request | str:
    try:
        message = request_parser().feed(data)
    except BadRequest as bad:
        return bad.reason
    assert message is not None
    return seen_request(message)


@pytest.mark.parametrize(
    "start",
    [
        b"GET /other?q HTTP/1.1",
        b"GET / HTTP/1.0",
        b"GET / HTTP/1.2",
        b"GET / HTTP/2.0",
        b"HEAD / HTTP/1.1",
        b"PURGE / HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"OPTIONS / HTTP/1.1",
        b"TRACE / HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"CONNECT a.example:443 HTTP/1.1",
        b"GET http://b.example/ HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET /#f HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"G(T / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET /\x80 HTTP/1.1",
        b"GET /" + b"x" * WireLimits().request_line + b" HTTP/1.1",
    ],
)
@pytest.mark.parametrize("fields", [(), (b"Max-Forwards: 1",), (b"Max-Forwards: x",), (b"Content-Length: 3",)])
def test_a_first_line_before_known_fields_counts_as_before_new_ones(start: bytes, fields: tuple[bytes, ...]) -> None:
    parser = request_parser()
    for _ in range(3):
        parser.feed(get(*fields))
    data = get(*fields, start=start)
    try:
        message = parser.feed(data)
    except BadRequest as bad:
        assert bad.reason == read_anew(data)
    else:
        assert message is not None
        assert seen_request(message) == read_anew(data)


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 404 Gone astray",
        b"HTTP/1.1 200",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 100 Continue",
        b"HTTP/1.1 101 Switching Protocols",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 999 x",
        b"HTTP/1.1 20 OK",
        b"HTTP/3 200 OK",
        b"HTTP/1.1 200 \x00",
    ],
)
@pytest.mark.parametrize("fields", [(LENGTH,), (b"Transfer-Encoding: chunked",), (LENGTH, b"Connection: keep-alive")])
def test_a_status_line_before_known_fields_counts_as_before_new_ones(
    method: bytes, start: bytes, fields: tuple[bytes, ...]
) -> None:
    def read(parser: ResponseParser) -> Response | str:
        try:
            message = parser.feed(answer(*fields, start=start), method)
        except BadResponse as bad:
            return str(bad)
        assert message is not None
        return seen_response(message)

    known = ResponseParser(WireLimits())
    for _ in range(3):
        known.feed(answer(*fields), b"GET")
    assert read(known) == read(ResponseParser(WireLimits()))


@pytest.mark.parametrize(
    "start", [b"GET http://b.example/x HTTP/1.1", b"OPTIONS * HTTP/1.1", b"OPTIONS http://b.example HTTP/1.1"]
)
def test_a_host_in_a_target_is_that_requests_alone(start: bytes) -> None:
    parser = request_parser()
    for line in (start,) * 3 + (b"GET / HTTP/1.1",) * 3 + (start, b"GET / HTTP/1.1"):
        data = get(start=line)
        message = parser.feed(data)
        assert message is not None
        assert seen_request(message) == read_anew(data)


def test_what_is_counted_for_one_method_is_as_it_was_for_the_next() -> None:
    parser = request_parser()
    for start in (b"OPTIONS / HTTP/1.1",) * 3 + (b"GET / HTTP/1.1", b"OPTIONS / HTTP/1.1"):
        data = get(b"Max-Forwards: 5", start=start)
        message = parser.feed(data)
        assert message is not None
        assert seen_request(message) == read_anew(data)


def test_what_is_done_to_one_request_is_not_seen_in_the_next() -> None:
    parser = request_parser()
    for _ in range(3):
        parser.feed(get(b"A: 1"))
    changed = parser.feed(get(b"A: 1"))
    assert changed is not None
    changed.head.headers.set(b"A", b"2")
    changed.head.headers.pairs.append((b"B", b"3"))
    changed.head.headers.changed()
    after = parser.feed(get(b"A: 1"))
    assert after is not None
    assert after.head.headers.pairs == [HOST, (b"A", b"1")]


def test_known_fields_are_forgotten_when_others_come() -> None:
    parser = request_parser()
    for value in (b"A: 1", b"A: 1", b"A: 1", b"A: 12", b"A: 1", b"A: 12", b"A: 12", b"A: 12\r\nB: 3"):
        message = parser.feed(get(value) + NEXT)
        assert message is not None
        assert seen_request(message) == read_anew(get(value))
        assert parser.rest == NEXT


def test_known_fields_may_come_in_pieces() -> None:
    parser = request_parser()
    for _ in range(3):
        parser.feed(get(b"A: 1"))
    data = get(b"A: 1", start=b"GET /cut HTTP/1.1")
    for at in range(1, len(data)):
        assert parser.feed(data[:at]) is None
        message = parser.feed(data[at:])
        assert message is not None
        assert seen_request(message) == read_anew(data)


def test_large_fields_are_not_kept_for_as_long_as_a_connection_stands() -> None:
    parser = request_parser()
    large = get(b"A: " + b"x" * 8192)
    for _ in range(3):
        message = parser.feed(large)
        assert message is not None
        assert message.head.headers.section is None
