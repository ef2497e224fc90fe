"""What probes say of an endpoint, and which endpoints are used: plain functions over plain state, no probing here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from attrs import define

from shadowgate.http.head import ResponseHead
from shadowgate.model import HealthCheck, OutlierDetection

T = TypeVar("T")


@define(eq=False)
class Checked:
    """What the probes of one endpoint have found.

    ``against`` counts results in a row that contradict ``healthy``; ``told`` says that there was a first one already,
    ``reason`` why the last one was bad.
    """

    healthy: bool
    against: int = 0
    told: bool = False
    reason: str = ""


def told(checked: Checked, check: HealthCheck, reason: str) -> bool:
    """Take a result down, nothing being a good one; return whether the endpoint's health has changed."""
    first, checked.told = not checked.told, True
    good, checked.reason = not reason, reason
    if good is checked.healthy:
        checked.against = 0
        return False
    checked.against += 1
    # Nobody waits for more than one good result after the start (Envoy ``healthy_threshold``).
    enough = (1 if first else check.rise) if good else check.fall
    if checked.against < enough:
        return False
    checked.healthy, checked.against = good, 0
    return True


def expected(check: HealthCheck, status: int) -> bool:
    """Whether an answer's status is a good one."""
    return any(low <= status <= high for low, high in check.expected)


def amiss(check: HealthCheck, head: ResponseHead) -> str:
    """Return what is wrong with an answer's head, or nothing."""
    if not expected(check, head.status):
        return f"status {head.status}"
    for name, value in check.expected_headers:
        found = head.headers.joined(name.lower().encode())
        if found != value.encode():
            shown = "missing" if found is None else f'"{found.decode("latin-1")[:64]}"'
            return f"{name} is {shown}"
    return ""


def panic_percent(outlier: OutlierDetection | None, check: HealthCheck | None) -> int:
    """Return the share of endpoints below which nobody is left out.

    Istio's ``minHealthPercent`` and the health check's own are one threshold in Envoy; the higher one holds.
    """
    return max(0 if outlier is None else outlier.min_health_percent, 0 if check is None else check.panic_percent)


def eligible(endpoints: Sequence[T], healthy: Callable[[T], bool], panic: int) -> tuple[T, ...]:
    """Return the healthy endpoints, or all when fewer than ``panic`` per cent of them are (Envoy's panic mode)."""
    well = tuple(filter(healthy, endpoints))
    return tuple(endpoints) if len(well) * 100 < panic * len(endpoints) else well
