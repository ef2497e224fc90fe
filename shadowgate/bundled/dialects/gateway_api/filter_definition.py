"""Filter of ``shadowgate.io/v1``: a filter plugin with its options under a name that an ExtensionRef can give.

apiVersion: shadowgate.io/v1
kind: Filter
metadata: {name: teapot}
spec:
  respond: {status: 418}
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from shadowgate import model
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.model import PluginUse
from shadowgate.plugin import Document

GROUP = "shadowgate.io"
KIND = "Filter"


@frozen
class FilterObject:
    """The whole object; ``spec`` is a use of a plugin as the native form writes it."""

    ignored_keys = frozenset({"apiVersion", "kind", "metadata", "status"})

    spec: PluginUse

    def translate(self, document: Document, scope: Scope) -> Iterator[model.FilterDefinition]:
        yield model.FilterDefinition(document.name, scope.namespace, self.spec, scope.document)
