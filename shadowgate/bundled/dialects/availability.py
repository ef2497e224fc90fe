"""The ``availability`` dialect: documents that generators and probes write about which variants are there.

Nobody has to write one.  They are documents so that every process, every reload and every explanation goes by the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from attrs import frozen
from zope.interface import implementer

from shadowgate.model import Availability, Presence
from shadowgate.plugin import Document, IDialect, Report, read


@frozen
class PresenceForm:
    """One variant; only whoever decides about shares gives a weight."""

    name: str
    available: bool
    reason: str = ""
    weight: int | None = None


@frozen
class AvailabilityForm:
    """The whole object; its name is that of the application."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"apiVersion", "kind", "metadata"})

    variants: tuple[PresenceForm, ...] = ()


@implementer(IDialect)
@frozen
class AvailabilityDialect:
    """Which variants of an application are there, as probes and generators found it."""

    kinds: ClassVar[tuple[tuple[str, str], ...]] = (("shadowgate.io", "Availability"),)

    def translate(self, document: Document, report: Report) -> Iterator[Availability]:
        form = read(AvailabilityForm, document.root, report)
        if form is not None:
            found = tuple(Presence(each.name, each.available, each.reason, each.weight) for each in form.variants)
            yield Availability(document.name, document.namespace, found, document.position)
