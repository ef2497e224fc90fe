"""What the forms of the native dialect have in common: fields with a sentence, and what their values may be."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field

from shadowgate.plugin.checks import Unfit, reading


def doc(text: str, **given: Any) -> Any:
    """Return a field that the reference has this sentence for."""
    return field(metadata={"doc": text}, **given)


def is_port(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and not 0 < value < 65536:
        raise Unfit(reading.RANGE, f"a port lies between 1 and 65535, not at {value}")


def not_negative(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value < 0:
        raise Unfit(reading.RANGE, "a weight cannot be negative")


def one_at_least(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and value < 1:
        raise Unfit(reading.RANGE, "write 1 or more")


def no_count_below_0(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and value < 0:
        raise Unfit(reading.RANGE, "a number cannot be negative here")


def some_time(_instance: Any, _attribute: Attribute[float | None], value: float | None) -> None:
    if value is not None and value <= 0:
        raise Unfit(reading.RANGE, "this takes some time; write a duration above 0")


def a_percentage(_instance: Any, _attribute: Attribute[float], value: float) -> None:
    if not 0 <= value <= 100:
        raise Unfit(reading.RANGE, "a percentage lies between 0 and 100")


def not_empty(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value == "":
        raise ValueError("this cannot be empty")
