"""Bodies as tables: payload, what follows, trailers; and the reasons for refusing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import BadBody
from shadowgate.http.framing import (
    CHUNKED,
    NO_BODY,
    UNTIL_CLOSE,
    BodyReader,
    WireLimits,
    reader_for,
    request_length,
    response_length,
)
from shadowgate.http.grammar import Malformed
from shadowgate.http.headers import Pair

LIMITS = WireLimits(trailer_bytes=64, trailer_count=3, chunk_extension=16)


def by_byte(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


def read(pieces: list[bytes], length: int = CHUNKED) -> tuple[bytes, BodyReader]:
    reader = reader_for(length, LIMITS)
    return b"".join([reader.feed(piece) for piece in pieces]), reader


END = b"0\r\n\r\n"
GOOD_CHUNKED: dict[str, tuple[bytes, bytes, list[Pair]]] = {
    "nothing": (END, b"", []),
    "one chunk": (b"5\r\nhello\r\n" + END, b"hello", []),
    "two chunks": (b"5\r\nhello\r\n1\r\n!\r\n" + END, b"hello!", []),
    "hexadecimal in both cases": (
        b"1a\r\n" + b"x" * 26 + b"\r\n1A\r\n" + b"y" * 26 + b"\r\n" + END,
        b"x" * 26 + b"y" * 26,
        [],
    ),
    "zeros before a size": (b"0005\r\nhello\r\n" + b"000" + END, b"hello", []),
    "15 digits": (b"000000000000005\r\nhello\r\n" + END, b"hello", []),
    "line ends in the payload": (b"8\r\n0\r\n\r\n\r\n\n\r\n" + END, b"0\r\n\r\n\r\n\n", []),
    "extensions": (b'5;a;b = c;d="\\";"\r\nhello\r\n0;last\r\n\r\n', b"hello", []),
    "extensions of 16 bytes": (b"5;" + b"a" * 15 + b"\r\nhello\r\n" + END, b"hello", []),
    "trailers": (b"1\r\nx\r\n0\r\nA: 1\r\nb:\t2 \r\n\r\n", b"x", [(b"A", b"1"), (b"b", b"2")]),
    "empty trailer": (b"0\r\nA:\r\n\r\n", b"", [(b"A", b"")]),
    "trailers of 64 bytes": (b"0\r\nA: " + b"x" * 59 + b"\r\n\r\n", b"", [(b"A", b"x" * 59)]),
    "framing among the trailers": (
        b"0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\nA: 1\r\n\r\n",
        b"",
        [(b"A", b"1")],
    ),
    "routing among the trailers": (b"0\r\nHost: evil\r\nX-Forwarded-For: 1\r\nX_Request_Id: 2\r\n\r\n", b"", []),
    "authority among the trailers": (b"0\r\nAuthorization: a\r\nCookie: b\r\nSet-Cookie: c\r\n\r\n", b"", []),
    "hop-by-hop among the trailers": (b"0\r\nConnection: a\r\nTE: b\r\nUpgrade: c\r\n\r\n", b"", []),
}

BAD_CHUNKED = {
    "not a size": (b"hello\r\n", "not hexadecimal"),
    "empty size": (b"\r\n", "not hexadecimal"),
    "signed size": (b"+5\r\nhello\r\n", "not hexadecimal"),
    "negative size": (b"-5\r\nhello\r\n", "not hexadecimal"),
    "0x": (b"0x5\r\nhello\r\n", "no CRLF after a chunk size"),
    "underscore": (b"1_0\r\n", "no CRLF after a chunk size"),
    "space before": (b" 5\r\nhello\r\n", "not hexadecimal"),
    "space after": (b"5 \r\nhello\r\n", "no CRLF after a chunk size"),
    "tab after": (b"5\t\r\nhello\r\n", "no CRLF after a chunk size"),
    "space before an extension": (b"5 ;a\r\nhello\r\n", "no CRLF after a chunk size"),
    "16 digits": (b"0000000000000005\r\n", "too many digits"),
    "overflow": (b"fffffffffffffffff\r\n", "too many digits"),
    "bare LF after the size": (b"5\nhello\r\n", "no CRLF after a chunk size"),
    "bare CR after the size": (b"5\rhello\r\n", "no CRLF after a chunk size"),
    "two CRs after the size": (b"5\r\r\nhello\r\n", "no CRLF after a chunk size"),
    "bare LF after an extension": (b"5;a\nhello\r\n", "malformed chunk extension"),
    "bare CR in an extension": (b"5;a\rb\r\nhello\r\n", "malformed chunk extension"),
    "NUL in an extension": (b"5;a\x00\r\nhello\r\n", "malformed chunk extension"),
    "space in an extension": (b"5;a b\r\nhello\r\n", "malformed chunk extension"),
    "space after an extension": (b"5;a \r\nhello\r\n", "malformed chunk extension"),
    "extension without a name": (b"5;\r\nhello\r\n", "malformed chunk extension"),
    "extension in open quotes": (b'5;a="b\r\nhello\r\n', "malformed chunk extension"),
    "extension too long": (b"5;" + b"a" * 16 + b"\r\nhello\r\n", "too long"),
    "extension without end": (b"5;" + b"a" * 99, "too long"),
    "payload too long": (b"5\r\nhello!\r\n", "no CRLF after the bytes"),
    "payload too short": (b"5\r\nhell\r\n0\r\n\r\n", "no CRLF after the bytes"),
    "bare LF after the payload": (b"5\r\nhello\n0\r\n\r\n", "no CRLF after the bytes"),
    "bare CR after the payload": (b"5\r\nhello\r0\r\n\r\n", "no CRLF after the bytes"),
    "no line end between chunks": (b"5\r\nhello5\r\nhello\r\n", "no CRLF after the bytes"),
    "two line ends between chunks": (b"5\r\nhello\r\n\r\n0\r\n\r\n", "not hexadecimal"),
    "bare LF at the end": (b"0\r\n\n", "malformed trailer"),
    "bare CR at the end": (b"0\r\n\rX", "malformed trailer"),
    "bare LF after a trailer": (b"0\r\nA: b\n\r\n", "malformed trailer"),
    "no colon in a trailer": (b"0\r\nA\r\n\r\n", "malformed trailer"),
    "space before the colon of a trailer": (b"0\r\nA : b\r\n\r\n", "malformed trailer"),
    "folded trailer": (b"0\r\nA: b\r\n c\r\n\r\n", "malformed trailer"),
    "NUL in a trailer": (b"0\r\nA: \x00\r\n\r\n", "malformed trailer"),
    "a request for a trailer": (b"0\r\nGET / HTTP/1.1\r\n", "malformed trailer"),
    "trailers too large": (b"0\r\nA: " + b"x" * 60 + b"\r\n\r\n", "too large"),
    "trailers without end": (b"0\r\nA: " + b"x" * 99, "too large"),
    "too many trailers": (b"0\r\n" + b"A:\r\n" * 4, "too many"),
}


@pytest.mark.parametrize(("data", "payload", "trailers"), GOOD_CHUNKED.values(), ids=GOOD_CHUNKED)
def test_a_chunked_body_in_any_pieces(data: bytes, payload: bytes, trailers: list[Pair]) -> None:
    cuts = [[data[:cut], data[cut:]] for cut in range(1, len(data))]
    for pieces in ([data], by_byte(data), *cuts):
        seen, reader = read(pieces)
        assert (seen, reader.done, reader.rest, reader.trailers) == (payload, True, b"", trailers)
        reader.eof()
        seen, reader = read([*pieces[:-1], pieces[-1] + b"GET /", b" x"])
        assert (seen, reader.done, reader.rest, reader.trailers) == (payload, True, b"GET / x", trailers)


@pytest.mark.parametrize(("data", "payload", "trailers"), GOOD_CHUNKED.values(), ids=GOOD_CHUNKED)
def test_a_chunked_body_cut_short_is_never_done(data: bytes, payload: bytes, trailers: list[Pair]) -> None:
    for cut in range(len(data)):
        _, reader = read([data[:cut]])
        assert not reader.done
        with pytest.raises(BadBody, match="before the last chunk"):
            reader.eof()


@pytest.mark.parametrize(("data", "reason"), BAD_CHUNKED.values(), ids=BAD_CHUNKED)
def test_a_bad_chunked_body_in_any_pieces(data: bytes, reason: str) -> None:
    cuts = [[data[:cut], data[cut:]] for cut in range(1, len(data))]
    for pieces in ([data], by_byte(data), [b"3\r\nabc\r\n" + data], [data + b"\r\n\r\n0\r\n\r\n"], *cuts):
        with pytest.raises(BadBody, match=reason) as caught:
            read(pieces)
        assert reason in caught.value.reason


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_payload_survives_any_chunking_and_any_cutting(chunks: list[bytes], cuts: list[int]) -> None:
    data = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + END + b"rest"
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    seen, reader = read([data[begin:end] for begin, end in pairwise(edges)])
    assert (seen, reader.done, reader.rest) == (b"".join(chunks), True, b"rest")


def test_data_within_one_chunk_is_passed_on_as_the_same_object() -> None:
    reader = reader_for(CHUNKED, LIMITS)
    reader.feed(b"fffff\r\n")
    data = bytes(1000)
    assert reader.feed(data) is data


def test_a_huge_chunk_costs_no_memory() -> None:
    reader = reader_for(CHUNKED, LIMITS)
    assert reader.feed(b"fffffffffffffff\r\nx") == b"x"
    assert not reader.done


def test_chunked_reading_byte_by_byte_takes_linear_time() -> None:
    def seconds(count: int) -> float:
        pieces = by_byte(b"3\r\nabc\r\n" * count)
        reader = reader_for(CHUNKED, LIMITS)
        before = process_time()
        for piece in pieces:
            reader.feed(piece)
        return process_time() - before

    # Sixteen times the bytes: 256 times the work if it were quadratic.
    assert min(seconds(16_000) for _ in range(3)) < 80 * min(seconds(1_000) for _ in range(3))


class TestAFixedBody:
    def test_passes_on_the_same_object(self) -> None:
        reader = reader_for(10, LIMITS)
        first, second = bytes(6), bytes(4)
        assert reader.feed(first) is first
        assert not reader.done
        assert reader.feed(second) is second
        assert (reader.done, reader.rest, reader.trailers) == (True, b"", [])

    def test_keeps_what_follows(self) -> None:
        payload, reader = read([b"hel", b"loGET /", b" x"], 5)
        assert (payload, reader.done, reader.rest) == (b"hello", True, b"GET / x")

    def test_of_nothing_is_done_at_once(self) -> None:
        for length in (0, NO_BODY):
            reader = reader_for(length, LIMITS)
            assert reader.done
            reader.eof()
            assert reader.feed(b"GET /") == b""
            assert reader.rest == b"GET /"

    def test_of_any_size_is_a_counter(self) -> None:
        reader = reader_for(10**18 - 1, LIMITS)
        assert reader.feed(b"x") == b"x"
        assert not reader.done

    def test_cut_short_is_a_bad_body(self) -> None:
        _, reader = read([b"hell"], 5)
        with pytest.raises(BadBody, match="closed 1 bytes before"):
            reader.eof()
        assert not reader.done

    def test_is_complete_at_the_end_of_the_connection(self) -> None:
        _, reader = read([b"hello"], 5)
        reader.eof()
        assert reader.done


def test_a_close_delimited_body_ends_with_the_connection_alone() -> None:
    reader = reader_for(UNTIL_CLOSE, LIMITS)
    data = b"0\r\n\r\n"
    assert reader.feed(data) is data
    assert not reader.done
    reader.eof()
    assert (reader.done, reader.rest, reader.trailers) == (True, b"", [])


class TestALength:
    """The decisions themselves; the messages around them are in test_parser."""

    def test_of_a_request(self) -> None:
        assert request_length(11, [], []) == NO_BODY
        assert request_length(10, [b"7"], []) == 7
        assert request_length(11, [], [b"chunked"]) == CHUNKED

    @pytest.mark.parametrize("status", [100, 101, 199, 204, 304])
    def test_of_an_answer_that_never_has_a_body(self, status: int) -> None:
        for lengths, codings in (([], []), ([b"5"], []), ([], [b"chunked"])):
            assert response_length(b"GET", status, 11, lengths, codings) == NO_BODY

    @pytest.mark.parametrize("status", [200, 205, 301, 400, 500, 999])
    def test_of_any_other_answer(self, status: int) -> None:
        assert response_length(b"GET", status, 11, [], []) == UNTIL_CLOSE
        assert response_length(b"GET", status, 11, [b"5"], []) == 5
        assert response_length(b"GET", status, 11, [], [b"chunked"]) == CHUNKED
        assert response_length(b"HEAD", status, 11, [b"5"], []) == NO_BODY

    @pytest.mark.parametrize("status", [100, 200, 204, 304])
    def test_is_refused_where_the_fields_disagree(self, status: int) -> None:
        with pytest.raises(Malformed, match="both"):
            response_length(b"HEAD", status, 11, [b"5"], [b"chunked"])


# Bounds


@pytest.mark.parametrize("pieces", [lambda data: [data], by_byte], ids=["whole", "by byte"])
@pytest.mark.parametrize(
    ("chunks", "good"),
    [
        (b"1;%b\r\nx\r\n" % (b"a" * 14), True),  # 15 bytes for nothing, of 16
        (b"1;%b\r\nx\r\n" % (b"a" * 14) * 2, False),
        (b"20;%b\r\n" % (b"a" * 14) + b"x" * 32 + b"\r\n" + b"8;%b\r\nxxxxxxxx\r\n" % (b"a" * 14), True),
        (b"1;a\r\nx\r\n" * 16, True),
        (b"1;a\r\nx\r\n" * 17, False),
    ],
)
def test_extensions_are_bounded_by_the_payload_that_comes_with_them(
    pieces: Callable[[bytes], list[bytes]], chunks: bytes, good: bool
) -> None:
    if good:
        assert read(pieces(chunks + END))[1].done
    else:
        with pytest.raises(BadBody, match="chunk extensions are too long"):
            read(pieces(chunks + END))


@pytest.mark.parametrize("pieces", [lambda data: [data], by_byte], ids=["whole", "by byte"])
def test_a_chunk_that_exceeds_the_bound_is_refused_at_its_size(pieces: Callable[[bytes], list[bytes]]) -> None:
    limits = WireLimits(body_bytes=10)
    reader = reader_for(CHUNKED, limits)
    payload = b"".join(map(reader.feed, pieces(b"6\r\nhello!\r\n4\r\nfour\r\n0\r\n\r\n")))
    assert (payload, reader.done) == (b"hello!four", True)
    reader = reader_for(CHUNKED, limits)
    for piece in pieces(b"6\r\nhello!\r\n"):
        reader.feed(piece)
    with pytest.raises(BadBody, match="the body is too large") as caught:
        for piece in pieces(b"5\r\n"):
            reader.feed(piece)
    assert caught.value.status == 413


def test_a_length_that_exceeds_the_bound_is_refused_at_the_head() -> None:
    assert request_length(11, [b"10"], [], 10) == 10
    with pytest.raises(Malformed) as caught:
        request_length(11, [b"11"], [], 10)
    assert caught.value.status == 413


def test_trailers_that_are_too_large_or_too_many_are_told_apart_from_malformed_ones() -> None:
    for trailers, status in ((b"A: " + b"x" * 99, 431), (b"A:\r\n" * 4, 431), (b"A : b\r\n", 400)):
        with pytest.raises(BadBody) as caught:
            read([b"0\r\n" + trailers])
        assert caught.value.status == status
