"""Problems as plain values and back: what workers say is JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import asdict

from shadowgate.errors import Position, Problem


def plain_problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as JSON has them."""
    return [asdict(problem) for problem in problems]


def problems_from(plain: Iterable[dict[str, Any]]) -> tuple[Problem, ...]:
    """Return the problems that :func:`plain_problems` was given."""
    return tuple(Problem(**{**each, "position": Position(**each["position"])}) for each in plain)
