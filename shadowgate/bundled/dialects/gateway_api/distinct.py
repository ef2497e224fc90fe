"""Lists whose items have names: one of each, as the API's servers see to it (``listType=map``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import Position
from shadowgate.plugin.checks import gateway_api


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def position(self) -> Position: ...


_T = TypeVar("_T", bound=_Named)


def distinct(items: Sequence[_T], scope: Scope, *, fold: bool = False) -> Iterator[tuple[int, _T]]:
    """Yield each item with its index; one whose name is there already is refused.

    With ``fold`` names that differ in case alone are one name, of which the first counts and no other is yielded: that
    is how the API has it for headers, and no reason to refuse an object.
    """
    names: set[str] = set()
    folded: set[str] = set()
    for index, item in enumerate(items):
        if item.name in names:
            message = f"{item.name} is said a second time"
            scope.inside(f"[{index}]").error(message, item.position, check=gateway_api.REPEATED)
        elif not fold or item.name.lower() not in folded:
            yield index, item
        names.add(item.name)
        folded.add(item.name.lower())
