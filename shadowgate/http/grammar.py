"""The HTTP/1 grammar as this gateway accepts it, and the sentence for each way to break it.

Patterns over raw bytes, nothing else: no state, no meaning of single fields (``fields``), no body lengths
(``framing``).  Every class of bytes is spelled out positively, because a negated class is twice as slow in ``re``, and
every repetition is possessive, so that no input makes a pattern back-track.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
"""RFC 9110 section 5.6.2."""
PLAIN_TOKEN = rb"[!#$%&'*+\-.^`|~0-9A-Za-z]"
"""A token without the underscore: a head with only such names can hold no twin of a field that the gateway sets."""
TEXT = rb"[\t -~\x80-\xff]"
"""RFC 9110 section 5.5, obs-text included; never NUL, CR, LF or another control byte."""
TARGET = rb"[!-\x22$-~]"
"""Visible ASCII without ``#``: a fragment is never sent (RFC 9112 section 3.2)."""

REQUEST_LINE = rb"(" + TOKEN + rb"++) (" + TARGET + rb"++) HTTP/1\.([01])"
STATUS_LINE = rb"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: (" + TEXT + rb"*+))?"
"""The reason phrase is optional, with its space (RFC 9112 section 4); a later minor version is read as 1.1 (RFC 9110
section 2.5)."""


def head_pattern(start: bytes, name: bytes = TOKEN, end_of_value: bytes = rb"(?<![ \t])") -> re.Pattern[bytes]:
    """Return the pattern of a whole head; its values carry no white space at their end unless asked for."""
    return re.compile(start + rb"\r\n(?:" + name + rb"++:" + TEXT + rb"*+" + end_of_value + rb"\r\n)*+\r\n")


FIELD_LINE = re.compile(rb"(" + TOKEN + rb"++):[ \t]*+(" + TEXT + rb"*+)\r\n")

_request_line = re.compile(REQUEST_LINE).fullmatch
_status_line = re.compile(STATUS_LINE).fullmatch
_status_version = re.compile(rb"HTTP/1\.[0-9] ").match
_field_line = re.compile(TOKEN + rb"++:" + TEXT + rb"*+").fullmatch
_token = re.compile(TOKEN + rb"++").fullmatch
_version = re.compile(rb"HTTP/[0-9]\.[0-9]").fullmatch
_not_in_request_line = re.compile(rb"[^ -~]").search
_not_in_text = re.compile(rb"[^\t -~\x80-\xff]").search
_unfinished_request_line = re.compile(rb"[^ -~\r]|\r(?!\Z)").search
_unfinished_text = re.compile(rb"[^\t -~\x80-\xff\r]|\r(?!\Z)").search
_authority = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]++)\]|(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2}){1,255}+)(?::([0-9]{1,5}))?"
).fullmatch


class Malformed(Exception):
    """A message that breaks the grammar or its rules.  The parser tells its caller whose fault it is."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def is_authority(value: bytes) -> bool:
    """Tell whether this is ``host`` or ``host:port`` (RFC 3986 section 3.2, RFC 9110 section 7.2).

    Narrower than the RFC in four ways, each a way to name one host to us and another to the next hop: no user
    information, no empty host, no empty port, and no comma, with which some peers join two Host fields.
    """
    match = _authority(value)
    if match is None:
        return False
    address, port = match.groups()
    if port is not None and int(port) > 65535:
        return False
    if address is not None:
        try:
            IPv6Address(address.decode("ascii"))
        except AddressValueError:
            return False
    return True


def check_request_line(line: bytes) -> None:
    """Refuse a request line (without its CRLF) that is not exactly method, target and version."""
    if _request_line(line) is not None:
        return
    wrong = _not_in_request_line(line)
    if wrong is not None:
        raise Malformed(f"{_named(wrong[0])} in the request line")
    parts = line.split(b" ")
    if b"" in parts:
        raise Malformed("the parts of the request line are not separated by exactly one space")
    if len(parts) < 3:
        raise Malformed("the request line has no HTTP version")  # HTTP/0.9 among them
    if len(parts) > 3:
        raise Malformed("a space in the request target")
    method, target, version = parts
    if _token(method) is None:
        raise Malformed("the method is not a token")
    if _version(version) is None:
        raise Malformed("the request line does not end in an HTTP version")
    if b"#" in target:
        raise Malformed("a fragment in the request target")
    raise Malformed("the HTTP version is not supported", 505)


def check_status_line(line: bytes) -> None:
    """Refuse a status line (without its CRLF) other than ``HTTP/1.x``, three digits and a reason."""
    if _status_line(line) is not None:
        return
    wrong = _not_in_text(line)
    if wrong is not None:
        raise Malformed(f"{_named(wrong[0])} in the status line")
    if _status_version(line) is None:
        raise Malformed("the status line does not begin with a version of HTTP/1")
    raise Malformed("the status is not three digits")


def check_field_line(line: bytes) -> None:
    """Refuse a field line (without its CRLF) that is not ``name: value``."""
    if _field_line(line) is not None:
        return
    wrong = _not_in_text(line)
    if wrong is not None:
        raise Malformed(f"{_named(wrong[0])} in a header field")
    if line.startswith((b" ", b"\t")):  # RFC 9112 section 5.2 allows joining; two hops rarely join alike
        raise Malformed("a folded header line")
    name, colon, _ = line.partition(b":")
    if not colon:
        raise Malformed("a header line without a colon")
    if name.endswith((b" ", b"\t")):
        raise Malformed("white space before the colon of a header field")
    raise Malformed("a header name that is not a token")


def check_unfinished_request_line(received: bytearray, start: int) -> None:
    """Refuse what has come of a request line if it cannot become one; ``start`` is where to begin looking."""
    wrong = _unfinished_request_line(received, start)
    if wrong is not None:
        raise Malformed(f"{_named(wrong[0])} in the request line")


def check_unfinished_status_line(received: bytearray, start: int) -> None:
    """The same for a status line."""
    wrong = _unfinished_text(received, start)
    if wrong is not None:
        raise Malformed(f"{_named(wrong[0])} in the status line")


def check_unfinished_field_line(received: bytearray, start: int) -> None:
    """The same for a field line."""
    wrong = _unfinished_text(received, start)
    if wrong is not None:
        raise Malformed(f"{_named(wrong[0])} in a header field")


def _named(byte: bytes) -> str:
    if byte[0] == 0x0D:
        return "a bare CR"
    return "a non-ASCII byte" if byte[0] >= 0x80 else "a control byte"
