"""What the text of a scalar means once its type is known: numbers, truth, durations, sizes.

Each function takes text and returns a value or raises ``Unfit``, a ``ValueError`` with a sentence for whoever wrote it.
YAML's own guesses (``010`` as eight, ``10:30`` as 630, ``on`` as true) play no part; where they could surprise, the
text is refused and the sentence says what to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NewType

from shadowgate.plugin.checks import Unfit, reading

Duration = NewType("Duration", float)
"""Seconds, written as a Go duration: ``1s``, ``250ms``, ``1m30s``, ``0.5s``."""

ByteSize = NewType("ByteSize", int)
"""Bytes, written as a number of them or with a binary unit: ``65536``, ``64KiB``, ``1MiB``."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)
_SIZE: Final = re.compile(r"([0-9]{1,20}) ?(B|KiB|MiB|GiB)?", re.ASCII)
_DURATION_PART: Final = re.compile(r"([0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(ns|us|µs|μs|ms|s|m|h)")
_SECONDS: Mapping[str, float] = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_BYTES: Mapping[str, int] = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def integer(text: str) -> int:
    """Read decimal digits with an optional sign."""
    if not _INTEGER.fullmatch(text):
        raise Unfit(reading.NUMBER, "write a whole number in decimal digits")
    _check_leading_zero(text)
    return int(text)


def number(text: str) -> float:
    """Read a decimal number; infinities and not-a-number are refused."""
    if not _NUMBER.fullmatch(text):
        raise Unfit(reading.NUMBER, "write a decimal number")
    if _INTEGER.fullmatch(text):
        _check_leading_zero(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Unfit(reading.NUMBER, "the number is too large")
    return value


def _check_leading_zero(text: str) -> None:
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        # YAML 1.1 reads 010 as eight and YAML 1.2 as ten, so neither is what everyone expects.
        raise Unfit(reading.NUMBER, f"a leading zero is ambiguous; write {text[: -len(digits)]}{int(digits)}")


def truth(text: str) -> bool:
    """Read ``true`` or ``false``, and no other of YAML's spellings."""
    if text == "true":
        return True
    if text == "false":
        return False
    raise Unfit(reading.TRUTH, "write true or false")


def duration(text: str) -> Duration:
    """Read a Go duration that is not negative (``time.ParseDuration``; Gateway API ``Duration`` is a subset)."""
    if text == "0":
        return Duration(0.0)
    if _NUMBER.fullmatch(text):
        raise Unfit(
            reading.DURATION, f"a duration needs a unit; write {text}s for seconds or {text}ms for milliseconds"
        )
    total, at = 0.0, 0
    while at < len(text):
        part = _DURATION_PART.match(text, at)
        if part is None:
            break
        total += float(part[1]) * _SECONDS[part[2]]
        at = part.end()
    if not text or at < len(text):
        raise Unfit(reading.DURATION, "write a duration such as 1s, 250ms or 1m30s")
    return Duration(total)


def byte_size(text: str) -> ByteSize:
    """Read a size in bytes, KiB, MiB or GiB."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise Unfit(reading.SIZE, "write a size in bytes, or with a unit: 65536, 64KiB, 1MiB")
    return ByteSize(int(match[1]) * _BYTES[match[2] or ""])
