"""How many connections the admin API has at once, so that it cannot take the descriptors that clients need.

Whoever comes is let in, and the oldest connection makes room: a probe is answered however many others hold on.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory


class Crowd(WrappingFactory):
    """At most ``most`` connections of a factory, those that came last."""

    noisy = False

    def __init__(self, factory: IProtocolFactory, most: int) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self._most = most
        self._open: dict[ProtocolWrapper, None] = {}

    def registerProtocol(self, p: ProtocolWrapper) -> None:
        self._open[p] = None
        if len(self._open) > self._most:
            oldest: Any = next(iter(self._open))
            del self._open[oldest]
            oldest.abortConnection()

    def unregisterProtocol(self, p: ProtocolWrapper) -> None:
        self._open.pop(p, None)

    def __repr__(self) -> str:
        return f"<Crowd, {len(self._open)} of at most {self._most} connections>"
