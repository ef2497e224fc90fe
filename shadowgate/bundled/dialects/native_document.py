"""One document of the native form: everything that may stand at its top."""

# ruff: noqa: RUF009 - doc is attrs.field with a sentence, not a value.

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from shadowgate.bundled.dialects.native_clusters import ClusterForm, EndpointForm
from shadowgate.bundled.dialects.native_forms import ClientsForm, ListenerForm, RouteForm
from shadowgate.bundled.dialects.native_parts import doc
from shadowgate.bundled.dialects.native_variants import VariantsForm
from shadowgate.plugin import OneOrMany


@frozen
class NativeForm:
    """One document."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"apiVersion", "kind", "metadata"})

    clusters: Mapping[str, ClusterForm | tuple[EndpointForm, ...]] = doc("Clusters by name.", factory=dict)
    routes: OneOrMany[RouteForm] = doc("Routes, in the order in which they are tried.", default=())
    listeners: OneOrMany[ListenerForm] = doc("Where to accept clients.", default=())
    variants: Mapping[str, VariantsForm] = doc("Applications with several versions, by name.", factory=dict)
    clients: OneOrMany[ClientsForm] = doc("Which clients have which labels, for source-labels.", default=())
