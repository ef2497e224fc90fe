"""How much of its weight an endpoint that has just come is given: a plain function of time.

Envoy's slow start: ``weight * max(minimum, (age / duration) ** (1 / aggression))``, in steps of a hundredth, since
balancers count in whole weights.
"""

from __future__ import annotations

from shadowgate.model import Warmup

SCALE = 100
STEP = 1.0
"""Seconds between two looks at what is still warming up."""


def warm_weight(weight: int, age: float, warmup: Warmup) -> int:
    """Return the weight of an endpoint that is ``age`` seconds old, in hundredths."""
    if age >= warmup.duration or warmup.duration <= 0:
        return weight * SCALE
    time_factor: float = max(age, STEP) / warmup.duration
    share: float = max(warmup.minimum_percent / 100, min(1.0, time_factor) ** (1 / warmup.aggression))
    return max(1, round(weight * SCALE * share)) if weight else 0
