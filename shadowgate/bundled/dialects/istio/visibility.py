"""Istio's ``exportTo``: in which namespaces an object is known."""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_label
from shadowgate.errors import Position
from shadowgate.plugin.checks import istio_routing


def exported_to(export_to: Sequence[str], namespace: str) -> tuple[str, ...]:
    """Return the namespaces by name, ``*`` for all; ``~`` is nobody, and saying nothing is everybody."""
    if not export_to:
        return ("*",)
    return tuple(namespace if name == "." else name for name in export_to if name != "~")


def check_export_to(export_to: Sequence[str], at: Position, scope: Scope) -> None:
    """Report names that are none, repeats, and what stands beside ``*`` or ``~``."""
    inner = scope.inside("exportTo")
    for index, name in enumerate(export_to):
        item = inner.inside(f"[{index}]")
        if name not in (".", "*", "~") and not is_label(name):
            expected = "a namespace, . or *"
            check = istio_routing.EXPORT_TO
            item.error("this is no namespace", at, found=f'"{name}"', expected=expected, check=check)
        elif name in export_to[:index]:
            item.error(f'"{name}" is said twice', at, check=istio_routing.EXPORT_TO)
    for name in ("*", "~"):
        if name in export_to and len(set(export_to)) > 1:
            inner.error(f'"{name}" stands alone', at, check=istio_routing.EXPORT_TO)
