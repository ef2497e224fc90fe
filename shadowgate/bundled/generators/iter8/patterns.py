"""The charts that a routing policy can name, by what they do to its values: an HTTPRoute's ``spec``.

All keep the values as they are written and in their order, but for what depends on variants:

mirror
    The ``filters`` of the rules are there while the trigger's variant is, and a mirror in them while its own is.  A
    weight that an annotation asks for is the percentage that is copied.
canary
    A rule or backend of a variant that is not there is left out; the first variant's stay.
blue-green
    The same, and the backends that are left have the variants' weights.

Filling in defaults and judging what an HTTPRoute may say is the Gateway API dialect's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import evolve, frozen

from shadowgate.bundled.generators.iter8.state import Presence, State
from shadowgate.bundled.generators.iter8.subject import Subject
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Node, Scalar, Sequence

_ALL: Final = 100


def written_weights(values: MappingNode, subject: Subject) -> tuple[int | None, ...]:
    """Return the weight that the values have for each variant of a subject, where they have one."""
    said: list[int | None] = [None] * len(subject.variants)
    for rule in _items(values.get("rules")):
        for backend in _items(rule.get("backendRefs")):
            index = _variant(backend, subject)
            text = backend.text("weight")
            if index is not None and said[index] is None and text.isdecimal():
                said[index] = int(text)
    return tuple(said)


def apply_pattern(chart: str, values: MappingNode, state: State, trigger: int) -> MappingNode:
    """Return the ``spec`` of the route; ``trigger`` is the variant that the policy follows, counted from 0."""
    drawn = _Drawn(state, trigger)
    draw = _PATTERNS[chart]
    return _with(values, "rules", lambda rules: _sequence(rules, lambda rule: draw(drawn, rule)))


@frozen
class _Drawn:
    """One application of a pattern."""

    state: State
    trigger: int

    def presence(self, reference: Node | None) -> tuple[int, Presence] | None:
        """Return the variant that a backend is of, with its index."""
        if not isinstance(reference, MappingNode):
            return None
        index = _variant(reference, self.state.subject)
        return None if index is None else (index, self.state.variants[index])

    # mirror

    def mirror(self, rule: MappingNode) -> MappingNode:
        if not self.state.variants[self.trigger].weight:
            return _with(rule, "filters", lambda filters: None)
        return _with(rule, "filters", lambda filters: _sequence(filters, self._filter))

    def _filter(self, node: MappingNode) -> MappingNode | None:
        mirror = node.get("requestMirror")
        if not isinstance(mirror, MappingNode):
            return node
        found = self.presence(mirror.get("backendRef"))
        if found is None:
            return node
        _, variant = found
        if not variant.weight:
            return None
        if variant.annotated is None:
            return node
        share = min(variant.annotated, _ALL)
        return _with(node, "requestMirror", lambda _: _set(_without(mirror, "fraction"), "percent", share))

    # canary

    def canary(self, rule: MappingNode) -> MappingNode | None:
        return self._reduced(rule, lambda index, variant: index == 0 or variant.weight > 0)

    # blue-green

    def blue_green(self, rule: MappingNode) -> MappingNode | None:
        kept = self._reduced(rule, lambda index, variant: variant.weight > 0)
        if kept is None or len(_items(kept.get("backendRefs"))) < 2:
            return kept
        return _with(kept, "backendRefs", lambda backends: _sequence(backends, self._weighted))

    def _weighted(self, backend: MappingNode) -> MappingNode:
        found = self.presence(backend)
        return backend if found is None else _set(backend, "weight", found[1].weight)

    def _reduced(self, rule: MappingNode, keeps: Callable[[int, Presence], bool]) -> MappingNode | None:
        """Return the rule without the backends that are not to be kept, None if it had no others."""
        before = _items(rule.get("backendRefs"))

        def kept(backend: MappingNode) -> MappingNode | None:
            found = self.presence(backend)
            return backend if found is None or keeps(*found) else None

        after = _with(rule, "backendRefs", lambda backends: _sequence(backends, kept))
        return None if before and not _items(after.get("backendRefs")) else after


_PATTERNS: Final[Mapping[str, Callable[[_Drawn, MappingNode], MappingNode | None]]] = {
    "mirror": _Drawn.mirror,
    "canary": _Drawn.canary,
    "blue-green": _Drawn.blue_green,
}


def _variant(reference: MappingNode, subject: Subject) -> int | None:
    if reference.text("kind") not in ("", "Service") or reference.text("group"):
        return None
    return subject.variant_of(reference.text("name"), reference.text("namespace") or subject.namespace)


# Trees


def _items(node: Node | None) -> list[MappingNode]:
    return [item for item in node if isinstance(item, MappingNode)] if isinstance(node, Sequence) else []


def _with(node: MappingNode, key: str, change: Callable[[Node], Node | None]) -> MappingNode:
    """Return a mapping with one value changed, or left out, where it has that key at all."""

    def entries() -> Iterator[tuple[Scalar, Node]]:
        for name, value in node.entries:
            changed = change(value) if name.text == key else value
            if changed is not None:
                yield name, changed

    return evolve(node, entries=tuple(entries()))


def _without(node: MappingNode, key: str) -> MappingNode:
    return _with(node, key, lambda value: None)


def _set(node: MappingNode, key: str, value: int) -> MappingNode:
    """Return a mapping with this number under a key, at its place or behind all others."""
    if node.get(key) is not None:
        return _with(node, key, lambda old: Scalar(str(value), old.position))
    return evolve(node, entries=(*node.entries, (Scalar(key, node.position), Scalar(str(value), node.position))))


def _sequence(node: Node, change: Callable[[MappingNode], MappingNode | None]) -> Node | None:
    """Return a list with each of its mappings changed or left out; None when nothing is left of it."""
    if not isinstance(node, Sequence) or not node.items:
        return node
    changed = (change(item) if isinstance(item, MappingNode) else item for item in node)
    items = tuple(item for item in changed if item is not None)
    return evolve(node, items=items) if items else None
