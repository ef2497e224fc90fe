"""Which variants are available now, and what share each of them gets: what Iter8 decides by, and nothing else.

Law (Iter8 ``normalizeWeights``): a variant that is not available has no weight; one that is has that of its first
object's annotation, else that of the specification, else 1; where all have none, the first one has 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve, frozen

from shadowgate.bundled.generators.iter8.objects import Objects
from shadowgate.bundled.generators.iter8.subject import Subject, Variant
from shadowgate.plugin import Document, Report
from shadowgate.plugin.schema import to_node


@frozen
class Presence:
    """One variant as it is: ``reason`` says why it is not available, ``annotated`` is the weight of its annotation."""

    name: str
    available: bool
    reason: str
    annotated: int | None
    weight: int


@frozen
class State:
    """A subject as it is, its variants in their order."""

    subject: Subject
    variants: tuple[Presence, ...]

    @property
    def weights(self) -> tuple[int, ...]:
        return tuple(each.weight for each in self.variants)

    def supposing(self, there: Callable[[int], bool]) -> State:
        """Return the state as it would be with other variants there, of which each has some weight."""
        variants = tuple(
            evolve(each, available=there(at), reason="", weight=(each.weight or 1) if there(at) else 0)
            for at, each in enumerate(self.variants)
        )
        return evolve(self, variants=variants)

    def document(self) -> Document:
        """Return the state as a document: what events and the admin API are made from."""
        subject = self.subject
        at = subject.document.position
        variants = [
            {"name": each.name, "available": each.available, "reason": each.reason, "weight": each.weight}
            for each in self.variants
        ]
        root = to_node(
            {
                "apiVersion": "shadowgate.io/v1",
                "kind": "Availability",
                "metadata": {"name": subject.name, "namespace": subject.namespace},
                "variants": variants,
            },
            at,
        )
        return Document(root)  # type: ignore[arg-type]


def observe(subject: Subject, objects: Objects, report: Report, said: Sequence[int | None] = ()) -> State:
    """Return the state of a subject; ``said`` are weights that a routing policy has for its variants."""
    specified = tuple(said) or tuple(each.weight for each in subject.variants)
    found = [
        _presence(variant, objects, weight, report) for variant, weight in zip(subject.variants, specified, strict=True)
    ]
    if not any(each.weight for each in found):
        found[0] = evolve(found[0], weight=1)
    return State(subject, tuple(found))


def _presence(variant: Variant, objects: Objects, specified: int | None, report: Report) -> Presence:
    reason = next(filter(None, map(objects.absence, variant.resources)), "")
    annotated = objects.weight(variant.resources[0], report) if variant.resources else None
    weight = 0 if reason else next((each for each in (annotated, specified) if each is not None), 1)
    return Presence(variant.name, not reason, reason, annotated, weight)
