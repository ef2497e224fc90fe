"""How VirtualServices call Gateways: ``name``, ``namespace/name``, and ``mesh`` for what is no Gateway at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_host, is_label
from shadowgate.errors import Position
from shadowgate.model import OWN
from shadowgate.plugin.checks import istio_routing

_LABELS_OF_OLD_NAMES: Final = 2
"""``name.namespace``, then perhaps the domain: how Gateways were called before Istio 1.0."""


def resolve_gateways(gateways: Sequence[str], namespace: str) -> tuple[str, ...]:
    """Return the names in full."""
    return tuple(dict.fromkeys(_in_full(name, namespace) for name in gateways))


def check_gateways(gateways: Sequence[str], at: Position, scope: Scope) -> None:
    """Report what cannot be the name of a Gateway."""
    for index, name in enumerate(gateways):
        inner = scope.inside(f"[{index}]")
        parts = name.split("/")
        if len(parts) == 1 and "." in name and is_host(name):
            better = _in_full(name, "")
            inner.warning(
                "this is an older form of a Gateway's name",
                at,
                found=f'"{name}"',
                expected=f'"{better}"',
                check=istio_routing.DEPRECATED,
            )
        elif len(parts) > 2 or not all(map(is_label, parts)):
            expected = "name, namespace/name or mesh"
            message = "this is not the name of a Gateway"
            inner.error(message, at, found=f'"{name}"', expected=expected, check=istio_routing.GATEWAY_NAME)


def _in_full(name: str, namespace: str) -> str:
    if name == OWN or "/" in name:
        return name
    labels = name.split(".")
    if len(labels) >= _LABELS_OF_OLD_NAMES:
        return f"{labels[1]}/{labels[0]}"
    return f"{namespace}/{name}"
