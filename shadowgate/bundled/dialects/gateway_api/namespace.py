"""Namespace of the Kubernetes API: its labels, by which listeners choose whose routes they take."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import ClassVar

from attrs import frozen

from shadowgate import model
from shadowgate.bundled.dialects.objects import EVERY_KEY, read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.plugin import Document

_OWN_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace of a cluster has."""


@frozen
class Namespace:
    """The whole object, of which nothing but the metadata matters here."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Namespace]:
        labels = read_metadata(document, scope.report).labels
        yield model.Namespace(document.name, {**labels, _OWN_NAME: document.name}, scope.document)
