"""What numbers and durations of Istio's settings may be: validators that name the check which a value has failed."""

from __future__ import annotations

from typing import Any, Final

from attrs import Attribute

from shadowgate.plugin.checks import Unfit, istio_destinations, istio_routing

_LARGEST: Final = (1 << 32) - 1
_MILLISECOND: Final = 0.001


def duration(_instance: Any, _attribute: Attribute[Any], value: float | None) -> None:
    """Validate a duration (Istio ``ValidateDuration``: at least 1ms, to the millisecond)."""
    if value is None:
        return
    if value < _MILLISECOND:
        raise Unfit(istio_routing.DURATION, "a duration is at least 1ms here")
    if abs(value * 1000 - round(value * 1000)) > 1e-6:
        raise Unfit(istio_routing.DURATION, "a duration is a whole number of milliseconds here")


def duration_or_none(instance: Any, attribute: Attribute[Any], value: float | None) -> None:
    """Validate a duration that 0 switches off."""
    if value != 0:
        duration(instance, attribute, value)


def count(_instance: Any, _attribute: Attribute[Any], value: int | None) -> None:
    """Validate a number of things."""
    if value is not None and not 0 <= value <= _LARGEST:
        raise Unfit(istio_destinations.OUT_OF_RANGE, f"a number lies between 0 and {_LARGEST:,} here")


def per_cent(_instance: Any, _attribute: Attribute[Any], value: float | None) -> None:
    """Validate a share."""
    if value is not None and not 0 <= value <= 100:
        raise Unfit(istio_destinations.OUT_OF_RANGE, "a percentage lies between 0 and 100")
