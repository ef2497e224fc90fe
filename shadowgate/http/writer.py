"""Heads and chunks to bytes: framing is written from the decided length, never from what was received.

Nothing leaves that this gateway's own parser would refuse: the finished block has to match the same grammar in as many
lines as were put in, so that no plugin can split a message with a line break, a space or a NUL in a field, a target or
a method.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus

from shadowgate.http.fields import FRAMING
from shadowgate.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE
from shadowgate.http.grammar import FIELD_LINE, REQUEST_LINE, STATUS_LINE, TEXT, head_pattern
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Index, Pair, Section

_request = head_pattern(REQUEST_LINE, end_of_value=b"").fullmatch
_response = head_pattern(STATUS_LINE, end_of_value=b"").fullmatch
_request_line = re.compile(REQUEST_LINE).fullmatch
_response_line = re.compile(STATUS_LINE).fullmatch
_field_line = FIELD_LINE.fullmatch
_is_reason = re.compile(TEXT + rb"*+").fullmatch

_WRITTEN_HERE = FRAMING | {b"connection"}
_NEVER_TOLD = _WRITTEN_HERE - {b"content-length"}
_WRITTEN_TO_UPGRADE = _WRITTEN_HERE | {b"te", b"upgrade"}

_STANDARD = {
    status.value: (phrase := status.phrase.encode("ascii"), b"HTTP/1.1 %d %b" % (status, phrase))
    for status in HTTPStatus
}
"""Status to the standard phrase and the status line with it."""

_line = b": ".join
_END = b"\r\n\r\n"
_CHUNKED_END = b"\r\nTransfer-Encoding: chunked" + _END


def request_block(head: RequestHead, length: int) -> bytes:
    """Return a request's head; ``length`` is a count, CHUNKED or NO_BODY.

    Raises ValueError where a plugin left something that an HTTP/1 head cannot carry.
    """
    headers = head.headers
    section = headers.section
    if section is not None and head.upgrade is None:
        line = head.line
        if line is None:
            line = b"%b %b HTTP/1.1" % (head.method, head.target)
            if _request_line(line) is None:
                raise _unwritable(head)
            head.know_line(line)
        return _shown(line, section, headers, length, head)
    index = headers.index
    lines = [b"%b %b HTTP/1.1" % (head.method, head.target)]
    if b"host" not in index:
        lines.append(b"Host: " + head.authority)
    if head.upgrade is not None and b"upgrade" in index:
        lines += _to_upgrade(headers, head.upgrade)
    else:
        lines += map(_line, _end_to_end(headers, index, _WRITTEN_HERE))
        if b"te" in index:
            lines.append(b"Connection: TE")  # RFC 9110 section 10.1.4
    if length >= 0:
        lines.append(b"Content-Length: %d" % length)
    elif length == CHUNKED:
        lines.append(b"Transfer-Encoding: chunked")
    return _block(lines, _request, head)


def response_block(head: ResponseHead, length: int, *, close: bool, version: int = 11) -> bytes:
    """Return a final answer's head for a client that speaks ``version`` (10 or 11).

    UNTIL_CLOSE writes no framing field and always announces the close.  The status line says HTTP/1.1 whoever asks
    (RFC 9110 section 6.2).  Raises ValueError where a plugin left something that an HTTP/1 head cannot carry.
    """
    status, headers = head.status, head.headers
    section = headers.section
    if section is not None and length != NO_BODY and not close and version == 11 and length != UNTIL_CLOSE:
        line = _status_line(status, head.reason)
        if status not in _STANDARD and _response_line(line) is None:
            raise _unwritable(head)
        return _shown(line, section, headers, length, head)
    # To HEAD and 304 the length of the body that GET would have had is a field like any other.
    told = length == NO_BODY and status >= 200 and status != 204
    lines = [_status_line(status, head.reason)]
    lines += map(_line, _end_to_end(headers, headers.index, _NEVER_TOLD if told else _WRITTEN_HERE))
    if length >= 0:
        lines.append(b"Content-Length: %d" % length)
    elif length == CHUNKED:
        if version < 11:
            raise ValueError("an HTTP/1.0 client cannot be sent a chunked body")  # RFC 9112 section 6.1
        lines.append(b"Transfer-Encoding: chunked")
    if close or length == UNTIL_CLOSE:
        lines.append(b"Connection: close")
    elif version < 11:
        lines.append(b"Connection: keep-alive")
    return _block(lines, _response, head)


def switching_block(head: ResponseHead, protocol: bytes) -> bytes:
    """Return the head of a 101 after which the connection speaks ``protocol``; ValueError as for any answer."""
    return _block([_status_line(101, b""), *_to_upgrade(head.headers, protocol)], _response, head)


def informational_block(head: ResponseHead) -> bytes:
    """Return an interim answer (1xx) whole; it has no body and says nothing of the connection."""
    if not 100 <= head.status < 200:
        raise ValueError(f"{head!r} is no interim answer")
    return response_block(head, NO_BODY, close=False)


def chunk(data: bytes) -> bytes:
    """Return one chunk; nothing for no data, because an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def last_chunk(trailers: Iterable[Pair] = ()) -> bytes:
    """Return what ends a chunked body; ValueError where a trailer field cannot be sent safely."""
    if not trailers:
        return b"0\r\n\r\n"
    lines = [b"0\r\n"]
    for pair in trailers:
        line = _line(pair) + b"\r\n"
        if _field_line(line) is None:
            raise ValueError(f"no trailer field can carry {pair!r}")
        lines.append(line)
    lines.append(b"\r\n")
    return b"".join(lines)


def _block(lines: list[bytes], grammar: Callable[[bytes], object], head: RequestHead | ResponseHead) -> bytes:
    """Join the lines of a head, which have to be as many afterwards and all of them well-formed."""
    lines += (b"", b"")
    block = b"\r\n".join(lines)
    if block.count(b"\n") != len(lines) - 1 or grammar(block) is None:
        raise _unwritable(head)
    return block


def _shown(line: bytes, section: Section, headers: Headers, length: int, head: RequestHead | ResponseHead) -> bytes:
    """Return a head whose fields are a section's: they were looked at when it was written the first time."""
    text = section.text
    if text is None:
        text = section.text = _section_text(section, head)
    late = headers.late
    if late is not None and not headers.late_text:
        headers.late_text = _checked(_line(late), head)
    if length >= 0:
        return b"%b%b%b\r\nContent-Length: %d\r\n\r\n" % (line, text, headers.late_text, length)
    return b"%b%b%b%b" % (line, text, headers.late_text, _CHUNKED_END if length == CHUNKED else _END)


def _section_text(section: Section, head: RequestHead | ResponseHead) -> bytes:
    lines = [_line(pair) for pair in section.pairs if pair[0].lower() not in _WRITTEN_HERE]
    if b"te" in section.index:
        lines.append(b"Connection: TE")  # RFC 9110 section 10.1.4
    return b"".join([_checked(line, head) for line in lines])


def _checked(line: bytes, head: RequestHead | ResponseHead) -> bytes:
    """Return a field line behind a CRLF, if it is one."""
    if _field_line(line + b"\r\n") is None:
        raise _unwritable(head)
    return b"\r\n" + line


def _unwritable(head: RequestHead | ResponseHead) -> ValueError:
    return ValueError(f"{head!r} holds bytes that no HTTP/1 head can carry")


def _end_to_end(headers: Headers, index: Index, gone: frozenset[bytes]) -> list[Pair]:
    """Return the fields without what a plugin may have said about framing and the connection: that is not its say."""
    if b"content-length" in index or b"transfer-encoding" in index or b"connection" in index:
        return [pair for pair in headers.pairs if pair[0].lower() not in gone]
    return headers.pairs


def _to_upgrade(headers: Headers, protocol: bytes) -> list[bytes]:
    """Return the lines of fields that ask for, or grant, another protocol (RFC 9110 section 7.8)."""
    lines = [_line(pair) for pair in headers.pairs if pair[0].lower() not in _WRITTEN_TO_UPGRADE]
    return [*lines, b"Connection: Upgrade", b"Upgrade: " + protocol]


def _status_line(status: int, reason: bytes) -> bytes:
    """Return the status line; an absent reason, or one that cannot be sent, gives way to the standard phrase."""
    standard = _STANDARD.get(status)
    if standard is not None and (not reason or reason == standard[0]):
        return standard[1]
    if _is_reason(reason) is None:
        return standard[1] if standard is not None else b"HTTP/1.1 %d " % status
    return b"HTTP/1.1 %d %b" % (status, reason)
