"""References to what stands behind a route (``BackendObjectReference``): of ``backendRefs[]`` and of mirrors."""

from __future__ import annotations

from typing import Any, Final

from attrs import Attribute, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.forms import (
    group_name,
    kind_name,
    namespace_name,
    object_name,
    port_number,
)
from shadowgate.bundled.dialects.service_names import service_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import ObjectKey, PluginUse
from shadowgate.plugin.checks import Unfit, gateway_api

_HEAVIEST: Final = 1_000_000
_SERVICE: Final = ("", "Service")


def weight(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    """Validate a weight."""
    if not 0 <= value <= _HEAVIEST:
        raise Unfit(gateway_api.BACKEND, f"a weight lies between 0 and {_HEAVIEST}")


@frozen
class BackendObject:
    """An object by group, kind, namespace and name, and one of its ports.

    Of any other kind than Service the name is kept as it is, and nothing is found under it.
    """

    group: str = field(default="", validator=group_name)
    kind: str = field(default="Service", validator=kind_name)
    name: str = field(kw_only=True, validator=object_name)
    namespace: str | None = field(default=None, validator=namespace_name)
    port: int | None = field(default=None, validator=port_number)
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if (self.group, self.kind) == _SERVICE and self.port is None:
            raise Unfit(gateway_api.BACKEND, "a reference to a Service needs its port")

    def destination(
        self,
        namespace: str,
        weight: int = 1,
        filters: tuple[PluginUse, ...] = (),
        mirrors: tuple[model.Mirror, ...] = (),
        failure: str = "",
    ) -> model.Destination:
        """Return what it means in a route of ``namespace``."""
        key = ObjectKey(self.group, self.kind, self.namespace or namespace, self.name)
        known = (self.group, self.kind) == _SERVICE
        return model.Destination(
            service_name(key.name, key.namespace) if known else str(key),
            port=self.port,
            weight=weight,
            filters=filters,
            position=self.position,
            reference=model.Reference(key, self.port, self.position),
            failure=failure,
            mirrors=mirrors,
        )
