"""Istio's ``connectionPool`` and ``retryBudget``: what a cluster's connections and retries are bounded by."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.ranges import count, duration, duration_or_none, per_cent
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, report_unserved
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Duration, Node
from shadowgate.plugin.checks import istio_destinations


@frozen
class TcpKeepalive:
    """Istio ``TcpKeepalive``."""

    probes: int | None = field(default=None, validator=count)
    time: Duration | None = field(default=None, validator=duration)
    interval: Duration | None = field(default=None, validator=duration)

    def translate(self) -> model.TcpKeepalive:
        return model.TcpKeepalive(self.probes or None, self.time, self.interval)


@frozen
class TCPSettings:
    """Istio ``ConnectionPoolSettings.TCPSettings``."""

    max_connections: int | None = field(default=None, validator=count)
    connect_timeout: Duration | None = field(default=None, validator=duration)
    tcp_keepalive: TcpKeepalive | None = None
    max_connection_duration: Duration | None = field(default=None, validator=duration)
    idle_timeout: Duration | None = field(default=None, validator=duration_or_none)


@frozen
class HTTP2KeepAlive:
    """Istio ``http2KeepAlive``: pings on HTTP/2 connections."""

    interval: Duration | None = field(default=None, validator=duration)
    timeout: Duration | None = field(default=None, validator=duration)


@frozen
class HTTPSettings:
    """Istio ``ConnectionPoolSettings.HTTPSettings``; ``http2MaxRequests`` counts requests of any version of HTTP."""

    http1_max_pending_requests: int | None = field(default=None, validator=count)
    http2_max_requests: int | None = field(default=None, validator=count)
    max_requests_per_connection: int | None = field(default=None, validator=count)
    max_retries: int | None = field(default=None, validator=count)
    idle_timeout: Duration | None = field(default=None, validator=duration)
    h2_upgrade_policy: Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"] = "DEFAULT"
    use_client_protocol: bool = False
    max_concurrent_streams: int | None = field(default=None, validator=count)
    http2_keep_alive: HTTP2KeepAlive | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        if self.h2_upgrade_policy == "UPGRADE":
            inner = scope.inside("h2UpgradePolicy")
            if self.use_client_protocol:
                message = "UPGRADE and useClientProtocol exclude each other"
                inner.error(message, self.position, check=istio_destinations.HTTP2_TWO_WAYS)
            else:
                message = "HTTP/2 to endpoints is not served yet: requests go as HTTP/1.1"
                inner.warning(message, self.position, check=istio_destinations.HTTP2_ONLY)
        for key, value in (
            ("maxConcurrentStreams", self.max_concurrent_streams),
            ("http2KeepAlive", self.http2_keep_alive),
        ):
            if value is not None:
                message = f"{key} has no effect: requests to endpoints go as HTTP/1.1"
                scope.inside(key).info(message, self.position, check=istio_destinations.HTTP2_ONLY)


@frozen
class ConnectionPool:
    """Istio ``ConnectionPoolSettings``."""

    tcp: TCPSettings | None = None
    http: HTTPSettings | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.ConnectionPool:
        if self.tcp is None and self.http is None:
            message = "the connection pool is empty"
            scope.error(message, self.position, expected="tcp or http", check=istio_destinations.EMPTY_POOL)
        if self.http is not None:
            self.http.check(scope.inside("http"))
        tcp, http = self.tcp or TCPSettings(), self.http or HTTPSettings()
        # A count of 0 is one that was not said, as in protocol buffers; so is a connection's number of requests.
        return model.ConnectionPool(
            max_connections=tcp.max_connections or None,
            connect_timeout=tcp.connect_timeout,
            max_connection_duration=tcp.max_connection_duration,
            tcp_idle_timeout=tcp.idle_timeout,
            keepalive=None if tcp.tcp_keepalive is None else tcp.tcp_keepalive.translate(),
            max_pending=http.http1_max_pending_requests or None,
            max_requests=http.http2_max_requests or None,
            max_requests_per_connection=http.max_requests_per_connection or None,
            max_retries=http.max_retries or None,
            idle_timeout=http.idle_timeout,
        )


@frozen
class RetryBudget:
    """Istio ``retryBudget``."""

    percent: float = field(default=20.0, validator=per_cent)
    min_retry_concurrency: int = field(default=3, validator=count)
    budget_interval: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.RetryBudget:
        report_unserved(self, scope)
        return model.RetryBudget(self.percent, self.min_retry_concurrency)
