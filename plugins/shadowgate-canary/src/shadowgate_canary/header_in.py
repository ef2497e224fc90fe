"""The ``header-in`` matcher: requests of listed users, tenants or devices, told apart by one header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attrs import field, frozen, validators
from zope.interface import implementer

from shadowgate.plugin import IMatcher, RequestHead

MOST_VALUES = 1_000_000


@implementer(IMatcher)
@frozen
class HeaderIn:
    """Holds when one of the header's values is in the list, compared byte for byte.

    The list costs the same however long it is.  The file is read when the configuration is loaded.
    """

    name: str = field(validator=validators.min_len(1), metadata={"doc": "The header, in any case."})
    values: tuple[str, ...] = field(default=(), metadata={"doc": "Values that match."})
    file: str = field(
        default="", metadata={"doc": "A file with more of them, one a line; empty lines and # comments do not count."}
    )

    def compile(self) -> Callable[[RequestHead], bool]:
        name = self.name.lower().encode()
        listed = frozenset(value.encode() for value in (*self.values, *_lines(self.file)))
        if not listed:
            raise ValueError("header-in needs values, a file with some, or both")
        if len(listed) > MOST_VALUES:
            raise ValueError(f"header-in takes up to {MOST_VALUES:,} values, not {len(listed):,}")

        def matches(head: RequestHead) -> bool:
            return not listed.isdisjoint(head.headers.get_all(name))

        return matches


def _lines(file: str) -> list[str]:
    if not file:
        return []
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        # What compile raises as ValueError is shown to the user with the place in the configuration.
        raise ValueError(f"header-in cannot read its file: {error}") from None
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
