"""Health checks on the wire: one connection and, over HTTP, one request; a result is told once.

A probe never uses a pool's connections: that one can be made is half of what it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from shadowgate.http.framing import NO_BODY, WireLimits
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers, Pair
from shadowgate.model import Endpoint, HealthCheck
from shadowgate.net.client import ClientConnection
from shadowgate.net.endpoints import factory_of, reach, reason
from shadowgate.runtime.health import amiss
from shadowgate.runtime.outcomes import Outcome

AGENT = b"shadowgate-health-check"


class Prober:
    """Implements ``watch.Probe`` on the reactor's own connections."""

    def __init__(self, reactor: Any, limits: WireLimits) -> None:
        self._reactor = reactor
        self._limits = limits

    def __call__(self, endpoint: Endpoint, check: HealthCheck, told: Callable[[str], None]) -> WireProbe:
        return WireProbe(self._reactor, endpoint, check, self._limits, told)


class WireProbe:
    """One probe, a receiver of the answer that it asks for; ``told`` hears what is wrong, or nothing.

    With ``names`` it may wait for a name to be looked up, too.
    """

    def __init__(
        self,
        reactor: Any,
        endpoint: Endpoint,
        check: HealthCheck,
        limits: WireLimits,
        told: Callable[[str], None],
        *,
        names: bool = False,
    ) -> None:
        self._reactor = reactor
        self._names = names
        self._endpoint = endpoint
        self._check = check
        self._limits = limits
        self._told: Callable[[str], None] | None = told
        self._attempt: Deferred[Any] | None = None
        self._connection: ClientConnection | None = None
        # Whoever asks hears nothing before it has the probe in its hands.
        self._call = reactor.callLater(0, self._start)

    def cancel(self) -> None:
        if self._told is not None:
            self._told = None
            self._over()

    def _start(self) -> None:
        endpoint, check = self._endpoint, self._check
        at = endpoint if check.port is None or not endpoint.port else evolve(endpoint, port=check.port)
        # The connection and the answer have one time together; that of the connection alone never comes first.
        late = "no connection in time" if check.path is None else "no answer in time"
        self._call = self._reactor.callLater(check.timeout, self._tell, late)
        way = reach(self._reactor, at, self._names)(check.timeout + 1)
        self._attempt = way.connect(factory_of(lambda: ClientConnection(self._limits, self._released)))
        self._attempt.addCallbacks(self._connected, self._unreachable)

    def _connected(self, connection: ClientConnection) -> None:
        if self._told is None:
            connection.abort()
        elif self._check.path is None:
            connection.close()
            self._tell("")
        else:
            self._connection = connection
            connection.assign(self)
            connection.send_head(self._head(self._check.path), NO_BODY, b"", True)

    def _released(self, connection: ClientConnection, usable: bool) -> None:
        self._connection = None
        if usable:
            connection.close()

    def _unreachable(self, failure: Failure) -> None:
        self._tell(reason(failure).name)

    def _head(self, path: str) -> RequestHead:
        endpoint, check = self._endpoint, self._check
        host = check.host or ("localhost" if endpoint.address.startswith("unix:") else str(endpoint))
        headers = [(b"Host", host.encode()), (b"User-Agent", AGENT)]
        headers += [(name.encode(), value.encode()) for name, value in check.headers]
        return RequestHead(b"GET", path.encode(), 11, Headers(headers), host.encode())

    def _tell(self, wrong: str) -> None:
        told, self._told = self._told, None
        self._over()
        if told is not None:
            told(wrong)

    def _over(self) -> None:
        if self._call.active():
            self._call.cancel()
        if self._connection is not None:
            self._connection.abort()
        elif self._attempt is not None:
            self._attempt.cancel()

    # The answer (streams.Receiver)

    def informational(self, head: ResponseHead) -> None:
        """It is not the answer."""

    def response(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None:
        self._tell(amiss(self._check, head))

    def response_data(self, data: bytes) -> None:
        """Its status is all that counts."""

    def response_end(self, trailers: Sequence[Pair]) -> None:
        """The same."""

    def response_failed(self, outcome: Outcome) -> None:
        self._tell(outcome.name)

    def request_full(self) -> None:
        """There is no more to send."""

    def request_drained(self) -> None:
        """The same."""

    def __repr__(self) -> str:
        return f"<WireProbe {self._endpoint}, {'over' if self._told is None else 'under way'}>"
