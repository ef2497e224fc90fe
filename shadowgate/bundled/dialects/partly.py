"""Objects of which a part cannot be read: all else that is wrong is told as well, and others can refer to them.

Nothing of such a configuration is served.  What is left of an object is there so that nobody is told of mere
consequences: that there is no cluster of a name, for example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Final, TypeVar

from attrs import frozen

from shadowgate.model import Endpoint, Fragment
from shadowgate.plugin import Document, Node, Report, read
from shadowgate.plugin.documents import Mapping
from shadowgate.plugin.remainder import Remainder, read_remainder

T = TypeVar("T")

STAND_IN: Final = Endpoint("192.0.2.0", 9)
"""What a cluster has whose endpoints could not be read, so that nobody is told that it has none."""


@frozen
class _Envelope:
    """What every document of the Kubernetes API has around its ``spec``."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"apiVersion", "kind", "metadata", "status"})

    spec: Mapping


def read_spec(document: Document, report: Report) -> Mapping | None:
    """Return what stands below ``spec``, whatever is wrong beside it."""
    envelope = read(_Envelope, document.root, report)
    if envelope is None:
        remainder = read_remainder(_Envelope, document.root, "")
        envelope = None if remainder is None else remainder.value
    return None if envelope is None else envelope.spec


def translate_part(
    kind: type[T],
    node: Node,
    path: str,
    report: Report,
    translate: Callable[[T, Report], Iterable[Fragment]],
    referable: Callable[[Remainder[T], tuple[Fragment, ...]], Iterable[Fragment]],
) -> tuple[Fragment, ...]:
    """Return the fragments that ``translate`` makes of a node, read as ``kind``.

    Of a node that cannot be read as a whole these are what ``referable`` leaves of those of its remainder.
    """
    part = read(kind, node, report, path)
    if part is not None:
        return tuple(translate(part, report))
    remainder = read_remainder(kind, node, path)
    if remainder is None:
        return ()
    own = Report()
    fragments = tuple(translate(remainder.value, own))
    report.problems.extend(remainder.tell(own.problems))
    return tuple(referable(remainder, fragments))
