"""A configuration read and compiled as a gateway would, with nothing bound and nothing sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from attrs import frozen
from twisted.internet.task import Clock

from shadowgate.background import uncollected
from shadowgate.compiler.build import compile_configuration
from shadowgate.compiler.snapshot import Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load, read_paths
from shadowgate.errors import Problem
from shadowgate.gateway import Gateway
from shadowgate.http.head import RequestHead
from shadowgate.model import Configuration
from shadowgate.plugin import Document, Report


@frozen
class Offline:
    """What a gateway would have: its configuration, the snapshot made of it, and every problem found on the way.

    ``documents`` are those that could be read, in reading order.
    ``prepare`` is what it does to a request before it looks for a rule.
    """

    configuration: Configuration
    snapshot: Snapshot
    problems: Sequence[Problem]
    documents: Sequence[Document]
    catalog: Catalog
    prepare: Callable[[RequestHead], object]

    @property
    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


@uncollected()
def read_offline(paths: Sequence[str]) -> Offline:
    """Read files and directories; a snapshot made in spite of errors lacks what they are about."""
    report = Report()
    catalog = Catalog.discover()
    documents = read_paths(paths, report)
    loaded = load(documents, report.problems, catalog)
    # A gateway that never runs: compiling finds what only the plugins themselves know.
    gateway = Gateway(Clock(), catalog, random=Random(0))
    snapshot = compile_configuration(
        loaded.configuration, catalog, gateway.settings, gateway.registry, gateway.env, loaded.report
    )
    return Offline(loaded.configuration, snapshot, loaded.report.problems, documents, catalog, gateway.core.prepare)
