"""Components made the way a configuration makes them: by reading options, so that a test shows what users write."""

from __future__ import annotations

from textwrap import dedent
from typing import Any, TypeVar

from shadowgate.errors import ConfigError, Position
from shadowgate.plugin.checks import reading
from shadowgate.plugin.documents import Node, Report
from shadowgate.plugin.interfaces import IBalancer, IFilter, IMirrorObserver, IMirrorPolicy, IRetryPolicy
from shadowgate.plugin.schema import read
from shadowgate.plugin.values import Environment
from shadowgate.plugin.yaml import read_text
from shadowgate.testing.surroundings import environment

T = TypeVar("T")

_SOURCE = "options.yaml"
_COMPILED_IN_AN_ENVIRONMENT = (IBalancer, IRetryPolicy, IFilter, IMirrorPolicy, IMirrorObserver)


def from_yaml(component_class: type[T], text: str) -> T:
    """Return the component with the options that ``text`` gives, which may be indented as a whole.

    Raises :class:`~shadowgate.errors.ConfigError` with every problem; its text is what a user would be shown, the file
    being ``options.yaml``.
    """
    report = Report()
    documents = read_text(dedent(text), _SOURCE, report)
    if len(documents) > 1:
        report.error("options are one document", documents[1].position, check=reading.NOT_A_DOCUMENT)
    return _read(component_class, documents[0].root if documents else None, report)


def compile_component(component_class: type[Any], *arguments: Any, **options: Any) -> Any:
    """Return what the component compiles to, with options given by their names in YAML or in Python.

    ``arguments`` are those of ``compile``; an environment that is missing at their end is made::

        matches = compile_component(HeaderIn, name="x-canary", values=["1"])
        pick = compile_component(Nearest, candidates("a", "b"), zone="eu")

    Raises :class:`~shadowgate.errors.ConfigError` as :func:`from_yaml` does.
    """
    component = _read(component_class, options, Report())
    in_an_environment = any(point.implementedBy(component_class) for point in _COMPILED_IN_AN_ENVIRONMENT)
    if in_an_environment and not any(isinstance(argument, Environment) for argument in arguments):
        arguments = (*arguments, environment())
    return component.compile(*arguments)


def _read(component_class: type[T], options: Node | dict[str, Any] | None, report: Report) -> T:
    component = read(component_class, options, report, position=Position(_SOURCE))
    if component is None or report.failed:
        raise ConfigError(report.problems)
    return component
