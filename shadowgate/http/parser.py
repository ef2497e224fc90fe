"""Bytes to the heads of messages: llhttp reads the fields, one strict layer decides what may pass.

The only importer of ``httptools``.  The strict pattern runs first and finds the end of the head; llhttp is then fed
exactly that head and never a byte of a body, so that neither alone decides what a message is (law 4 of the design).
A head that comes in pieces or that the pattern does not accept goes through ``assembly``, which knows the reasons.

Most peers repeat themselves on a connection.  Of a request whose fields are byte for byte those of the one before only
the first line is read, and of an answer whose head is that of the one before, nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import httptools

from shadowgate.errors import BadRequest, BadResponse
from shadowgate.http.assembly import REQUEST_START, STATUS_START, HeadAssembly, StartLine
from shadowgate.http.fields import REQUEST_SPECIAL, RESPONSE_SPECIAL, connection_options, is_kept, nominated
from shadowgate.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, WireLimits, request_length, response_length
from shadowgate.http.grammar import (
    FIELD_LINE,
    PLAIN_TOKEN,
    REQUEST_LINE,
    STATUS_LINE,
    Malformed,
    head_pattern,
    is_authority,
)
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Pair, Section

_plain_request = head_pattern(REQUEST_LINE, PLAIN_TOKEN).match
_any_request = head_pattern(REQUEST_LINE).match
_plain_response = head_pattern(STATUS_LINE, PLAIN_TOKEN).match
_any_response = head_pattern(STATUS_LINE).match
_request_line = re.compile(REQUEST_LINE).match
_absolute_target = re.compile(rb"(?i:https?)://([^/?]*+)(/[^?]*+)?(\?.*+)?").fullmatch

_count = re.compile(rb"[0-9]{1,9}").fullmatch
_content_length = re.compile(rb"[0-9]{1,18}").fullmatch

_SLASH = 0x2F
_BODILESS = frozenset((204, 304))
_KEPT = frozenset((b"keep-alive", b"Keep-Alive"))
_NOTHING: frozenset[bytes] = frozenset()
_NOT_SAID = -9
"""No length was seen."""
_COUNTED = frozenset((b"TRACE", b"OPTIONS"))
"""The methods whose way a client may limit."""
_LLHTTP_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"))

_MOST_REMEMBERED = 4096
"""Bytes of fields that a connection remembers."""

Match = Callable[[bytes], re.Match[bytes] | None]
Special = tuple[bytes, Pair, int]
"""A field that the parser interprets: lower-case name, the pair, and its place among the end-to-end fields."""


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


class _Fields:
    """What llhttp calls for every field: sorts it in one step into end-to-end and special.

    ``index`` maps lower-case names to the last value, ready to be the index of Headers if no name stands twice.
    """

    __slots__ = ("index", "names", "pairs", "special")

    def __init__(self, names: frozenset[bytes]) -> None:
        self.names = names
        self.clear()

    def clear(self) -> None:
        self.pairs: list[Pair] = []
        self.index: dict[bytes, bytes] = {}
        self.special: list[Special] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower in self.names:
            self.special.append((lower, (name, value), len(self.pairs)))
        else:
            self.index[lower] = value
            self.pairs.append((name, value))

    def read(self, head: bytes) -> None:
        """Take the fields of a head without llhttp's help, where it has given up before their end."""
        self.clear()
        for name, value in FIELD_LINE.findall(head, head.index(b"\n") + 1):
            self.on_header(name, value)

    def headers(self, restored: list[Special], gone: frozenset[bytes]) -> Headers:
        """Return the end-to-end fields: with these put back in their places, and without those of these names."""
        pairs, index = self.pairs, self.index
        if not restored and not gone:
            return Headers(pairs, index if len(index) == len(pairs) else None)  # type: ignore[arg-type]
        for _, pair, place in reversed(restored):
            pairs.insert(place, pair)
        return Headers([pair for pair in pairs if pair[0].lower() not in gone] if gone else pairs)


class _HeadFinder:
    """Finds one head after another in the bytes of a connection; ``rest`` holds those after the last one found."""

    __slots__ = ("_any", "_assembly", "_fields", "_limits", "_plain", "_roomy", "_start", "rest")

    def __init__(self, limits: WireLimits, start: StartLine, plain: Match, any_name: Match, special: frozenset[bytes]):
        self.rest = b""
        self._limits = limits
        self._roomy = min(limits.request_line, limits.header_bytes)
        self._start = start
        self._plain = plain
        self._any = any_name
        self._assembly: HeadAssembly | None = None
        self._fields = _Fields(special)

    @property
    def idle(self) -> bool:
        """True when nothing of a next message has been received."""
        return self._assembly is None or self._assembly.idle

    def _find(self, data: bytes) -> re.Match[bytes] | None:
        """Return the match of the head that these bytes complete, whose group 0 is the head, or None."""
        assembly = self._assembly
        if assembly is None:
            match = self._plain(data)
            # A head that is smaller than every limit needs no counting; any other is counted by line.
            if match is not None and (end := match.end()) <= self._roomy:
                self.rest = data[end:]
                return match
            assembly = self._assembly = HeadAssembly(self._start, self._limits)
        head = assembly.add(data)
        self.rest = assembly.rest
        if head is None:
            return None
        self._assembly = None
        match = self._any(head)
        if match is None:
            raise Malformed("a malformed head")
        return match


class _KnownRequest:
    """What the fields of a request said, which say it again."""

    __slots__ = ("expects_continue", "host", "keep_alive", "length", "section")

    def __init__(self, section: Section, message: RequestMessage) -> None:
        self.section = section
        self.host = message.head.authority
        self.length = message.length
        self.keep_alive = message.keep_alive
        self.expects_continue = message.expects_continue


class RequestParser(_HeadFinder):
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
        self._before = head[begin:] if len(head) - begin <= _MOST_REMEMBERED else b""

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


def settle_target(head: RequestHead) -> None:
    """Bring a target that does not begin with a slash into the form that is forwarded (RFC 9112 section 3.2)."""
    method, target = head.method, head.target
    if method == b"CONNECT":
        raise Malformed("CONNECT is not served here", 405)
    if target == b"*":
        if method != b"OPTIONS":
            raise Malformed("the target * is for OPTIONS only")
        return
    match = _absolute_target(target)
    if match is None:
        raise Malformed("the request target is neither a path nor an http URI")
    authority, path, query = match.groups()
    if not is_authority(authority):
        raise Malformed("the request target has no valid authority")
    # Section 3.2.4: an absolute URI without path and query means * to OPTIONS.
    bare = b"*" if method == b"OPTIONS" and query is None else b"/"
    head.retarget((path or bare) + (query or b""))
    head.set_authority(authority)  # section 3.2.2: the target wins over Host


class _KnownResponse:
    """What a head said of an answer that has a body, which says it again."""

    __slots__ = ("length", "reason", "section", "status")

    def __init__(self, section: Section, message: ResponseMessage) -> None:
        self.section = section
        self.status = message.head.status
        self.reason = message.head.reason
        self.length = message.length


class ResponseParser(_HeadFinder):
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
            self._before = whole if len(whole) <= _MOST_REMEMBERED else b""
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
