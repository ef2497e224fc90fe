"""What dialects ask for is what the components take: every use of a plugin in every golden case can be built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from zope.interface.interface import InterfaceClass

from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load
from shadowgate.model import Configuration, PluginUse
from shadowgate.plugin import IBalancer, IFilter, IMatcher, IMirrorObserver, IMirrorPolicy, IRetryPolicy, Report
from shadowgate.plugin.yaml import read_text

CASES = sorted(Path(__file__).parent.glob("istio/*.yaml"))
CATALOG = Catalog.discover()
POINTS = {
    "conditions": IMatcher,
    "filters": IFilter,
    "balancer": IBalancer,
    "retry": IRetryPolicy,
    "policy": IMirrorPolicy,
    "observers": IMirrorObserver,
}


def uses(part: Any, point: InterfaceClass | None = None) -> Iterator[tuple[InterfaceClass, PluginUse]]:
    """Yield every use with its extension point, which the field's name tells."""
    if isinstance(part, PluginUse):
        assert point is not None
        yield point, part
    elif isinstance(part, tuple):
        for item in part:
            yield from uses(item, point)
    elif attrs.has(type(part)):
        for field in attrs.fields(type(part)):
            if field.init:
                yield from uses(getattr(part, field.name), POINTS.get(field.name, point))


def configuration_of(case: Path) -> Configuration | None:
    report = Report()
    loaded = load(read_text(case.read_text("utf-8").partition("# ---- result\n")[0], case.name, report), [], CATALOG)
    return None if loaded.report.failed else loaded.configuration


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_use_can_be_built(case: Path) -> None:
    configuration = configuration_of(case)
    report = Report()
    for point, use in () if configuration is None else uses(configuration):
        CATALOG.build(point, use, report)
    assert report.problems == []
