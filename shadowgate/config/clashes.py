"""Which object a document is, and the objects that are both in the store and somewhere else.

Two places for one object would each be believed until somebody edits the other; so both are named and neither counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shadowgate.model.gateways import GATEWAY_GROUP, ObjectKey
from shadowgate.plugin import Document, Report
from shadowgate.plugin.checks import objects

STORE: Final = "store"
"""``Document.origin`` of objects that were applied to the running gateway."""

CLUSTER_SCOPED: Final = frozenset({("", "Namespace"), ("", "Node"), (GATEWAY_GROUP, "GatewayClass")})
"""Kinds whose objects are in no namespace."""


def key_of(document: Document) -> ObjectKey | None:
    """Return which object the document is; None for one that is none, as those in the native form are."""
    group, kind, name = document.group, document.kind, document.name
    if not (kind and name and document.api_version):
        return None
    return ObjectKey(group, kind, "" if (group, kind) in CLUSTER_SCOPED else document.namespace, name)


def without_clashes(given: Sequence[Document], generated: Sequence[Document], report: Report) -> list[Document]:
    """Return what was given, without those of the store's that are somewhere else as well; each is an error."""
    if not any(document.origin == STORE for document in given):
        return list(given)
    made = {id(document) for document in generated}
    elsewhere: dict[ObjectKey, Document] = {}
    for document in (*given, *generated):
        if document.origin != STORE and (key := key_of(document)):
            elsewhere.setdefault(key, document)
    kept = []
    for document in given:
        key = key_of(document) if document.origin == STORE else None
        other = elsewhere.get(key) if key else None
        if other is None:
            kept.append(document)
        else:
            if id(other) in made:
                message = f"{key} is generated from what is at {other.position} as well; delete this one or change that"
            else:
                message = f"{key} stands at {other.position} as well; an object is in a file or applied, not both"
            report.error(message, document.position, check=objects.TWO_PLACES)
    return kept
