"""Numbers that bound the gateway, each with its default.  Seconds and bytes throughout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

KIB = 1024
MIB = 1024 * KIB


@frozen
class Timeouts:
    """How long an exchange may take, phase by phase; 0 switches a bound off.

    connect
        Until the upstream's connection stands (Envoy ``connect_timeout``); met: 503.
    response
        From the end of the request to the head of its final answer (nginx ``proxy_read_timeout``); met: 504.
    idle
        Between two signs of life of a body in either direction (Envoy ``stream_idle_timeout``).
    request
        The whole exchange from its head to the end of the answer, all attempts included (Istio ``http[].timeout``,
        Gateway API ``timeouts.request``); met: 504.
    attempt
        One attempt, from its dispatch to the head of its answer (Istio ``perTryTimeout``, Gateway API
        ``timeouts.backendRequest``); met: another attempt if the retry policy says so, else 504.
    """

    connect: float = 10.0
    response: float = 60.0
    idle: float = 300.0
    request: float = 0.0
    attempt: float = 0.0

    @property
    def answer(self) -> float:
        """Seconds that an attempt may take to be answered: the shorter of ``response`` and ``attempt``."""
        if self.attempt and not 0 < self.response < self.attempt:
            return self.attempt
        return self.response


def _limit(unit: str, default: float, doc: str, *, off: bool = False) -> Any:
    return field(default=default, metadata={"unit": unit, "doc": doc, "off": off})


@frozen
class Limits:
    """What clients and upstreams may cost.  A field's metadata has its unit, what it bounds, and whether 0 is no bound.

    The documentation and the command line (``--limit header-bytes=32KiB``) are made from these fields.
    """

    request_line: int = _limit("bytes", 16 * KIB, "The request line (414), and the status line of an answer (502).")
    header_bytes: int = _limit("bytes", 64 * KIB, "All header fields of a request; 431.")
    header_count: int = _limit("count", 100, "Header fields of a request (431).")
    header_timeout: float = _limit(
        "seconds",
        30.0,
        "For a whole head, from its first byte (408), and for the first byte of a connection.",
        off=True,
    )
    header_rate: int = _limit(
        "bytes per second", 20, "The least that a client sends of a head, averaged after `rate-grace`; 408.", off=True
    )
    body_bytes: int = _limit(
        "bytes", 0, "A request's body, refused before it is read where it says its length; 413.", off=True
    )
    body_rate: int = _limit(
        "bytes per second",
        20,
        "The least that a client sends of a body that nothing else holds up, until its answer begins; 408.",
        off=True,
    )
    rate_grace: float = _limit("seconds", 10.0, "How long a client may be slower than these rates.", off=True)
    trailer_bytes: int = _limit("bytes", 8 * KIB, "All trailer fields of a request (431) or of an answer (cut).")
    trailer_count: int = _limit("count", 100, "Trailer fields of a request (431) or of an answer (cut).")
    chunk_extension: int = _limit(
        "bytes", 1 * KIB, "What the chunk extensions of one body may be more than its payload (400, or cut)."
    )
    pipelined: int = _limit("count", 32, "Requests of one client that are taken before it is the others' turn.")
    buffer: int = _limit(
        "bytes", 64 * KIB, "What one exchange holds in each direction; behind it, requests that wait for their turn."
    )
    connections: int = _limit("count", 10_000, "Clients of one listener; further ones wait to be accepted.", off=True)
    connections_per_client: int = _limit(
        "count", 0, "Clients of one address at one listener; further ones are closed at once.", off=True
    )
    requests_per_connection: int = _limit(
        "count", 0, "Requests on one connection of a client; the answer to the last one closes it.", off=True
    )
    keepalive_timeout: float = _limit("seconds", 75.0, "Between two requests of one client.", off=True)
    upstream_header_bytes: int = _limit("bytes", 64 * KIB, "All header fields of an answer; 502.")
    upstream_header_count: int = _limit("count", 100, "Header fields of an answer; 502.")
    upstream_idle: float = _limit("seconds", 60.0, "How long an idle connection to an upstream is kept.", off=True)
    tunnel_idle: float = _limit(
        "seconds", 3600.0, "How long nothing may move in a tunnel, such as a WebSocket, until it is cut.", off=True
    )
    admin_connections: int = _limit(
        "count",
        64,
        "Connections to the admin API, an eighth of the file descriptors at most; the oldest makes room for the next.",
    )
    pool_size: int = _limit("count", 1024, "Idle connections that are kept to one endpoint.", off=False)


@frozen
class MirrorLimits:
    """What one mirror may cost; whatever exceeds it drops that shadow and counts why.

    buffer, budget
        Request bytes waiting for one shadow, and for all shadows of this mirror together.
    in_flight
        Shadows under way at once.
    response
        Bytes of an answer worth reading to keep the connection; a longer answer closes it.
    connect, timeout
        Seconds for the connection, and for the whole shadow from its start.
    breaker_failures, breaker_pause
        Failures in a row that open the breaker, and the seconds it stays open before one shadow tries again.
    """

    buffer: int = 1 * MIB
    budget: int = 32 * MIB
    in_flight: int = 1024
    response: int = 256 * KIB
    connect: float = 5.0
    timeout: float = 15.0
    breaker_failures: int = 20
    breaker_pause: float = 5.0


_PROTOCOL = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+(/[!#$%&'*+.^_`|~0-9a-z-]+)?").fullmatch
_MORE_HTTP = re.compile(r"(h2c?|h3|https?|tls)(/.*)?").fullmatch


def _tunnels(_instance: Any, _attribute: Any, value: tuple[str, ...]) -> None:
    for protocol in value:
        if _PROTOCOL(protocol) is None:
            raise ValueError(f'"{protocol}" is not the name of a protocol in lower case, such as websocket')
        if _MORE_HTTP(protocol):
            raise ValueError(f"{protocol} never becomes a tunnel: the requests inside would pass routes and filters by")


@frozen
class Settings:
    """What holds for the whole gateway.

    trusted_hops
        Proxies in front whose ``X-Forwarded-*`` are believed; 0 replaces the client's own.  The client of a request is
        then whom the outermost of them saw.
    normalize_path
        Whether dot segments and needless escapes are resolved before a request is routed (``http.paths``).
    locality
        Where the gateway itself runs, as ``region/zone/subzone``, for locality-aware balancing.
    bind, port_map
        The address that ports of the configuration are opened on (empty: all), and which port is opened in place of
        which: ``{80: 8080}`` serves what is declared for port 80 to a process that may not open it.
    name_servers
        Address and port of who is asked for names; empty for the system's own.
    server, via
        The ``server`` field given to clients (empty: the upstream's goes through), and the pseudonym for ``via``
        (empty: none is added).
    shadow_suffix
        Put before the port of a shadow's Host; empty leaves the Host alone.  None is ``-shadow``, but for mirrors that
        are usually left without (``Mirror.keeps_host``).
    upgrades
        Protocols in lower case that HTTP/1.1 clients may change to when the upstream agrees.  Never ``h2c``: the
        requests inside would pass every route, filter and mirror by.
    """

    trusted_hops: int = 0
    normalize_path: bool = False
    locality: str = ""
    bind: str = ""
    port_map: Mapping[int, int] = field(factory=dict)
    name_servers: tuple[tuple[str, int], ...] = ()
    server: str = ""
    via: str = ""
    shadow_suffix: str | None = None
    upgrades: tuple[str, ...] = field(default=("websocket",), validator=_tunnels)
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()
    mirror: MirrorLimits = MirrorLimits()
