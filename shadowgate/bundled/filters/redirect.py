"""The ``redirect`` filter: the client is sent elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.paths import Rewrite, path_text, replace_prefix, replace_segments, whole_path
from shadowgate.http.grammar import is_authority
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IFilter
from shadowgate.plugin.values import Environment, FilterHooks, Reply

# RFC 3986 section 3: what may stand in a path, a query and a fragment.
_IN_A_REFERENCE: Final = re.compile(r"/[!-~]*", re.ASCII)

_WELL_KNOWN: Final = {b"http": b"80", b"https": b"443"}

FindPort = Callable[[RequestHead, bytes, bytes, bytes], bytes]
"""``(head, port of the host, scheme asked for, scheme to go to) -> port to go to``, empty for the scheme's own."""


def _reference(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
    if value is not None and not _IN_A_REFERENCE.fullmatch(value):
        raise ValueError('path begins with "/" and has no character beyond printable ASCII; percent-encode those')


def _authority(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
    if value is not None and not is_authority(value.encode()):
        raise ValueError(f'"{value}" is not a host, or a host and a port')


def _port(_instance: Any, _attribute: Attribute[Any], value: int | None) -> None:
    if value is not None and not 0 < value < 65536:
        raise ValueError(f"a port lies between 1 and 65535, not at {value}")


def _code(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if not 300 <= value <= 399:
        raise ValueError(f"the status of a redirect lies between 300 and 399, not at {value}")


@implementer(IFilter)
@frozen(kw_only=True)
class Redirect:
    """Answers with a Location made of the request's own address and of what is given here (Istio ``redirect``).

    The query stays, unless ``path`` has one of its own.  The port of the request's Host stays as well, unless an option
    says otherwise or it belongs to a scheme that is left; 80 for http and 443 for https are never written.  A request
    without a host (HTTP/1.0) is sent to the path alone.
    """

    path: str | None = field(
        default=None, validator=_reference, metadata={"doc": "The path to go to, with or without a query and fragment."}
    )
    prefix: str | None = field(
        default=None,
        validator=whole_path,
        metadata={"doc": "The beginning of the path to replace, as plain text (Istio prefixRewrite)."},
    )
    segments: str | None = field(
        default=None,
        validator=whole_path,
        metadata={"doc": "The leading path elements to replace (Gateway API ReplacePrefixMatch)."},
    )
    replacement: str | None = field(
        default=None, validator=path_text, metadata={"doc": "What replaces the prefix or the segments."}
    )
    ignore_case: bool = field(
        default=False, metadata={"doc": "Whether the prefix or the segments are found in any case."}
    )
    authority: str | None = field(
        default=None, validator=_authority, metadata={"doc": "The host to go to, with or without a port."}
    )
    scheme: Literal["http", "https"] | None = field(default=None, metadata={"doc": "The scheme to go to."})
    port: int | None = field(default=None, validator=_port, metadata={"doc": "The port to go to."})
    derive_port: Literal["protocol-default", "request"] | None = field(
        default=None, metadata={"doc": "The scheme's well-known port, or the one that the request came in by."}
    )
    code: int = field(
        default=301,
        validator=_code,
        metadata={
            "doc": "The status, 300 to 399. Clients follow 301, 302, 303, 307 and 308; of these 307 and 308 keep the "
            "method, the others may not."
        },
    )

    def __attrs_post_init__(self) -> None:
        paths = [name for name in ("path", "prefix", "segments") if getattr(self, name) is not None]
        if len(paths) > 1:
            raise ValueError(f"give at most one of path, prefix and segments; there is {' and '.join(paths)}")
        if (self.replacement is None) == (self.prefix is not None or self.segments is not None):
            raise ValueError("replacement and one of prefix and segments go together")
        if self.prefix is not None and not (self.replacement or "").startswith("/"):
            raise ValueError('replacement begins with "/"')  # or it would become a part of the host
        ports = [key for key, value in (("port", self.port), ("derivePort", self.derive_port)) if value is not None]
        if self.authority is not None and _split(self.authority.encode())[1]:
            ports.append("authority")
        if len(ports) > 1:
            raise ValueError(f"the port is given twice, by {' and '.join(ports)}")
        if not paths and not ports and self.authority is None and self.scheme is None:
            raise ValueError("this would redirect to the same address; give a path, an authority, a scheme or a port")

    def compile(self, env: Environment) -> FilterHooks:
        code, path_and_query, find_port = self.code, self._path(), self._port()
        scheme = None if self.scheme is None else self.scheme.encode()
        authority = None if self.authority is None else self.authority.encode()

        def on_request(head: RequestHead) -> Reply:
            path = path_and_query(head)
            host, port = _split(head.authority if authority is None else authority)
            if not host:
                # One slash: with two, what follows would be a host (RFC 3986 section 4.2).
                return Reply(code, b"", ((b"Location", b"/" + path.lstrip(b"/")),))
            came_by = _scheme(head)
            target = came_by if scheme is None else scheme
            port = find_port(head, port, came_by, target)
            if port and port != _WELL_KNOWN[target]:
                host += b":" + port
            return Reply(code, b"", ((b"Location", target + b"://" + host + path),))

        return FilterHooks(on_request=on_request, pure=True)

    def _path(self) -> Callable[[RequestHead], bytes]:
        rewrite: Rewrite | None = None
        if self.path is not None:
            path, hash_mark, fragment = self.path.encode().partition(b"#")
            if b"?" in path:
                return lambda head: path + hash_mark + fragment
            return lambda head: path + head.target[len(head.path) :] + hash_mark + fragment
        if self.prefix is not None:
            rewrite = replace_prefix(self.prefix, self.replacement or "", ignore_case=self.ignore_case)
        elif self.segments is not None:
            rewrite = replace_segments(self.segments, self.replacement or "", ignore_case=self.ignore_case)

        def rewritten(head: RequestHead) -> bytes:
            path = head.path
            if path == b"*":  # OPTIONS * asks about the server and has no path (RFC 9112 section 3.2.4)
                return b"/"
            query = head.target[len(path) :]
            return path + query if rewrite is None else rewrite(path) + query

        return rewritten

    def _port(self) -> FindPort:
        if self.port is not None:
            fixed = b"%d" % self.port
            return lambda head, port, came_by, target: fixed
        if self.derive_port == "protocol-default":
            return lambda head, port, came_by, target: b""
        if self.derive_port == "request":
            return lambda head, port, came_by, target: b"%d" % head.local_port if head.local_port else port
        if self.authority is not None:
            return lambda head, port, came_by, target: port
        return lambda head, port, came_by, target: b"" if target != came_by and port == _WELL_KNOWN[came_by] else port


def _scheme(head: RequestHead) -> bytes:
    """Return the scheme that the client used: before a proxy that is trusted, if there is one.

    The gateway has replaced the field if it is not to be believed.
    """
    forwarded = head.headers.get(b"x-forwarded-proto")
    return forwarded if forwarded is not None and forwarded in _WELL_KNOWN else head.scheme


def _split(authority: bytes) -> tuple[bytes, bytes]:
    """Return host and port of an authority; a port that is not there is empty."""
    host, colon, port = authority.rpartition(b":")
    return (host, port) if colon and not port.endswith(b"]") else (authority, b"")
