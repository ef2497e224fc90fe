"""The grammar by itself: authorities, and that each line that the patterns refuse has its sentence."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.http.grammar import (
    FIELD_LINE,
    REQUEST_LINE,
    STATUS_LINE,
    Malformed,
    check_field_line,
    check_request_line,
    check_status_line,
    head_pattern,
    is_authority,
)

GOOD = b"a a.example A-b_c~d. a:0 a:65535 1.2.3.4:80 [::1] [::ffff:1.2.3.4]:8 %41 a!$&'()*+;=".split(b" ")
BAD = rb"""
: a: :80 a:65536 a:123456 a:-1 a:8o a,b u@a u:p@a a/b a?b a#b [ [] [::1 ::1 [::1]a [::1]: [1.2.3.4] [:::] [::1%25lo]
[v1.a] %4 %zz "a" <a> a\b {a} a|b a^b
""".split()
BAD += [b"", b"a b", b"a ", b" a", b"a\n", b"a\r\n", b"a:80\n", b"\xff", b"a\x00", b"a" * 256]


@pytest.mark.parametrize("value", GOOD)
def test_an_authority(value: bytes) -> None:
    assert is_authority(value)


@pytest.mark.parametrize("value", BAD)
def test_what_is_no_authority(value: bytes) -> None:
    assert not is_authority(value)


LINES = st.text("GET /:HTP12.05# \t\r\x00\x7fé", max_size=24).map(lambda text: text.encode("latin-1"))


@given(line=st.one_of(LINES, LINES.map(lambda line: b"GET / " + line), LINES.map(lambda line: b"HTTP/1.1 " + line)))
def test_a_line_is_refused_exactly_when_the_pattern_of_heads_refuses_it(line: bytes) -> None:
    def refused(check: Callable[[bytes], None]) -> bool:
        try:
            check(line)
        except Malformed as fault:
            assert fault.reason
            return True
        return False

    assert refused(check_request_line) == (head_pattern(REQUEST_LINE).fullmatch(line + b"\r\n\r\n") is None)
    assert refused(check_status_line) == (head_pattern(STATUS_LINE).fullmatch(line + b"\r\n\r\n") is None)
    assert refused(check_field_line) == (FIELD_LINE.fullmatch(line + b"\r\n") is None)


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"a" * 60_000,
        b"GET / HTTP/1.1\r\n" + b"a" * 60_000,
        b"GET / HTTP/1.1\r\nA:" + b" " * 60_000 + b"\x00",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + b"\x00",
        b"GET / HTTP/1.1\r\n" + b"A:\r\n" * 15_000,
    ],
)
def test_no_head_makes_the_pattern_backtrack(data: bytes) -> None:
    pattern = head_pattern(REQUEST_LINE)
    before = process_time()
    assert pattern.match(data) is None
    assert process_time() - before < 0.1  # about 0.5 ms when read once
