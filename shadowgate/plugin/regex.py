"""RE2 on bytes, the one dialect of regular expressions: linear time, and what Istio and Envoy mean by ``regex``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import re2

from shadowgate.plugin.checks import Unfit, reading

LONGEST = 1024
"""Characters in an expression (Istio's own bound)."""


def compile_regex(pattern: str, *, ignore_case: bool = False) -> Any:
    """Return the compiled expression, to be used on bytes.

    Raises ``ValueError`` with RE2's reason: no look-around, no back-references, bounded repeats.
    """
    if not pattern:
        raise Unfit(reading.REGEX, "an empty regular expression matches nothing of use")
    if len(pattern) > LONGEST:
        message = f"a regular expression has at most {LONGEST} characters, this one {len(pattern)}"
        raise Unfit(reading.REGEX, message)
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as wrong:
        reason = wrong.args[0] if wrong.args else wrong
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise Unfit(reading.REGEX, f"not an RE2 regular expression: {text}") from None


def whole_match(pattern: str) -> Callable[[bytes], bool]:
    """Return a test of whether the expression matches a whole value."""
    fullmatch = compile_regex(pattern).fullmatch
    return lambda value: fullmatch(value) is not None


def common_beginning(pattern: str) -> bytes:
    """Return what every value begins with that the expression matches as a whole; ``b""`` if that is nothing."""
    try:
        first, last = compile_regex(pattern).possiblematchrange(LONGEST)
    except re2.error:
        return b""
    # Whatever lies between two texts begins with what both begin with.
    differs = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    beginning: bytes = first[: next(differs, min(len(first), len(last)))]
    return beginning


def which_match(patterns: Sequence[str]) -> Callable[[bytes], Sequence[int] | None]:
    """Return a function that gives the numbers of those expressions that match a whole value, in one pass over it.

    It gives None where that cannot be told, because the automaton outgrew RE2's memory.
    """
    options = re2.Options()
    options.log_errors = False
    together = re2.Set.FullMatchSet(options)
    for pattern in patterns:
        together.Add(pattern.encode())
    # RE2 does not tell "nothing" from "out of memory"; this one matches everything.
    witness = together.Add(rb"\C*")
    try:
        together.Compile()
    except re2.error:
        return lambda value: None
    match = together.Match

    def which(value: bytes) -> Sequence[int] | None:
        numbers: list[int] = match(value) or []
        if witness not in numbers:
            return None
        numbers.remove(witness)
        return numbers

    return which
