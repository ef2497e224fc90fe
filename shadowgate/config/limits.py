"""The limits of ``model.Limits`` as they are written, ``header-bytes=32KiB``, and the timeouts of ``model.Timeouts``.

Nothing here knows what they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attrs import Attribute, fields_dict

from shadowgate.model import Limits, Timeouts
from shadowgate.plugin.scalars import byte_size, duration, integer
from shadowgate.plugin.spelling import did_you_mean

_SIZES: Final = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def limit_names() -> tuple[str, ...]:
    return tuple(name.replace("_", "-") for name in fields_dict(Limits))


def read_limit(text: str) -> tuple[str, float]:
    """Return the field of :class:`Limits` that ``NAME=VALUE`` names, and its value; raise ``ValueError``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f'"{text}" is not NAME=VALUE')
    found: Attribute[Any] | None = fields_dict(Limits).get(name.replace("-", "_"))
    if found is None or "_" in name:
        raise ValueError(f'there is no limit "{name}"{did_you_mean(name, limit_names()) or "; see --help-limits"}')
    try:
        number = _read(found.metadata["unit"], value)
    except ValueError as wrong:
        raise ValueError(f'"{value}" is not what it takes; {wrong}') from None
    if number < 0 or (number == 0 and not found.metadata["off"]):
        raise ValueError("that would let nothing through; write at least 1")
    return found.name, number


def read_timeout(text: str) -> tuple[str, float]:
    """Return the field of :class:`Timeouts` that ``NAME=DURATION`` names, and its value; raise ``ValueError``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f'"{text}" is not NAME=DURATION')
    names = tuple(fields_dict(Timeouts))
    if name not in names:
        raise ValueError(
            f'there is no timeout "{name}"{did_you_mean(name, names) or "; there are " + ", ".join(names)}'
        )
    return name, duration(value)


def _read(unit: str, text: str) -> float:
    if unit == "seconds":
        return duration(text)
    return integer(text) if unit == "count" else byte_size(text.removesuffix("/s"))


def limits_table() -> Iterator[tuple[str, str, str]]:
    """Yield the name of each limit, its default as it would be written, and what it bounds."""
    for found in fields_dict(Limits).values():
        yield found.name.replace("_", "-"), written(found.metadata["unit"], found.default), found.metadata["doc"]


def written(unit: str, value: Any) -> str:
    """Return a value as :func:`read_limit` takes it, with what follows it in a sentence."""
    if not value:
        return "0 (off)"
    if unit == "seconds":
        return f"{value:g}s"
    if unit == "count":
        return str(value)
    after = "/s" if unit == "bytes per second" else ""
    for name, size in _SIZES:
        if value % size == 0:
            return f"{value // size}{name}{after}"
    return f"{value}B{after}"
