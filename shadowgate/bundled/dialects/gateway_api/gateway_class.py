"""GatewayClass: which controller the Gateways of a class are for."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.forms import controller_name, text_of
from shadowgate.bundled.dialects.gateway_api.unserved import NOT_SERVED
from shadowgate.bundled.dialects.objects import read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.plugin import Document, Node
from shadowgate.plugin.checks import gateway_api


@frozen
class GatewayClass:
    """What stands below ``spec``."""

    controller_name: str = field(validator=controller_name)
    parameters_ref: Node | None = field(default=None, metadata=NOT_SERVED)
    description: str = field(default="", validator=text_of(0, 64, "a description"))

    def translate(self, document: Document, scope: Scope) -> Iterator[model.GatewayClass]:
        if self.parameters_ref is not None:
            message = "the gateway takes no parameters from other objects; they are passed over"
            scope.inside("parametersRef").warning(message, self.parameters_ref.position, check=gateway_api.NOT_SERVED)
        generation = read_metadata(document, scope.report).generation
        yield model.GatewayClass(document.name, self.controller_name, generation, scope.document)
