"""Numbers that bound the gateway, each with its default.  Seconds and bytes throughout."""

from __future__ import annotations

from attrs import frozen

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


@frozen
class Limits:
    """What one client connection may cost.

    ``buffer`` is the memory that one exchange may hold in each direction.
    """

    request_line: int = 16 * KIB
    header_bytes: int = 64 * KIB
    header_count: int = 100
    trailer_bytes: int = 8 * KIB
    buffer: int = 64 * KIB
    header_timeout: float = 30.0
    keepalive_timeout: float = 75.0
    upstream_idle: float = 60.0
    pool_size: int = 1024


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


@frozen
class Settings:
    """What holds for the whole gateway.

    trusted_hops
        Proxies in front whose ``X-Forwarded-*`` and ``X-Request-Id`` are believed; 0 replaces the client's own.
    locality
        Where the gateway itself runs, as ``region/zone/subzone``, for locality-aware balancing.
    server, via
        The ``server`` field given to clients (empty: the upstream's goes through), and the pseudonym for ``via``
        (empty: none is added).
    shadow_suffix
        Put before the port of a shadow's Host; empty leaves the Host alone.
    """

    trusted_hops: int = 0
    locality: str = ""
    server: str = ""
    via: str = ""
    shadow_suffix: str = "-shadow"
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()
    mirror: MirrorLimits = MirrorLimits()
