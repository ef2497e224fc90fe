"""A request as a person names it, method, URL and header lines, made into the head that a client's bytes would make.

The text goes through the parser that clients' bytes go through, so that what would be refused there is refused here
with the same reason.  Nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from shadowgate.errors import BadRequest
from shadowgate.http.framing import WireLimits
from shadowgate.http.head import RequestHead
from shadowgate.http.request_parser import RequestParser

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_AS_WRITTEN: Final = "!$%&'()*+,/:;=?@[]{}|\\^`~\"<>-._"
"""What stays in a target as it was given: a client may send it, and the parser has its own opinion of it."""


def request_from_url(
    method: str,
    url: str,
    headers: Sequence[str] = (),
    *,
    body: bytes | None = None,
    peer: str = "127.0.0.1",
    listener: str = "default",
    local_port: int = 0,
) -> RequestHead:
    """Return the head; raise :class:`BadRequest` when a gateway would refuse it, ``ValueError`` for what is no URL.

    ``headers`` are ``name: value``; a Host among them goes before the URL's.  With a ``body`` there is a
    Content-Length.  ``local_port`` of 0 is the URL's port.
    """
    parts = _split(url)
    if not method or any(letter.isspace() for letter in method):
        raise ValueError(f'"{method}" is not a method')
    query = f"?{parts.query}" if parts.query else ""
    target = quote(f"{parts.path or '/'}{query}", safe=_AS_WRITTEN)
    lines = [f"{method} {target} HTTP/1.1", *map(_line, headers)]
    names = {line.partition(":")[0].lower() for line in lines[1:]}
    if "host" not in names:
        lines.insert(1, f"Host: {parts.netloc.rpartition('@')[2]}")
    if body is not None and names.isdisjoint(("content-length", "transfer-encoding")):
        lines.append(f"Content-Length: {len(body)}")
    parser = RequestParser(
        WireLimits(),
        scheme=parts.scheme.encode(),
        peer=peer,
        local="127.0.0.1",
        listener=listener,
        local_port=local_port or parts.port or DEFAULT_PORTS[parts.scheme],
    )
    message = parser.feed("\r\n".join([*lines, "", ""]).encode())
    if message is None:
        raise BadRequest("the head of the request has no end")
    return message.head


def port_of(url: str) -> int:
    """Return the port that a URL leads to."""
    parts = _split(url)
    return parts.port or DEFAULT_PORTS[parts.scheme]


def _split(url: str) -> SplitResult:
    # urlsplit would take line breaks and tabs out of it without a word, and ask about another URL.
    if not url.isprintable():
        raise ValueError(f"{url!r} is not a URL: it has a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise ValueError(f'"{url}" is not a URL: {wrong}') from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0:
        raise ValueError(f'"{url}" is not a whole URL; write one such as http://httpbin:8000/headers')
    return parts


def _line(header: str) -> str:
    name, colon, value = header.partition(":")
    if not colon or "\n" in header or "\r" in header:
        raise ValueError(f'"{header}" is not a header; write name: value')
    return f"{name}: {value.strip()}"
