"""What every object of the Kubernetes API has, custom resources included: metadata around what it says."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import ClassVar, Final

from attrs import field, frozen

from shadowgate.plugin import Document, Report, read


class _EveryKey:
    """A set of keys with all of them in it."""

    def __contains__(self, key: object) -> bool:
        return True


EVERY_KEY: Final[Container[str]] = _EveryKey()
"""``ignored_keys`` of classes that read a server's output: it holds far more than a gateway has a use for."""


@frozen
class Metadata:
    """Kubernetes ``ObjectMeta``, as far as it decides anything here."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    labels: Mapping[str, str] = field(factory=dict)
    generation: int | None = None
    creation_timestamp: str = ""
    deletion_timestamp: str = ""


def read_metadata(document: Document, report: Report) -> Metadata:
    """Return the document's metadata; what is wrong with it goes to ``report``."""
    node = document.root.get("metadata")
    found = None if node is None else read(Metadata, node, report, "metadata")
    return found or Metadata()
