"""Networks as options name them, and addresses as numbers to look up in them."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, Final

from attrs import Attribute

# Every address is looked up as IPv6, an IPv4 one as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), which is how a
# dual-stack socket shows it anyway.
_MAPPED: Final = 0xFFFF << 32


def networks(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    """Validate an option that names networks, one at least."""
    if not value:
        raise ValueError("give at least one network, such as 10.0.0.0/8")
    for text in value:
        _network(text)


def mask_and_value(text: str) -> tuple[int, int]:
    """Return what to mask the number of an address with, and what is then left of one in this network."""
    network = _network(text)
    mask, value = int(network.netmask), int(network.network_address)
    if network.version == 4:
        return (((1 << 96) - 1) << 32) | mask, _MAPPED | value
    return mask, value


def address_number(peer: str) -> int | None:
    """Return the number of an address; None for what is none, as a UNIX socket's peer."""
    try:
        if ":" in peer:
            return int.from_bytes(inet_pton(AF_INET6, peer.partition("%")[0]), "big")
        return _MAPPED | int.from_bytes(inet_pton(AF_INET, peer), "big")
    except OSError:
        return None


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
