"""Waiting for what another process does: looked for again and again up to a generous deadline, never slept for."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

DEADLINE = 30.0
"""Seconds after which a test has failed; nothing that works takes anywhere near it."""

T = TypeVar("T")


def until(condition: Callable[[], T], told: str | Callable[[], object] = "", seconds: float = DEADLINE) -> T:
    """Return the first true value of ``condition``; fail with what ``told`` says when none comes."""
    deadline = monotonic() + seconds
    while not (value := condition()):
        if monotonic() > deadline:
            raise AssertionError(f"it never came: {told() if callable(told) else told}")
        sleep(0.01)
    return value


def settled(measure: Callable[[], T], quiet: float = 0.4, seconds: float = DEADLINE) -> T:
    """Return what ``measure`` gives once it has not changed for ``quiet`` seconds."""
    deadline = monotonic() + seconds
    last, since = measure(), monotonic()
    while monotonic() - since < quiet:
        sleep(0.02)
        now = measure()
        if now != last:
            last, since = now, monotonic()
        assert monotonic() < deadline, f"it never came to rest: {last}"
    return last
