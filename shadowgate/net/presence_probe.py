"""What the probes of variants ask: an endpoint that answers, a name that stands for an address, a file that exists.

Implements ``presence.Ask``.  Each question has one result, whose sentence is empty when nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os.path import exists
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.names import dns
from twisted.python.failure import Failure

from shadowgate.http.framing import WireLimits
from shadowgate.model import Endpoint, Probe
from shadowgate.net.probe import WireProbe
from shadowgate.plugin import Environment
from shadowgate.runtime.discovery import Resolver
from shadowgate.runtime.watch import Probing

MOST_ENDPOINTS: Final = 16
"""Of a cluster's endpoints so many are asked, the first ones: one that is well is enough."""

_Told = Callable[[str], None]


class PresenceProber:
    """Asks over the network; ``resolver`` looks names up, files are looked for in the background."""

    def __init__(self, env: Environment, limits: WireLimits, resolver: Resolver) -> None:
        self._env = env
        self._reactor: Any = env.clock
        self._limits = limits
        self._resolver = resolver

    def __call__(self, probe: Probe, endpoints: Sequence[Endpoint], told: _Told) -> Probing:
        if probe.kind == "dns":
            return _Later(self._reactor, lambda: self._look_up(probe.target), probe.check.timeout, told)
        if probe.kind == "file":
            return _Later(self._reactor, lambda: self._look_for(probe.target), probe.check.timeout, told)
        asked = [probe.endpoint] if probe.endpoint is not None else list(endpoints[:MOST_ENDPOINTS])
        return _AnyOf(self._reactor, [self._wire(each, probe) for each in asked], told)

    def _wire(self, endpoint: Endpoint, probe: Probe) -> Callable[[_Told], Probing]:
        return lambda told: WireProbe(self._reactor, endpoint, probe.check, self._limits, told, names=True)

    def _look_up(self, name: str) -> Deferred[str]:
        """Return what is wrong with a name: one address of either kind is enough (RFC 1035, RFC 3596)."""

        def judge(answer: Any) -> str:
            records = () if isinstance(answer, Failure) else answer[0]
            return "" if any(record.type in (dns.A, dns.AAAA) for record in records) else "it stands for no address"

        def otherwise(wrong: str) -> Any:
            return self._resolver.lookupIPV6Address(name).addBoth(judge) if wrong else wrong

        looking: Deferred[Any] = self._resolver.lookupAddress(name)
        return looking.addBoth(judge).addCallback(otherwise)

    def _look_for(self, path: str) -> Deferred[str]:
        return self._env.background(lambda: "" if exists(path) else "it does not exist")


class _Later:
    """A question that a Deferred answers, within a time."""

    def __init__(self, reactor: Any, ask: Callable[[], Deferred[str]], timeout: float, told: _Told) -> None:
        self._reactor = reactor
        self._ask = ask
        self._timeout = timeout
        self._told: _Told | None = told
        # Whoever asks hears nothing before it has the probe in its hands.
        self._call = reactor.callLater(0, self._start)

    def cancel(self) -> None:
        self._told = None
        if self._call.active():
            self._call.cancel()

    def _start(self) -> None:
        self._call = self._reactor.callLater(self._timeout, self._tell, "no answer in time")
        maybeDeferred(self._ask).addErrback(_sentence).addCallback(self._tell)

    def _tell(self, wrong: str) -> None:
        told, self._told = self._told, None
        if self._call.active():
            self._call.cancel()
        if told is not None:
            told(wrong)


class _AnyOf:
    """A question to several, of whom one has to answer well."""

    def __init__(self, reactor: Any, questions: Sequence[Callable[[_Told], Probing]], told: _Told) -> None:
        self._told: _Told | None = told
        self._waiting = len(questions)
        self._asked = [ask(self._answer) for ask in questions]
        self._nobody = None if questions else reactor.callLater(0, self._tell, "there is no endpoint to ask")

    def cancel(self) -> None:
        self._told = None
        if self._nobody is not None and self._nobody.active():
            self._nobody.cancel()
        for each in self._asked:
            each.cancel()

    def _answer(self, wrong: str) -> None:
        self._waiting -= 1
        if not wrong or not self._waiting:
            self._tell(wrong)

    def _tell(self, wrong: str) -> None:
        told = self._told
        self.cancel()
        if told is not None:
            told(wrong)


def _sentence(failure: Failure) -> str:
    return failure.getErrorMessage() or type(failure.value).__name__
