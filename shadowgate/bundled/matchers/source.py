"""The ``source`` matcher: a condition on the client's address."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen
from zope.interface import implementer

from shadowgate.bundled.networks import address_number, mask_and_value, networks
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher
from shadowgate.plugin.schema import OneOrMany


@implementer(IMatcher)
@frozen(kw_only=True)
class Source:
    """The client is in one of the networks; a client without an address, as on a Unix socket, is in none."""

    networks: OneOrMany[str] = field(
        validator=networks, metadata={"doc": "Networks or single addresses: 10.0.0.0/8, 2001:db8::/32, 192.0.2.1."}
    )

    def compile(self) -> Callable[[RequestHead], bool]:
        nets = tuple(map(mask_and_value, self.networks))

        def matches(head: RequestHead) -> bool:
            address = address_number(head.peer)
            if address is None:
                return False
            for mask, value in nets:  # noqa: SIM110 - a generator would cost more than the comparison
                if address & mask == value:
                    return True
            return False

        return matches
