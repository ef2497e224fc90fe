"""Gateway: where clients are accepted, and whose routes are served there.

What its text settles is decided here; which class it is of, and which routes are attached, is ``config``'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.forms import at_most, object_name, some
from shadowgate.bundled.dialects.gateway_api.listener import Listener
from shadowgate.bundled.dialects.gateway_api.unserved import NOT_SERVED, WITHOUT_EFFECT
from shadowgate.bundled.dialects.objects import read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Node
from shadowgate.plugin.checks import gateway_api

_ADDRESS_TYPES: Final = ("IPAddress", "Hostname")


@frozen
class GatewayAddress:
    """``addresses[]``."""

    type: str = "IPAddress"
    value: str = ""
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Gateway:
    """What stands below ``spec``."""

    gateway_class_name: str = field(validator=object_name)
    listeners: tuple[Listener, ...] = field(validator=some(64, "listeners"))
    addresses: tuple[GatewayAddress, ...] = field(
        default=(), validator=at_most(16, "addresses"), metadata=WITHOUT_EFFECT
    )
    infrastructure: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    allowed_listeners: Node | None = field(default=None, metadata=NOT_SERVED)
    tls: Node | None = field(default=None, metadata=NOT_SERVED)
    default_scope: Literal["All", "None"] = "None"
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Gateway]:
        self._report_unserved(scope)
        self._check_distinct(scope)
        metadata = read_metadata(document, scope.report)
        listeners = tuple(
            listener.translate(scope.inside(f"listeners[{index}]")) for index, listener in enumerate(self.listeners)
        )
        yield model.Gateway(
            document.name,
            scope.namespace,
            self.gateway_class_name,
            listeners,
            tuple(self._conditions(scope)),
            metadata.creation_timestamp,
            metadata.generation,
            scope.document,
            self.default_scope == "All",
        )

    def _report_unserved(self, scope: Scope) -> None:
        if self.infrastructure is not None:
            message = "there is nothing to set up for a Gateway here"
            scope.inside("infrastructure").info(message, self.infrastructure.position, check=gateway_api.NO_EFFECT)
        for key, node, what in (
            ("allowedListeners", self.allowed_listeners, "listeners of other objects are not served yet"),
            ("tls", self.tls, "TLS is not served yet"),
        ):
            if node is not None:
                scope.inside(key).warning(what, node.position, check=gateway_api.NOT_SERVED)

    def _check_distinct(self, scope: Scope) -> None:
        """Report listeners that nothing tells apart."""
        names: dict[str, int] = {}
        places: dict[tuple[int, str, str], int] = {}
        for index, listener in enumerate(self.listeners):
            inner, at = scope.inside(f"listeners[{index}]"), listener.position
            if names.setdefault(listener.name, index) != index:
                message = f'listeners[{names[listener.name]}] is called "{listener.name}" as well'
                inner.inside("name").error(message, at, check=gateway_api.REPEATED)
            place = (listener.port, listener.protocol, listener.hostname)
            if places.setdefault(place, index) != index:
                message = f"listeners[{places[place]}] has the same port, protocol and hostname"
                inner.error(message, at, check=gateway_api.LISTENER)

    def _conditions(self, scope: Scope) -> Iterator[model.Condition]:
        unknown = [each for each in self.addresses if each.type not in _ADDRESS_TYPES]
        for address in unknown:
            message = f"addresses of the type {address.type} are not known here"
            scope.inside("addresses").warning(message, address.position, check=gateway_api.NOT_SERVED)
        if unknown:
            message = f"no addresses of the type {unknown[0].type}"
            yield model.Condition("Accepted", False, "UnsupportedAddress", message)
        elif self.addresses:
            message = "listeners are opened at the address that the gateway was started with (--bind)"
            scope.inside("addresses").info(message, self.addresses[0].position, check=gateway_api.NO_EFFECT)
