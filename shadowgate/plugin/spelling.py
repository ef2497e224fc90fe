"""What a mistyped word was probably meant to be.  Nothing but that."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that ``word`` is most likely a slip of, or None when none is near."""
    folded: dict[str, str] = {}
    for choice in choices:
        folded.setdefault(_fold(choice), choice)
    found = get_close_matches(_fold(word), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown ``word``: ``, did you mean "weight"?``, or nothing."""
    choice = nearest(word, choices)
    return "" if choice is None else f', did you mean "{choice}"?'


def _fold(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")
