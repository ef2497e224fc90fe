"""What is written: exact bytes, the way back through the parser, and what is never written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, WireLimits, reader_for
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Pair
from shadowgate.http.request_parser import RequestParser
from shadowgate.http.response_parser import ResponseParser
from shadowgate.http.writer import (
    chunk,
    informational_block,
    last_chunk,
    request_block,
    response_block,
    switching_block,
)


def request(*pairs: Pair, method: bytes = b"GET", target: bytes = b"/x", authority: bytes = b"a") -> RequestHead:
    return RequestHead(method, target, 11, Headers(pairs), authority)


def response(*pairs: Pair, status: int = 200, reason: bytes = b"OK") -> ResponseHead:
    return ResponseHead(status, Headers(pairs), reason)


HOST = (b"host", b"a")


@pytest.mark.parametrize(
    ("head", "length", "expected"),
    [
        (request(HOST), NO_BODY, b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"),
        (request((b"B", b"1"), HOST), NO_BODY, b"GET /x HTTP/1.1\r\nB: 1\r\nhost: a\r\n\r\n"),
        (request((b"B", b"1")), NO_BODY, b"GET /x HTTP/1.1\r\nHost: a\r\nB: 1\r\n\r\n"),
        (request(HOST), 0, b"GET /x HTTP/1.1\r\nhost: a\r\nContent-Length: 0\r\n\r\n"),
        (request(HOST), 12, b"GET /x HTTP/1.1\r\nhost: a\r\nContent-Length: 12\r\n\r\n"),
        (request(HOST), CHUNKED, b"GET /x HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (
            request(HOST, (b"TE", b"trailers")),
            NO_BODY,
            b"GET /x HTTP/1.1\r\nhost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n",
        ),
        (request(HOST, (b"B", b"")), NO_BODY, b"GET /x HTTP/1.1\r\nhost: a\r\nB: \r\n\r\n"),
        (
            request(HOST, (b"Content-Length", b"9"), (b"transfer-ENCODING", b"x"), (b"Connection", b"y"), (b"B", b"1")),
            NO_BODY,
            b"GET /x HTTP/1.1\r\nhost: a\r\nB: 1\r\n\r\n",
        ),
    ],
)
def test_a_request_head(head: RequestHead, length: int, expected: bytes) -> None:
    assert request_block(head, length) == expected


@pytest.mark.parametrize(
    ("head", "length", "close", "version", "expected"),
    [
        (response(), 5, False, 11, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (response(), NO_BODY, False, 11, b"HTTP/1.1 200 OK\r\n\r\n"),
        (response((b"B", b"1")), CHUNKED, False, 11, b"HTTP/1.1 200 OK\r\nB: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (response(), 5, True, 11, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"),
        (response(), 5, True, 10, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"),
        (response(), 5, False, 10, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"),
        (response(), UNTIL_CLOSE, True, 10, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
        (response(), UNTIL_CLOSE, False, 11, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
        (response(reason=b""), NO_BODY, False, 11, b"HTTP/1.1 200 OK\r\n\r\n"),
        (response(reason=b"Fine"), NO_BODY, False, 11, b"HTTP/1.1 200 Fine\r\n\r\n"),
        (response(status=999, reason=b""), NO_BODY, False, 11, b"HTTP/1.1 999 \r\n\r\n"),
        (response(status=999, reason=b"X\r\nA: b"), NO_BODY, False, 11, b"HTTP/1.1 999 \r\n\r\n"),
        (response(status=404, reason=b"X\nA: b"), NO_BODY, False, 11, b"HTTP/1.1 404 Not Found\r\n\r\n"),
        (response((b"Content-Length", b"7")), NO_BODY, False, 11, b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
        (response((b"Content-Length", b"7")), 5, False, 11, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (response((b"Content-Length", b"7"), status=204), NO_BODY, False, 11, b"HTTP/1.1 204 OK\r\n\r\n"),
        (response((b"Connection", b"x"), (b"Transfer-Encoding", b"y")), NO_BODY, False, 11, b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
)
def test_a_response_head(head: ResponseHead, length: int, close: bool, version: int, expected: bytes) -> None:
    assert response_block(head, length, close=close, version=version) == expected


def upgrading(*pairs: Pair) -> RequestHead:
    head = request(HOST, *pairs)
    head.ask_upgrade(b"websocket")
    return head


def test_a_request_for_another_protocol() -> None:
    expected = b"GET /x HTTP/1.1\r\nhost: a\r\nB: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    head = upgrading((b"B", b"1"), (b"Connection", b"x"), (b"Content-Length", b"1"), (b"TE", b"trailers"))
    assert request_block(head, NO_BODY) == expected
    head.headers.set(b"upgrade", b"h2c")
    assert request_block(head, NO_BODY) == expected, "what the client asked for is not for plugins to say"
    assert request_block(head.copy(), NO_BODY) == expected


def test_a_request_whose_upgrade_was_taken_away_is_an_ordinary_one() -> None:
    head = upgrading()
    head.headers.remove(b"upgrade")
    assert not head.upgrading
    assert request_block(head, NO_BODY) == b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"


def test_a_change_of_protocol() -> None:
    head = response((b"B", b"1"), (b"Upgrade", b"h2c"), (b"Transfer-Encoding", b"chunked"), status=101, reason=b"Yes")
    expected = b"HTTP/1.1 101 Switching Protocols\r\nB: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert switching_block(head, b"websocket") == expected
    head.status = 200
    assert switching_block(head, b"websocket") == expected, "the status of a change of protocol is 101"


def test_a_client_of_1_0_is_never_sent_chunks() -> None:
    with pytest.raises(ValueError, match=r"HTTP/1\.0"):
        response_block(response(), CHUNKED, close=True, version=10)


def test_an_interim_answer() -> None:
    head = response((b"Link", b"</x>"), (b"Content-Length", b"5"), status=103, reason=b"")
    assert informational_block(head) == b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with pytest.raises(ValueError, match="no interim answer"):
        informational_block(response())


def test_chunks_read_back() -> None:
    assert chunk(b"") == b"", "an empty chunk would end the body"
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert last_chunk() == b"0\r\n\r\n"
    trailers = [(b"A", b"1"), (b"B", b"")]
    assert last_chunk(trailers) == b"0\r\nA: 1\r\nB: \r\n\r\n"
    reader = reader_for(CHUNKED, WireLimits())
    assert reader.feed(chunk(b"hello ") + chunk(b"") + chunk(b"world") + last_chunk(trailers)) == b"hello world"
    assert (reader.done, reader.rest, reader.trailers) == (True, b"", trailers)


EVIL = [b"\r\nEvil: 1", b"\nEvil: 1", b"\rEvil: 1", b"\r\n\r\nGET / HTTP/1.1", b"\x00", b"\x0b", b"\x7f"]


@pytest.mark.parametrize("evil", EVIL)
def test_a_plugin_cannot_split_a_message(evil: bytes) -> None:
    value = b"a" + evil + b"b"
    for head in (
        request(HOST, (b"A", value)),
        request(HOST, (value, b"a")),
        request(authority=value),
        request((b"Host", value)),
        request(HOST, target=b"/" + value),
        request(HOST, method=value),
    ):
        with pytest.raises(ValueError, match="no HTTP/1 head"):
            request_block(head, NO_BODY)
    for pair in ((b"A", value), (value, b"a")):
        with pytest.raises(ValueError, match="no HTTP/1 head"):
            response_block(response(pair), 0, close=False)
        with pytest.raises(ValueError, match="no HTTP/1 head"):
            informational_block(response(pair, status=103))
        with pytest.raises(ValueError, match="no trailer field"):
            last_chunk([pair])


@pytest.mark.parametrize(
    "head",
    [
        request(HOST, target=b"/a HTTP/1.1 b"),
        request(HOST, target=b"/a b"),
        request(HOST, target=b"/\xe9"),
        request(HOST, target=b""),
        request(HOST, method=b"GET /evil"),
        request(HOST, method=b""),
        request(HOST, (b"A B", b"1")),
        request(HOST, (b"A ", b"1")),
        request(HOST, (b"", b"1")),
    ],
)
def test_a_plugin_cannot_break_a_request_without_a_line_end_either(head: RequestHead) -> None:
    with pytest.raises(ValueError, match="no HTTP/1 head"):
        request_block(head, NO_BODY)


@pytest.mark.parametrize("status", [0, 99, 1000, -200])
def test_a_status_has_three_digits(status: int) -> None:
    with pytest.raises(ValueError, match="no HTTP/1 head"):
        response_block(response(status=status), 0, close=False)


TOKENS = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8).map(lambda text: b"p-" + text.encode())
TEXT = st.binary(max_size=12).map(lambda text: bytes(b for b in text if b == 9 or 32 <= b != 127).strip(b" \t"))
PAIRS = st.lists(st.tuples(TOKENS, TEXT), max_size=8)


@given(
    method=TOKENS,
    target=st.text('/ab.%?&=~!"<>', max_size=20).map(lambda text: b"/" + text.encode()),
    pairs=PAIRS,
    length=st.one_of(st.just(NO_BODY), st.just(CHUNKED), st.integers(0, 10**18 - 1)),
)
def test_a_written_request_parses_to_itself(method: bytes, target: bytes, pairs: list[Pair], length: int) -> None:
    block = request_block(RequestHead(method, target, 11, Headers([*pairs, (b"Host", b"a:1")]), b"a:1"), length)
    parser = RequestParser(WireLimits(), scheme=b"http", peer="", local="", listener="")
    message = parser.feed(block + b"rest")
    assert message is not None
    head = message.head
    assert (head.method, head.target, head.authority) == (method, target, b"a:1")
    assert head.headers.pairs == [*pairs, (b"Host", b"a:1")]
    assert (message.length, message.keep_alive, parser.rest) == (length, True, b"rest")
    assert request_block(head, message.length) == block


@given(
    status=st.integers(200, 999).filter(lambda status: status not in (204, 304)),
    reason=TEXT.filter(bool),
    pairs=PAIRS,
    length=st.one_of(st.just(UNTIL_CLOSE), st.just(CHUNKED), st.integers(0, 10**18 - 1)),
    close=st.booleans(),
)
def test_a_written_response_parses_to_itself(
    status: int, reason: bytes, pairs: list[Pair], length: int, close: bool
) -> None:
    block = response_block(ResponseHead(status, Headers(pairs), reason), length, close=close)
    parser = ResponseParser(WireLimits())
    message = parser.feed(block + b"rest", b"GET")
    assert message is not None
    assert (message.head.status, message.head.reason, message.head.headers.pairs) == (status, reason, pairs)
    assert (message.length, message.keep_alive) == (length, not close and length != UNTIL_CLOSE)
    assert parser.rest == b"rest"


@given(junk=st.binary(max_size=30), value=st.binary(max_size=30))
def test_what_is_written_is_always_one_message(junk: bytes, value: bytes) -> None:
    try:
        block = request_block(request(HOST, (b"A" + junk, value), target=b"/" + junk), NO_BODY)
    except ValueError:
        return
    parser = RequestParser(WireLimits(), scheme=b"http", peer="", local="", listener="")
    assert parser.feed(block) is not None
    assert parser.rest == b""
