"""The heads of requests: their framing, their connection fields, and the target in the form that is forwarded.

``parsing`` has the law of both parsers.
"""

from __future__ import annotations

import re

import httptools

from shadowgate.errors import BadRequest
from shadowgate.http.assembly import REQUEST_START
from shadowgate.http.fields import REQUEST_SPECIAL, connection_options, is_kept, nominated
from shadowgate.http.framing import CHUNKED, NO_BODY, WireLimits, request_length
from shadowgate.http.grammar import PLAIN_TOKEN, REQUEST_LINE, Malformed, head_pattern, is_authority
from shadowgate.http.head import RequestHead
from shadowgate.http.headers import Headers, Section
from shadowgate.http.parsing import MOST_REMEMBERED, HeadFinder, Special
from shadowgate.http.target import settle_target

_plain_request = head_pattern(REQUEST_LINE, PLAIN_TOKEN).match
_any_request = head_pattern(REQUEST_LINE).match
_request_line = re.compile(REQUEST_LINE).match
_count = re.compile(rb"[0-9]{1,9}").fullmatch

_SLASH = 0x2F
_COUNTED = frozenset((b"TRACE", b"OPTIONS"))
"""The methods whose way a client may limit."""
_LLHTTP_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"))


class RequestMessage:
    """A request's head and what its framing and connection fields say.

    ``upgrade`` is the lower-case protocol that the client asks to change to, or None; the request is an ordinary one.
    ``last`` says that the client wants it to go no further (Max-Forwards: 0).
    """

    __slots__ = ("expects_continue", "head", "keep_alive", "last", "length", "upgrade", "version")

    def __init__(
        self,
        head: RequestHead,
        length: int,
        keep_alive: bool,
        expects_continue: bool,
        version: int,
        upgrade: bytes | None,
        last: bool = False,
    ) -> None:
        self.head = head
        self.length = length
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.version = version
        self.upgrade = upgrade
        self.last = last


class _KnownRequest:
    """What the fields of a request said, which say it again."""

    __slots__ = ("expects_continue", "host", "keep_alive", "length", "section")

    def __init__(self, section: Section, message: RequestMessage) -> None:
        self.section = section
        self.host = message.head.authority
        self.length = message.length
        self.keep_alive = message.keep_alive
        self.expects_continue = message.expects_continue


class RequestParser(HeadFinder):
    """Parses the requests of one connection, one after another.

    ``rest`` holds the bytes after the head that :meth:`feed` returned last; whoever reads the body takes them.
    ``_before`` are the fields of the head before as they came, from the end of its first line to its own end.
    """

    __slots__ = ("_before", "_facts", "_host", "_known", "_llhttp")

    def __init__(
        self, limits: WireLimits, *, scheme: bytes, peer: str, local: str, listener: str, local_port: int = 0
    ) -> None:
        super().__init__(limits, REQUEST_START, _plain_request, _any_request, REQUEST_SPECIAL)
        self._facts = (scheme, peer, local, listener, local_port)
        self._llhttp: httptools.HttpRequestParser | None = None
        self._host: bytes | None = None  # the last one found valid: most connections name one
        self._before = b""
        self._known: _KnownRequest | None = None  # from the second time on that a head has these fields

    def feed(self, data: bytes) -> RequestMessage | None:
        """Take bytes; return the message whose head they complete, or None; raise BadRequest."""
        end = self._repeats(data)
        if end and self._known is not None:
            message = self._read_again(data, end, self._known)
            if message is not None:
                return message
        try:
            match = self._find(data)
            if match is None:
                return None
            message = self._read(match)
        except Malformed as fault:
            raise BadRequest(fault.reason, fault.status) from None
        if not end:
            self._known = None
            self._remember(match[0])
        elif self._known is None and _says_the_same_again(match[1], match[2], message):
            section = message.head.headers.share()
            if section is not None:
                self._known = _KnownRequest(section, message)
        return message

    def _repeats(self, data: bytes) -> int:
        """Return where the first line ends of a head whose fields are those of the one before; 0 for any other."""
        before = self._before
        if not before or self._assembly is not None:
            return 0
        end = data.find(b"\r")
        if not data.startswith(before, end) or end > self._limits.request_line:
            return 0
        return max(end, 0)

    def _remember(self, head: bytes) -> None:
        begin = head.index(b"\r")
        self._before = head[begin:] if len(head) - begin <= MOST_REMEMBERED else b""

    def _read_again(self, data: bytes, end: int, known: _KnownRequest) -> RequestMessage | None:
        """Read a head of which only the first line, up to ``end``, is new; None where that makes a difference."""
        match = _request_line(data)
        if match is None or match.end() != end:
            return None
        method, target, minor = match.group(1, 2, 3)
        if minor != b"1" or target[0] != _SLASH or method == b"CONNECT":
            return None
        self.rest = data[end + len(self._before) :]
        section = known.section
        scheme, peer, local, listener, local_port = self._facts
        head = RequestHead(
            method,
            target,
            11,
            Headers(section.pairs, None, section),
            known.host,
            scheme=scheme,
            peer=peer,
            local=local,
            listener=listener,
            local_port=local_port,
        )
        head.know_line(data[:end])
        return RequestMessage(head, known.length, known.keep_alive, known.expects_continue, 11, None)

    def _read(self, match: re.Match[bytes]) -> RequestMessage:
        head, method, target, minor = match.group(0, 1, 2, 3)
        version = 11 if minor == b"1" else 10
        fields = self._fields
        fields.pairs = []
        fields.index = {}
        fields.special = []
        llhttp = self._llhttp
        if llhttp is None:
            llhttp = httptools.HttpRequestParser(fields)
        else:
            self._llhttp = None
        try:
            # llhttp knows a closed list of methods; what a method means is not its business here.
            llhttp.feed_data(head if method in _LLHTTP_METHODS else b"POST" + head[len(method) :])
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as fault:
            fields.read(head)
            self._understand(method, target, version)  # our own reason is the better one, where we have one
            raise Malformed(f"refused by llhttp: {fault}") from None
        if version == 11 and not fields.special:
            self._llhttp = llhttp  # nothing in such a head leaves a mark on it
        return self._understand(method, target, version)

    def _understand(self, method: bytes, target: bytes, version: int) -> RequestMessage:
        fields = self._fields
        pairs, index = fields.pairs, fields.index
        if len(pairs) + len(fields.special) > self._limits.header_count:
            raise Malformed("too many header fields", 431)
        host = index.get(b"host")
        if host is None or host != self._host:
            self._check_host(host, version)
        if len(index) != len(pairs) and [name.lower() for name, _ in pairs].count(b"host") > 1:
            raise Malformed("more than one Host")  # RFC 9112 section 3.2
        length, keep_alive, expects_continue, upgrade = NO_BODY, version == 11, False, None
        if fields.special:
            headers, length, keep_alive, expects_continue, upgrade = self._interpret(version)
        else:
            headers = Headers(pairs, index if len(index) == len(pairs) else None)  # type: ignore[arg-type]
        scheme, peer, local, listener, local_port = self._facts
        head = RequestHead(
            method,
            target,
            version,
            headers,
            host or b"",
            scheme=scheme,
            peer=peer,
            local=local,
            listener=listener,
            local_port=local_port,
        )
        if target[0] != _SLASH or method == b"CONNECT":
            settle_target(head)
        last = method in _COUNTED and b"max-forwards" in index and not _forwards_left(headers)
        return RequestMessage(head, length, keep_alive, expects_continue, version, upgrade, last)

    def _check_host(self, host: bytes | None, version: int) -> None:
        if host is None:
            if version == 11:
                raise Malformed("no Host in an HTTP/1.1 request")
        elif not is_authority(host):
            raise Malformed("Host is not a valid authority")
        else:
            self._host = host

    def _interpret(self, version: int) -> tuple[Headers, int, bool, bool, bytes | None]:
        """Give the special fields their meaning: headers, length, keep-alive, expects 100, upgrade."""
        lengths: list[bytes] = []
        codings: list[bytes] = []
        connection: list[bytes] = []
        upgrades: list[bytes] = []
        restored: list[Special] = []
        for special in self._fields.special:
            name, value = special[0], special[1][1]
            if name == b"connection":
                connection.append(value)
            elif name == b"content-length":
                lengths.append(value)
            elif name == b"transfer-encoding":
                codings.append(value)
            elif name == b"upgrade":
                upgrades.append(value.lower())
            elif name == b"te":
                if value.lower() == b"trailers":  # the one member that every hop of ours can honour
                    restored.append(special)
            elif name == b"expect":
                if value.lower() != b"100-continue":
                    raise Malformed("an expectation other than 100-continue", 417)
                restored.append(special)
        length = request_length(version, lengths, codings, self._limits.body_bytes)
        options = connection_options(connection)
        expects_continue = False
        if restored:
            # RFC 9110 section 10.1.1: an expectation is void without content, and from HTTP/1.0.
            if version == 11 and (length > 0 or length == CHUNKED):
                expects_continue = any(special[0] == b"expect" for special in restored)
            else:
                restored = [special for special in restored if special[0] != b"expect"]
        upgrade = b", ".join(upgrades) if upgrades and version == 11 and b"upgrade" in options else None
        headers = self._fields.headers(restored, nominated(options))
        return headers, length, is_kept(version, options), expects_continue, upgrade


def _says_the_same_again(method: bytes, target: bytes, message: RequestMessage) -> bool:
    """Tell whether the fields of a message mean the same behind any other first line of HTTP/1.1 with a plain target.

    By the line as it was received: another form of target has changed the fields (``settle_target``).
    """
    if message.version != 11 or message.upgrade is not None or target[0] != _SLASH or method == b"CONNECT":
        return False
    return b"max-forwards" not in message.head.headers  # which is counted for some methods


def _forwards_left(headers: Headers) -> bool:
    """Count this hop (RFC 9110 section 7.6.2); False where it has to be the last one."""
    values = headers.get_all(b"max-forwards")
    if len(values) > 1 or _count(values[0]) is None:
        raise Malformed("Max-Forwards is not one decimal number")
    left = int(values[0])
    if left:
        headers.set(b"Max-Forwards", b"%d" % (left - 1))
    return left > 0
