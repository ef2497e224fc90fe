"""Mistakes that translating has reported and compiling meets once more: told once, where they were found first.

A dialect knows the place to the word, so its sentence is kept.  That it goes on after a mistake is what lets all of
them come together.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.errors import Position, Problem


def without_echoes(problems: Sequence[Problem], known: int) -> list[Problem]:
    """Return the problems, each once; of those behind the first ``known``, without what these say already.

    An echo says the same of the same part, maybe after the name of the plugin that refuses it.
    """
    said: dict[tuple[str, str], list[Position]] = {}
    for problem in problems[:known]:
        if problem.severity == "error":
            said.setdefault((problem.position.source, problem.message), []).append(problem.position)

    def echoes(problem: Problem) -> bool:
        source, words = problem.position.source, problem.message.split(": ")
        endings = (": ".join(words[at:]) for at in range(len(words)))
        return any(problem.position <= place for end in endings for place in said.get((source, end), ()))

    fresh = [problem for problem in problems[known:] if problem.severity != "error" or not echoes(problem)]
    return list(dict.fromkeys([*problems[:known], *fresh]))
