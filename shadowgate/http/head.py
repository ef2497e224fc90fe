"""The heads of a request and of a response: what routing, filters and mirrors look at and change.

A head knows nothing of connections and nothing of how its body is delimited; see ``framing``.
"""

from __future__ import annotations

from typing import Any, Final

from shadowgate.http.headers import Headers

IDEMPOTENT: Final = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"))
"""Methods of requests that may be sent a second time (RFC 9110 section 9.2.2)."""


class RequestHead:
    """One request as every plugin sees it.

    method, target, version
        From the request line.  ``target`` is in origin form (``/path?query``) or ``*``; version is 10 or 11.
    path
        ``target`` up to the first ``?``, byte for byte as received; nothing is decoded.
    authority
        The Host that the client asked for, port included (``b""`` for an HTTP/1.0 request without one).
    headers
        End-to-end fields only: framing and hop-by-hop fields are gone before any plugin sees the head.
    scheme, peer, local, listener
        ``b"http"`` or ``b"https"``; the client's and the gateway's address as text; the listener's name.
    local_port
        The port that the client came in by; 0 where there is none (a UNIX socket).
    upgrade
        The protocol, in lower case, that the client asks to change to and that the gateway lets it; None otherwise.
        The head shows it in an ``Upgrade`` field; a filter that removes that field makes the request an ordinary one.
    notes
        A plugin's private scratch space for this exchange, by a key of its own; made on first use.
    """

    __slots__ = (
        "_line",
        "_line_method",
        "_line_target",
        "_notes",
        "_path",
        "authority",
        "headers",
        "listener",
        "local",
        "local_port",
        "method",
        "peer",
        "scheme",
        "target",
        "upgrade",
        "version",
    )

    def __init__(
        self,
        method: bytes,
        target: bytes,
        version: int,
        headers: Headers,
        authority: bytes = b"",
        *,
        scheme: bytes = b"http",
        peer: str = "",
        local: str = "",
        listener: str = "",
        local_port: int = 0,
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.authority = authority
        self.scheme = scheme
        self.peer = peer
        self.local = local
        self.local_port = local_port
        self.listener = listener
        self.upgrade: bytes | None = None
        self._path: bytes | None = None
        self._line: bytes | None = None
        self._line_method = method
        self._line_target = target
        self._notes: dict[Any, Any] | None = None

    @property
    def line(self) -> bytes | None:
        """The request line of HTTP/1.1 with this method and target, if somebody has it that was found well-formed."""
        return self._line if self.target is self._line_target and self.method is self._line_method else None

    def know_line(self, line: bytes) -> None:
        """Keep the well-formed request line for those who write it next."""
        self._line = line
        self._line_method = self.method
        self._line_target = self.target

    @property
    def path(self) -> bytes:
        path = self._path
        if path is None:
            path = self._path = self.target.partition(b"?")[0]
        return path

    @property
    def query(self) -> bytes:
        """What follows the first ``?`` of the target, without it."""
        return self.target.partition(b"?")[2]

    @property
    def notes(self) -> dict[Any, Any]:
        notes = self._notes
        if notes is None:
            notes = self._notes = {}
        return notes

    def retarget(self, target: bytes) -> None:
        """Replace the target, path and query together."""
        self.target = target
        self._path = None

    def set_authority(self, authority: bytes) -> None:
        """Ask upstream for another host: the authority and its Host field change together."""
        self.authority = authority
        self.headers.set(b"Host", authority)

    def ask_upgrade(self, protocol: bytes) -> None:
        """Ask upstream to change to this protocol, as the client does."""
        self.upgrade = protocol
        self.headers.set(b"Upgrade", protocol)

    @property
    def upgrading(self) -> bool:
        """Whether this head, as it stands, asks upstream to change the protocol."""
        return self.upgrade is not None and b"upgrade" in self.headers

    def copy(self) -> RequestHead:
        """Return a head that can be changed without changing this one; notes are not shared."""
        copy = RequestHead(
            self.method,
            self.target,
            self.version,
            self.headers.copy(),
            self.authority,
            scheme=self.scheme,
            peer=self.peer,
            local=self.local,
            listener=self.listener,
            local_port=self.local_port,
        )
        copy.upgrade = self.upgrade
        line = self.line
        if line is not None:
            copy.know_line(line)
        return copy

    def __repr__(self) -> str:
        line = b" ".join((self.method, self.authority, self.target)).decode("latin-1")
        return f"<RequestHead {line}>"


class ResponseHead:
    """One response's status, reason phrase and end-to-end fields; ``version`` is what the upstream spoke."""

    __slots__ = ("headers", "reason", "status", "version")

    def __init__(self, status: int, headers: Headers, reason: bytes = b"", version: int = 11) -> None:
        self.status = status
        self.headers = headers
        self.reason = reason
        self.version = version

    def __repr__(self) -> str:
        return f"<ResponseHead {self.status} {self.reason.decode('latin-1')}>"
