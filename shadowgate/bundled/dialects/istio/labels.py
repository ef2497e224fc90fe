"""Labels as Kubernetes has them: by which subsets and selectors choose endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_host
from shadowgate.errors import Position
from shadowgate.plugin.checks import istio_routing

_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)


def check_labels(labels: Mapping[str, str], at: Position, scope: Scope) -> None:
    """Report names and values that no Kubernetes object could carry (``IsQualifiedName``, ``IsValidLabelValue``)."""
    for key, value in labels.items():
        prefix, slash, name = key.rpartition("/")
        if not _NAME.fullmatch(name) or (slash and not is_host(prefix)):
            scope.error("this is no name of a label", at, found=f'"{key}"', check=istio_routing.LABELS)
        if value and not _NAME.fullmatch(value):
            message = "this is no value of a label"
            scope.inside(key).error(message, at, found=f'"{value}"', check=istio_routing.LABELS)
