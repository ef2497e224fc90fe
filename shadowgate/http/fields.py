"""Which field names mean something to a gateway, as tables and the questions asked of them.

Names are lower-case throughout.  Values are interpreted in ``framing`` and ``parser``.
"""

from __future__ import annotations

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Between two neighbours only (RFC 9110 section 7.6.1): never seen by a plugin and never forwarded."""

FRAMING = frozenset((b"content-length", b"transfer-encoding"))
"""Written anew on every hop from the length that ``framing`` decided."""

REQUEST_SPECIAL = HOP_BY_HOP | FRAMING | {b"expect"}
"""What the request parser looks at itself; everything else passes it unread, but Host."""

RESPONSE_SPECIAL = HOP_BY_HOP | FRAMING

_CONNECTION_WORDS = frozenset((b"", b"close", b"keep-alive", b"upgrade"))

_NOTHING: frozenset[bytes] = frozenset()
_COMMON_OPTIONS = {value: frozenset((value.lower(),)) for value in (b"keep-alive", b"Keep-Alive", b"close", b"Close")}

_GATEWAY = frozenset((b"forwarded", b"host", b"via", b"x-request-id", *FRAMING))
_GATEWAY_PREFIXES = (b"x-forwarded-", b"x-envoy-")

_NOT_NOMINATED = REQUEST_SPECIAL | frozenset(
    (
        b"age",
        b"authorization",
        b"cache-control",
        b"content-encoding",
        b"content-location",
        b"content-range",
        b"content-type",
        b"cookie",
        b"date",
        b"etag",
        b"location",
        b"max-forwards",
        b"origin",
        b"range",
        b"set-cookie",
        b"vary",
        b"www-authenticate",
    )
)

_NOT_IN_TRAILERS = _NOT_NOMINATED | frozenset(
    (
        b"accept",
        b"authentication-info",
        b"expires",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"pragma",
        b"retry-after",
        b"warning",
    )
)


def is_gateway_field(name: bytes) -> bool:
    """Tell whether the gateway sets this field itself."""
    return name in _GATEWAY or name.startswith(_GATEWAY_PREFIXES)


def is_twin(name: bytes) -> bool:
    """Tell whether this name becomes a gateway's field where ``_`` and ``-`` are one (CGI, WSGI and their like)."""
    return b"_" in name and is_gateway_field(name.replace(b"_", b"-"))


def may_be_trailer(name: bytes) -> bool:
    """Tell whether a trailer field may travel on.

    Not with the meaning of framing, routing, request modifiers, authentication or content format (RFC 9110 section
    6.5.1): the next hop might merge it into the head, where it would speak with an authority that nothing checked.
    """
    return name not in _NOT_IN_TRAILERS and not is_gateway_field(name.replace(b"_", b"-"))


def connection_options(values: list[bytes]) -> frozenset[bytes]:
    """Return the lower-case options of Connection fields (RFC 9110 section 7.6.1)."""
    if not values:
        return _NOTHING
    if len(values) == 1:
        common = _COMMON_OPTIONS.get(values[0])
        if common is not None:
            return common
    return frozenset(option.strip(b" \t").lower() for value in values for option in value.split(b","))


def nominated(options: frozenset[bytes]) -> frozenset[bytes]:
    """Return the names that Connection options take away from the message.

    Fields for all recipients are no connection options, so a peer that names them cannot make them disappear:
    it would strip what the gateway or an earlier proxy vouched for.
    """
    if options <= _CONNECTION_WORDS:
        return _NOTHING
    names = options - _CONNECTION_WORDS
    return frozenset(name for name in names if name not in _NOT_NOMINATED and not is_gateway_field(name))


def is_kept(version: int, options: frozenset[bytes]) -> bool:
    """Tell whether the connection may serve another message after this one (RFC 9112 section 9.3)."""
    return b"close" not in options and (version == 11 or b"keep-alive" in options)
