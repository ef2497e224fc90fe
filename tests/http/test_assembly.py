"""Heads in pieces; what they become is in test_parser, this is about how they are put together."""

from __future__ import annotations

from time import process_time

import pytest

from shadowgate.http.assembly import REQUEST_START, STATUS_START, HeadAssembly
from shadowgate.http.framing import WireLimits
from shadowgate.http.grammar import Malformed


def by_byte(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


def test_a_head_comes_out_canonical() -> None:
    assembly = HeadAssembly(REQUEST_START, WireLimits())
    data = b"\r\nGET / HTTP/1.1\r\nHost: a \t\r\nx_request_id: twin\r\nB: \r\nc_d: 1\r\n\r\nrest\r\n"
    assert assembly.add(data) == b"GET / HTTP/1.1\r\nHost: a\r\nB:\r\nc_d: 1\r\n\r\n"
    assert assembly.rest == b"rest\r\n"


def test_an_empty_line_before_a_request_is_nothing_yet() -> None:
    assembly = HeadAssembly(REQUEST_START, WireLimits())
    assert assembly.idle
    assert assembly.add(b"\r") is None
    assert not assembly.idle
    assert assembly.add(b"\n") is None
    assert assembly.idle
    assert assembly.add(b"G") is None
    assert not assembly.idle


def test_no_empty_line_comes_before_an_answer() -> None:
    with pytest.raises(Malformed, match="empty line in place of the status line"):
        HeadAssembly(STATUS_START, WireLimits()).add(b"\r\n")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\rX", "bare CR in the request line"),
        (b"GET / HTTP/1.1\r\nA: b\rX", "bare CR in a header field"),
        (b"GET /\x00", "control byte in the request line"),
        (b"GET / HTTP/1.1\r\nA\x00", "control byte in a header field"),
        (b"GET / HTTP/1.1\r\nA \x7f", "control byte in a header field"),
        (b"GET /\xc3", "non-ASCII byte in the request line"),
        (b"GET / HTTP/1.1\r\nA: b\n", "bare LF"),
        (b"x" * 33, "request line is too long"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 62, "header fields are too large"),
    ],
)
def test_a_head_is_refused_with_the_byte_that_spoils_it(data: bytes, reason: str) -> None:
    limits = WireLimits(request_line=32, header_bytes=64)
    assembly = HeadAssembly(REQUEST_START, limits)
    assert assembly.add(data[:-1]) is None
    with pytest.raises(Malformed, match=reason):
        assembly.add(data[-1:])
    with pytest.raises(Malformed, match=reason):
        HeadAssembly(REQUEST_START, limits).add(data)


def test_a_head_byte_by_byte_takes_linear_time() -> None:
    limits = WireLimits(header_bytes=1 << 20)

    def seconds(size: int) -> float:
        pieces = by_byte(b"GET / HTTP/1.1\r\nA: " + b"x" * size)
        assembly = HeadAssembly(REQUEST_START, limits)
        before = process_time()
        for piece in pieces:
            assembly.add(piece)
        return process_time() - before

    # Sixteen times the bytes: 256 times the work if every byte looked at all before it.
    assert min(seconds(320_000) for _ in range(2)) < 80 * min(seconds(20_000) for _ in range(2))
