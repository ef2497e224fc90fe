"""What the gateway itself says in a request's head: where it came from, and its id.

``X-Forwarded-For/-Proto/-Host`` of a client are replaced, and all else that only a proxy may say is dropped, unless a
trusted proxy stands in front (``Settings.trusted_hops``), when its address is appended, the rest believed, and the
client is whom the outermost of them saw.  ``x-request-id`` is kept when it is short and printable, and made when it is
not there.  Envoy: ``use_remote_address``, ``xff_num_trusted_hops``.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from twisted.internet.abstract import isIPAddress, isIPv6Address

from shadowgate.http.head import RequestHead
from shadowgate.http.headers import Headers, Section
from shadowgate.http.paths import normal_target
from shadowgate.model import Settings

REQUEST_ID = b"x-request-id"
FOR = b"x-forwarded-for"
PROTO = b"x-forwarded-proto"
HOST = b"x-forwarded-host"
INTERNAL = b"x-envoy-internal"

LONGEST_ID = 128

_VARIANTS = {f"{digit:x}": f"{8 + digit % 4:x}" for digit in range(16)}
"""A hexadecimal digit with its upper bits as RFC 9562 wants them."""

FROM_PROXIES = frozenset(
    b"""
    forwarded
    x-forwarded-by x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix
    x-forwarded-proto x-forwarded-scheme x-forwarded-server x-forwarded-ssl
    x-envoy-attempt-count x-envoy-decorator-operation x-envoy-downstream-service-cluster
    x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms x-envoy-external-address x-envoy-force-trace
    x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags x-envoy-is-timeout-retry x-envoy-max-retries
    x-envoy-original-host x-envoy-original-path x-envoy-peer-metadata x-envoy-peer-metadata-id
    x-envoy-retriable-header-names x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on
    x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response
    x-envoy-upstream-rq-timeout-ms x-envoy-upstream-stream-duration-ms
    """.split()
)
"""What only a proxy in front may say of a client and of how it is to be served: RFC 7239, the names in use beside it,
and what Envoy's edge takes away as well.  By name, because this is looked at in every request."""


class Said:
    """What the requests of a connection become that have a section in common."""

    __slots__ = ("peer", "request_id", "section")

    def __init__(self, section: Section, peer: str, request_id: bytes | None) -> None:
        self.section = section
        self.peer = peer
        self.request_id = request_id


def compile_forwarding(settings: Settings, random: Random) -> Callable[[RequestHead], bytes]:
    """Return what makes a received head ready to be routed; it returns the request's id."""
    trusted = settings.trusted_hops
    via = {version: f"1.{version - 10} {settings.via}".encode() for version in (10, 11)} if settings.via else None
    normalize = settings.normalize_path

    def say(head: RequestHead) -> bytes | None:
        """Put in what does not differ between requests of the same fields; return the id that they bring."""
        headers = head.headers
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
            index = headers.index
            if not FROM_PROXIES.isdisjoint(index):
                for name in FROM_PROXIES.intersection(index):
                    headers.remove(name)
            own = [(FOR, peer), (PROTO, head.scheme)]
            if head.authority:
                own.append((HOST, head.authority))
            headers.add_absent(own)
        if via:
            headers.add(b"via", via[head.version])  # RFC 9110 section 7.6.3
        given = headers.index.get(REQUEST_ID)
        if type(given) is bytes and 0 < len(given) <= LONGEST_ID and given.isascii():
            return given
        if given is not None:
            headers.remove(REQUEST_ID)
        return None

    def prepare(head: RequestHead) -> bytes:
        if normalize and (b"%" in head.target or b"/." in head.target or b"\\" in head.target):
            head.retarget(normal_target(head.target))
        headers = head.headers
        section = headers.section
        if section is None:
            given = say(head)
        else:
            said: Said | None = section.derived.get(Said)
            if said is None:
                given = say(head)
                prepared = headers.share()
                if prepared is not None:
                    section.keep(Said, Said(prepared, head.peer, given))
            else:
                headers.show(said.section)
                head.peer = said.peer
                given = said.request_id
        if given is not None:
            return given
        made = request_id(random)
        headers.add_late((REQUEST_ID, made))
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
    text = random.getrandbits(128).to_bytes(16, "big").hex()
    variant = _VARIANTS[text[16]]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}".encode()


def address_shadow(head: RequestHead, authority: bytes | None) -> None:
    """Mark a copy as Envoy's shadow writer marks it: internal, and forwarded once more, by the gateway itself.

    It asks for the host ``authority``; None leaves the one that it asks for.
    Nobody waits for a shadow's 100, as its body is teed as it comes (RFC 9110 section 10.1.1).
    """
    headers = head.headers
    section = headers.section
    if section is None:
        _address_shadow(head, authority)
        return
    addressed: Section | None = section.derived.get((authority, head.local))
    if addressed is None:
        fields = Headers(section.pairs, None, section)
        alike = RequestHead(head.method, head.target, head.version, fields, local=head.local)
        _address_shadow(alike, authority)
        addressed = alike.headers.share()
        assert addressed is not None
        section.keep((authority, head.local), addressed)
    if authority is not None:
        head.authority = authority
    headers.show(addressed)


def _address_shadow(head: RequestHead, authority: bytes | None) -> None:
    if authority is not None:
        head.set_authority(authority)
    headers = head.headers
    seen = headers.joined(FOR)
    local = head.local.encode()
    headers.set(FOR, local if not seen else seen + b"," + local)
    headers.set(INTERNAL, b"true")
    headers.remove(b"expect")
