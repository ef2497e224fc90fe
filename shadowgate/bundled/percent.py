"""A share of requests in per cent: the option that components have in common, and what it means exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from attrs import Attribute, field

from shadowgate.plugin.checks import Unfit, reading

MILLION: Final = 1_000_000


def _in_range(_instance: Any, _attribute: Attribute[float], value: float) -> None:
    if not 0 <= value <= 100:
        raise Unfit(reading.RANGE, f"a percentage lies between 0 and 100, not at {value:g}")


def percent_field() -> Any:
    """Return the option ``percent``; 100 where nothing is said (Istio, Envoy and Gateway API agree)."""
    return field(
        default=100.0,
        validator=_in_range,
        metadata={"doc": "Share of the requests, 0 to 100, in steps of 0.0001; a finer rest is cut off."},
    )


def per_million(percent: float) -> int:
    """Return how many of a million requests that is (Envoy ``FractionalPercent`` per MILLION, truncated).

    Computed on the decimal as it was written: 0.0003 is 3 of a million, though its double times 10,000 is less.
    """
    return int(Decimal(repr(percent)) * 10_000)
