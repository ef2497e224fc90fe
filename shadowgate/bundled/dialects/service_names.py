"""The names under which a mesh knows a service, and which texts are host names at all."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

_DOMAIN: Final = ".svc.cluster.local"
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_HOST: Final = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*\.?", re.ASCII)


def service_name(name: str, namespace: str) -> str:
    """Return the canonical name of a Kubernetes Service."""
    return f"{name}.{namespace}{_DOMAIN}"


def canonical(host: str, namespace: str) -> str:
    """Return the one name of a host: a short name means a service of the namespace (Istio ``Destination.host``)."""
    host = host.lower()
    return plain(host) if "." in host or ":" in host or host == "*" else service_name(host, namespace)


def plain(host: str) -> str:
    """Return a host in lower case, without the dot that may end a whole name (RFC 1034 section 3.1)."""
    return host.lower().removesuffix(".")


def all_names(host: str, namespace: str = "default") -> tuple[str, ...]:
    """Return a host as written and everything else that clients in a namespace call it, the canonical name included.

    Only a service has more names than one.  Its bare name means it in its own namespace, and in ``default`` to those
    who are in none, as the clients of a gateway are.
    """
    name = canonical(host, namespace)
    service, dot, space = name.removesuffix(_DOMAIN).partition(".")
    if not name.endswith(_DOMAIN) or not dot or "." in space or service == "*":
        return (plain(host),)
    bare = (service,) if space in ("default", namespace) else ()
    forms = (plain(host), *bare, f"{service}.{space}", f"{service}.{space}.svc", name)
    return tuple(dict.fromkeys(forms))


def is_label(text: str) -> bool:
    """Return whether this is a DNS label (RFC 1123): the form of subset and namespace names."""
    return _LABEL.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Return whether this is a host name without wildcard and port; case does not count."""
    return len(text) <= 255 and _HOST.fullmatch(text.lower()) is not None


def is_service_record(text: str) -> bool:
    """Return whether service records are found under this name (RFC 2782): ``_http._tcp.example.com``."""
    service, _, rest = text.lower().partition(".")
    transport, _, name = rest.partition(".")
    return service[:1] == "_" and is_label(service[1:]) and transport in ("_tcp", "_udp") and is_host(name)


def is_address(text: str) -> bool:
    """Return whether this is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
