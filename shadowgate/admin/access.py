"""Who may ask the admin API: the machine itself, or whoever has the token.

A page in a browser on this machine can send requests here and, by a name of its own that leads to 127.0.0.1, would be
allowed to read the answers; Host and Origin tell.  Which pages there are is not known here.
"""

from __future__ import annotations

import re
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any, Final

from attrs import field, frozen
from twisted.web.pages import errorPage
from twisted.web.resource import IResource, getChildForRequest
from twisted.web.server import Request, Site
from zope.interface import implementer

OPEN: Final = frozenset((b"/live", b"/ready"))
"""What probes ask; it tells nothing that a connection to the gateway does not."""

_host = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]*)(?::[0-9]*)?").fullmatch
_bearer = re.compile(rb"(?i:bearer) +([!-~]+)").fullmatch


@frozen
class Access:
    """The admin API's endpoint, and the token that it asks for unless that is empty."""

    endpoint: str
    token: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, endpoint: str, token_file: str | None = None) -> Access:
        """Read the token; raise ``ValueError`` where there is none and strangers could ask."""
        token = b"" if token_file is None else _token(token_file)
        if not token and not is_private(endpoint):
            raise ValueError(
                f"the admin API on {endpoint} could be asked by other machines: "
                "give it --admin-token-file, or interface=127.0.0.1 or a UNIX socket"
            )
        return cls(endpoint, token)

    def guard(self, site: Site) -> Site:
        """Let nobody else see the site's pages."""
        site.resource = _Guarded(site.resource, self)
        return site

    def refusal(self, request: Request) -> IResource | None:
        """Return the page that says why not, or None for who may ask."""
        origins = request.requestHeaders.getRawHeaders(b"origin", [])
        hosts = request.requestHeaders.getRawHeaders(b"host", [])
        if len(hosts) > 1:  # RFC 9112 section 3.2; which one would have been looked at is anybody's guess
            return errorPage(400, "Bad Request", "More than one Host.")
        if not hosts and request.clientproto != b"HTTP/1.0":
            return errorPage(400, "Bad Request", "No Host.")
        host = hosts[0] if hosts else b""
        # RFC 6454: a page of this very API, or no page of a browser's at all.
        if not {b"http://" + host, b"https://" + host}.issuperset(origins):
            return errorPage(403, "Forbidden", "This is not for pages of other origins.")
        if self.token:
            return None if request.path in OPEN or self._has_token(request) else _Unauthorized()
        if hosts and not self._is_ours(host, request):
            return errorPage(403, "Forbidden", "Host is not localhost, nor the address that was asked.")
        return None

    def _has_token(self, request: Request) -> bool:
        given = _bearer(request.getHeader(b"authorization") or b"")
        return given is not None and compare_digest(given[1], self.token)

    def _is_ours(self, host: bytes, request: Request) -> bool:
        address = getattr(request.getHost(), "host", None)
        match = _host(host)
        if address is None:
            return True  # a UNIX socket, which no browser reaches
        name = "" if match is None else match[1].decode("latin-1").strip("[]").lower()
        return is_loopback(name) or name == address or name == _interface(self.endpoint)


@implementer(IResource)
class _Guarded:
    """A site's root that looks at who asks before any page is looked for."""

    isLeaf = True
    server = None

    def __init__(self, root: Any, access: Access) -> None:
        self._root = root
        self._access = access

    def render(self, request: Request) -> Any:
        refusal = self._access.refusal(request)
        page = getChildForRequest(self._root, request) if refusal is None else refusal
        return page.render(request)

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        return self

    def putChild(self, path: bytes, child: IResource) -> None:
        self._root.putChild(path, child)


@implementer(IResource)
class _Unauthorized:
    isLeaf = True
    server = None

    def render(self, request: Request) -> Any:
        request.setHeader(b"WWW-Authenticate", b"Bearer")  # RFC 6750 section 3
        return errorPage(401, "Unauthorized", "Give the token: Authorization: Bearer TOKEN.").render(request)

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        return self

    def putChild(self, path: bytes, child: IResource) -> None:
        raise TypeError("a refusal has no pages")


def is_private(endpoint: str) -> bool:
    """Tell whether only this machine can reach a server endpoint; what is not understood could be anything."""
    kind, *rest = _parts(endpoint)
    if kind == "unix":
        return True
    if kind == "systemd":
        return "domain=UNIX" in rest
    return kind in ("tcp", "tcp4", "tcp6", "ssl") and is_loopback(_interface(endpoint))


def is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _interface(endpoint: str) -> str:
    """Return the address that a server endpoint string is for: the one named last, or for plain TCP the third part."""
    kind, *rest = _parts(endpoint)
    named = [part.removeprefix("interface=") for part in rest if part.startswith("interface=")]
    positional = [part for part in rest if "=" not in part] if kind.startswith("tcp") else []
    return (named[-1:] or positional[1:] or [""])[0].lower()


def _parts(endpoint: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\):", endpoint)]


def _token(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            token = file.read().strip()
    except OSError as wrong:
        raise ValueError(f"cannot read the admin token {path}: {wrong.strerror}") from None
    if re.fullmatch(rb"[!-~]+", token) is None:
        raise ValueError(f"the admin token in {path} has to be one line of visible ASCII, without spaces")
    return token
