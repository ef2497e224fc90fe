"""What the gateway itself says in a request's head: where it came from, and its id.

``X-Forwarded-For/-Proto/-Host`` of a client are replaced unless a trusted proxy stands in front
(``Settings.trusted_hops``), when its address is appended, the rest believed, and the client is whom the outermost of
them saw.  ``x-request-id`` is kept when
it is short and printable, and made when it is not there.  Envoy: ``use_remote_address``, ``xff_num_trusted_hops``.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from twisted.internet.abstract import isIPAddress, isIPv6Address

from shadowgate.http.head import RequestHead
from shadowgate.http.paths import normal_target
from shadowgate.model import Settings

REQUEST_ID = b"x-request-id"
FOR = b"x-forwarded-for"
PROTO = b"x-forwarded-proto"
HOST = b"x-forwarded-host"
INTERNAL = b"x-envoy-internal"

LONGEST_ID = 128


def compile_forwarding(settings: Settings, random: Random) -> Callable[[RequestHead], bytes]:
    """Return what makes a received head ready to be routed; it returns the request's id."""
    trusted = settings.trusted_hops
    via = {version: f"1.{version - 10} {settings.via}".encode() for version in (10, 11)} if settings.via else None
    ours = frozenset((FOR, PROTO, HOST, INTERNAL))

    normalize = settings.normalize_path

    def prepare(head: RequestHead) -> bytes:
        if normalize and (b"%" in head.target or b"/." in head.target):
            head.retarget(normal_target(head.target))
        headers = head.headers
        index = headers.index
        peer = head.peer.encode()
        if trusted:
            seen = headers.joined(FOR)
            if seen:
                headers.set(FOR, seen + b"," + peer)
                head.peer = client_address(seen, trusted) or head.peer
            else:
                headers.set(FOR, peer)
            if PROTO not in headers:
                headers.add(PROTO, head.scheme)
            if HOST not in headers and head.authority:
                headers.add(HOST, head.authority)
        else:
            if not ours.isdisjoint(index):
                for name in ours:
                    headers.remove(name)
            headers.set(FOR, peer)
            headers.set(PROTO, head.scheme)
            if head.authority:
                headers.set(HOST, head.authority)
        if via:
            headers.add(b"via", via[head.version])  # RFC 9110 section 7.6.3
        given = headers.index.get(REQUEST_ID)
        if type(given) is bytes and 0 < len(given) <= LONGEST_ID and given.isascii():
            return given
        made = request_id(random)
        headers.set(REQUEST_ID, made)
        return made

    return prepare


def client_address(forwarded_for: bytes, hops: int) -> str | None:
    """Return the address that the outermost of ``hops`` trusted proxies saw; None where that is not an address.

    Each proxy appends whom it was asked by, so the last entry is what the nearest one saw.
    """
    entries = forwarded_for.split(b",")
    address = entries[max(0, len(entries) - hops)].strip(b" \t").decode("latin-1")
    return address if isIPAddress(address) or isIPv6Address(address) else None


def request_id(random: Random) -> bytes:
    """Return a new UUID (RFC 9562, version 4) as text."""
    bits = random.getrandbits(128)
    text = "%032x" % (bits & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62))
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode()


def extend_for_shadow(head: RequestHead) -> None:
    """Mark a copy as Envoy's shadow writer marks it: internal, and forwarded once more, by the gateway itself."""
    headers = head.headers
    seen = headers.joined(FOR)
    local = head.local.encode()
    headers.set(FOR, local if not seen else seen + b"," + local)
    headers.set(INTERNAL, b"true")
