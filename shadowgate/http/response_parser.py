"""The heads of answers: their framing, and whether the connection may serve again.

``parsing`` has the law of both parsers.
"""

from __future__ import annotations

import re

import httptools

from shadowgate.errors import BadResponse
from shadowgate.http.assembly import STATUS_START
from shadowgate.http.fields import RESPONSE_SPECIAL, connection_options, is_kept, nominated
from shadowgate.http.framing import NO_BODY, UNTIL_CLOSE, WireLimits, response_length
from shadowgate.http.grammar import PLAIN_TOKEN, STATUS_LINE, Malformed, head_pattern
from shadowgate.http.head import ResponseHead
from shadowgate.http.headers import Headers, Section
from shadowgate.http.parsing import MOST_REMEMBERED, HeadFinder, Special

_plain_response = head_pattern(STATUS_LINE, PLAIN_TOKEN).match
_any_response = head_pattern(STATUS_LINE).match
_content_length = re.compile(rb"[0-9]{1,18}").fullmatch

_BODILESS = frozenset((204, 304))
_KEPT = frozenset((b"keep-alive", b"Keep-Alive"))
_NOTHING: frozenset[bytes] = frozenset()
_NOT_SAID = -9
"""No length was seen."""


class ResponseMessage:
    """An answer's head, how long its body is, and whether its connection may serve again.

    ``upgrade`` is the lower-case protocol that a 101 says it changes to, else None.
    """

    __slots__ = ("head", "keep_alive", "length", "upgrade")

    def __init__(self, head: ResponseHead, length: int, keep_alive: bool, upgrade: bytes | None = None) -> None:
        self.head = head
        self.length = length
        self.keep_alive = keep_alive
        self.upgrade = upgrade


class _KnownResponse:
    """What a head said of an answer that has a body, which says it again."""

    __slots__ = ("length", "reason", "section", "status")

    def __init__(self, section: Section, message: ResponseMessage) -> None:
        self.section = section
        self.status = message.head.status
        self.reason = message.head.reason
        self.length = message.length


class ResponseParser(HeadFinder):
    """Parses the answers of one upstream connection, one after another.

    ``rest`` holds the bytes after the head that :meth:`feed` returned last.  ``_before`` is the head before as it came.
    """

    __slots__ = ("_before", "_known")

    def __init__(self, limits: WireLimits) -> None:
        super().__init__(limits, STATUS_START, _plain_response, _any_response, RESPONSE_SPECIAL)
        self._before = b""
        self._known: _KnownResponse | None = None  # from the second time on that it comes

    def feed(self, data: bytes, request_method: bytes) -> ResponseMessage | None:
        """Take bytes; return the message whose head they complete, or None; raise BadResponse.

        Interim answers (1xx) are messages too; the caller goes on with ``rest`` until the final one.
        """
        repeated = len(self._before) > 0 and self._assembly is None and data.startswith(self._before)
        known = self._known
        if repeated and known is not None and request_method != b"HEAD":
            self.rest = data[len(self._before) :]
            section = known.section
            head = ResponseHead(known.status, Headers(section.pairs, None, section), known.reason)
            return ResponseMessage(head, known.length, True)
        try:
            match = self._find(data)
            if match is None:
                return None
            message = self._read(match, request_method)
        except Malformed as fault:
            raise BadResponse(fault.reason) from None
        if not repeated:
            whole = match[0]
            self._known = None
            self._before = whole if len(whole) <= MOST_REMEMBERED else b""
        elif known is None and message.keep_alive and message.length != NO_BODY and message.head.version == 11:
            shared = message.head.headers.share()
            if shared is not None:
                self._known = _KnownResponse(shared, message)
        return message

    def _read(self, match: re.Match[bytes], request_method: bytes) -> ResponseMessage:
        head, minor, digits, reason = match.group(0, 1, 2, 3)
        status = int(digits)
        version = 10 if minor == b"0" else 11
        fields = self._fields
        fields.pairs = []
        fields.index = {}
        fields.special = []
        # One llhttp for every answer: most bodies would leave it waiting for bytes that it never gets.
        llhttp = httptools.HttpResponseParser(fields)
        try:
            # It takes 101 for the end of HTTP, which is for the caller to decide, and knows no minor version above 1.
            known = status != 101 and minor in b"01"
            llhttp.feed_data(head if known else b"HTTP/1.1 %d" % (100 if status == 101 else status) + head[12:])
        except httptools.HttpParserError as fault:
            fields.read(head)
            self._understand(status, reason or b"", version, request_method)
            raise Malformed(f"refused by llhttp: {fault}") from None
        return self._understand(status, reason or b"", version, request_method)

    def _understand(self, status: int, reason: bytes, version: int, request_method: bytes) -> ResponseMessage:
        fields = self._fields
        specials = fields.special
        if len(fields.pairs) + len(specials) > self._limits.header_count:
            raise Malformed("too many header fields")
        if version == 11 and status >= 200 and request_method != b"HEAD" and status not in _BODILESS:
            # Most answers: a length and at most a connection that stays, neither of which says more than it seems to.
            length, kept = _NOT_SAID, True
            for name, (_, value), _ in specials:
                if name == b"content-length" and length == _NOT_SAID and _content_length(value) is not None:
                    length = int(value)
                elif name != b"connection" or value not in _KEPT:
                    kept = False
                    break
            if kept and length != _NOT_SAID:
                return ResponseMessage(ResponseHead(status, fields.headers([], _NOTHING), reason), length, True)
        lengths: list[bytes] = []
        codings: list[bytes] = []
        connection: list[bytes] = []
        upgrades: list[bytes] = []
        restored: list[Special] = []
        for special in specials:
            name, value = special[0], special[1][1]
            if name == b"content-length":
                lengths.append(value)
                restored.append(special)
            elif name == b"connection":
                connection.append(value)
            elif name == b"transfer-encoding":
                codings.append(value)
            elif name == b"upgrade":
                upgrades.append(value.lower())
        length = response_length(request_method, status, version, lengths, codings)
        if length != NO_BODY or status < 200 or status == 204:
            restored = []  # what is left describes the body that a GET would have had (RFC 9110 section 8.6)
        options = connection_options(connection)
        headers = fields.headers(restored, nominated(options))
        keep_alive = length != UNTIL_CLOSE and is_kept(version, options)
        # Others may have the field as well, to say what would be possible (RFC 9110 section 7.8).
        upgrade = (
            b", ".join(upgrades) if upgrades and status == 101 and version == 11 and b"upgrade" in options else None
        )
        return ResponseMessage(ResponseHead(status, headers, reason, version), length, keep_alive, upgrade)
