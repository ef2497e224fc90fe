"""The ``passthrough`` balancer: where the client was going, if that is one of the endpoints.

A gateway that clients speak to sees of that only the authority that they ask for.  It is looked up among the endpoints
and never connected to by itself: the gateway would otherwise be an open proxy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Final

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.balancers.round_robin import RoundRobin
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IBindingBalancer
from shadowgate.plugin.values import Candidate, Environment

_HOST_AND_PORT: Final = re.compile(rb"(\[[^]]*\]|[^:]*)(?::([0-9]*))?")
# RFC 3986 section 3.2.2, and what resolvers take for numbers: no name ends with a label of digits.
_IS_ADDRESS: Final = re.compile(rb"\[.*|(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?").fullmatch
_WELL_KNOWN: Final = {b"http": b"80", b"https": b"443"}


@implementer(IBindingBalancer)
@frozen
class Passthrough:
    """To the endpoint whose address, or address and port, the request's Host names (Istio ``PASSTHROUGH``).

    An address without a port means the scheme's own, and without an endpoint there any at that address.  A name that
    is no endpoint's stands for all of them, as a service's own address does: they take turns.  An address that is no
    endpoint's gets 503, as does one that is not well.
    """

    def compile(self, endpoints: tuple[Candidate, ...], env: Environment) -> Callable[[RequestHead], Candidate | None]:
        at: dict[bytes, list[Candidate]] = {}
        for endpoint in endpoints:
            host, port = _split(endpoint.name.encode())
            at.setdefault(host, []).append(endpoint)
            at.setdefault(host + b":" + port, []).append(endpoint)
        turns = {place: RoundRobin().compile(tuple(there), env) for place, there in at.items()}
        anybody = RoundRobin().compile(endpoints, env)

        def pick(head: RequestHead) -> Candidate | None:
            host, port = _split(head.authority)
            if port:
                turn = turns.get(host + b":" + port)
            else:
                turn = turns.get(host + b":" + _WELL_KNOWN[head.scheme]) or turns.get(host)
            if turn is None:
                return None if _IS_ADDRESS(host) else anybody(head)
            return turn(head)

        return pick


def _split(authority: bytes) -> tuple[bytes, bytes]:
    """Return the host in one spelling, and the port without zeros before it; empty where there is none."""
    found = _HOST_AND_PORT.fullmatch(authority)
    if found is None:  # the path of a Unix socket, which no Host names
        return authority, b""
    host, port = found[1].lower(), (found[2] or b"").lstrip(b"0")
    if host.startswith(b"["):
        try:
            host = b"[%s]" % IPv6Address(host[1:-1].decode("ascii")).compressed.encode()
        except ValueError:
            return authority, port
    return host, port
