"""Name resolution with the lifetimes of its answers, which the system's own call does not tell."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.names import dns
from twisted.names.client import Resolver
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError
from twisted.names.hosts import Resolver as HostsFile
from twisted.names.resolve import ResolverChain

from shadowgate.net.quiet import QuietReactor

PATIENCE: Final = (1, 2, 4)
"""Seconds to wait for each server before it is asked once more; Twisted's own numbers add up to a minute."""


class Searching(ResolverBase):
    """Looks for names in the domains of ``search`` in ``/etc/resolv.conf``, as the system does (resolv.conf(5)).

    A name with a dot is tried as it is first, one without a dot last; ``ndots`` would change this order alone.
    """

    def __init__(self, asked: Resolver) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._asked = asked

    @inlineCallbacks
    def _lookup(self, name: bytes, cls: int, type: int, timeout: Sequence[int] | None) -> Generator[Any, Any, Any]:
        *others, last = self._candidates(name)
        for candidate in others:
            try:
                answer = yield self._query(candidate, cls, type, timeout)
            except DNSNameError:
                continue
            if answer[0]:
                return answer
        return (yield self._query(last, cls, type, timeout))

    def _query(self, name: bytes, cls: int, type: int, timeout: Sequence[int] | None) -> Deferred[Any]:
        asking: Deferred[Any] = self._asked.query(dns.Query(name, type, cls), timeout)
        return asking

    def _candidates(self, name: bytes) -> list[bytes]:
        if name.endswith(b"."):
            return [name]
        # Twisted sets these when the file says them, and again when it changes; the later of the two counts.
        domain = getattr(self._asked, "domain", None)
        domains = getattr(self._asked, "search", None) or ([domain] if domain else [])
        searched = [name + b"." + each.strip(b".") for each in domains]
        return [name, *searched] if b"." in name else [*searched, name]


def make_resolver(reactor: Any, servers: Sequence[tuple[str, int]] = ()) -> Any:
    """Return a resolver that looks into ``/etc/hosts``, then asks ``servers`` or those of ``/etc/resolv.conf``."""
    quiet = QuietReactor(reactor)
    if servers:
        asked: Any = Resolver(None, list(servers), PATIENCE, quiet)
    else:
        asked = Searching(Resolver("/etc/resolv.conf", None, PATIENCE, quiet))
    return ResolverChain([HostsFile(), asked])
