"""What routes will be once other variants are there, judged beforehand.

What is wrong with a part that only a second variant brings in would be found when that variant comes: the endpoints it
comes with would be refused, long after whoever wrote the mistake has gone.  So it is an error of the ConfigMap at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from attrs import evolve

from shadowgate.bundled.dialects.gateway_api import GatewayApiDialect
from shadowgate.bundled.dialects.istio import IstioDialect
from shadowgate.bundled.generators.iter8.state import State
from shadowgate.errors import Problem
from shadowgate.plugin import Document, Report

Make = Callable[[State, Report], Iterable[Document]]
"""Gives the routes of a state."""

_DIALECTS: Final = (GatewayApiDialect, IstioDialect)


def rehearse(state: State, make: Make, title: str, report: Report) -> None:
    """Report the errors that routes do not have now and would have with all variants there, or with the first alone."""
    found = {_sentence(problem) for problem in _errors(state, make)}
    for when, supposed in (
        ("once all variants are there", state.supposing(lambda at: True)),
        ("once the first variant is alone", state.supposing(lambda at: at == 0)),
    ):
        for problem in _errors(supposed, make):
            if _sentence(problem) not in found:
                found.add(_sentence(problem))
                path = ": ".join(filter(None, (title, when, problem.path)))
                report.problems.append(evolve(problem, path=path))


def _errors(state: State, make: Make) -> list[Problem]:
    report = Report()
    for document in make(state, report):
        own = Report()
        for dialect in _DIALECTS:
            if (document.group, document.kind) in dialect.kinds:
                for _ in dialect().translate(document, own):
                    pass
        report.problems.extend(evolve(each, path=f"{document.title}: {each.path}") for each in own.problems)
    return [problem for problem in report.problems if problem.severity == "error"]


def _sentence(problem: Problem) -> tuple[str, str]:
    return str(problem.position), problem.message
