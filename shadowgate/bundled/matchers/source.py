"""The ``source`` matcher: a condition on the client's address."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, Final

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher
from shadowgate.plugin.schema import OneOrMany

# Every address is looked up as IPv6, an IPv4 one as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), which is how a
# dual-stack socket shows it anyway.
_MAPPED: Final = 0xFFFF << 32


def _networks(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    if not value:
        raise ValueError("give at least one network, such as 10.0.0.0/8")
    for text in value:
        _network(text)


@implementer(IMatcher)
@frozen(kw_only=True)
class Source:
    """The client is in one of the networks; a client without an address, as on a Unix socket, is in none."""

    networks: OneOrMany[str] = field(
        validator=_networks, metadata={"doc": "Networks or single addresses: 10.0.0.0/8, 2001:db8::/32, 192.0.2.1."}
    )

    def compile(self) -> Callable[[RequestHead], bool]:
        nets = tuple(map(_mask_and_value, self.networks))

        def matches(head: RequestHead) -> bool:
            address = _number(head.peer)
            if address is None:
                return False
            for mask, value in nets:  # noqa: SIM110 - a generator would cost more than the comparison
                if address & mask == value:
                    return True
            return False

        return matches


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'"{text}" is not a network; write an address, or a prefix such as 10.0.0.0/8') from None
    raise ValueError(f'"{text}" has bits beyond its prefix; write {network}')


def _mask_and_value(text: str) -> tuple[int, int]:
    network = _network(text)
    mask, value = int(network.netmask), int(network.network_address)
    if network.version == 4:
        return (((1 << 96) - 1) << 32) | mask, _MAPPED | value
    return mask, value


def _number(peer: str) -> int | None:
    try:
        if ":" in peer:
            return int.from_bytes(inet_pton(AF_INET6, peer.partition("%")[0]), "big")
        return _MAPPED | int.from_bytes(inet_pton(AF_INET, peer), "big")
    except OSError:
        return None
