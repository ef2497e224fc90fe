"""Mistakes that translating has reported and compiling meets once more: told once, where they were found first.

A dialect knows the place to the word, so its sentence is kept.  That it goes on after a mistake is what lets all of
them come together.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.errors import Position, Problem
from shadowgate.plugin.checks import reading


def without_echoes(problems: Sequence[Problem], known: int) -> list[Problem]:
    """Return the problems, each once; of those behind the first ``known``, without what these say already.

    An echo says the same of the same part, maybe after the name of the plugin that refuses it and with advice of the
    plugin's own behind; or it refuses as a whole what was found wrong as a whole before.
    """
    said: dict[tuple[str, str], list[Position]] = {}
    wrong: set[Position] = set()
    for problem in problems[:known]:
        if problem.severity == "error":
            said.setdefault((problem.position.source, problem.message), []).append(problem.position)
            wrong.add(problem.position)

    def echoes(problem: Problem) -> bool:
        if problem.position in wrong and problem.code == reading.REFUSED.code and not problem.found:
            return True
        source, words = problem.position.source, problem.message.split(": ")
        endings = [": ".join(words[at:]) for at in range(len(words))]
        sentences = dict.fromkeys(each for end in endings for each in (end, end.partition("; ")[0]))
        return any(problem.position <= place for each in sentences for place in said.get((source, each), ()))

    fresh = [problem for problem in problems[known:] if problem.severity != "error" or not echoes(problem)]
    return list(dict.fromkeys([*problems[:known], *fresh]))
