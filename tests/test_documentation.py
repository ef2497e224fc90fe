"""What the documentation shows works: every configuration in it can be served, every file that it names is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from twisted.internet.task import Clock

from shadowgate.compiler.build import compile_configuration
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load
from shadowgate.errors import Problem
from shadowgate.gateway import Gateway
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/[!_]*.md"))]
PAGES = [page for page in PAGES if "_generated" not in page.parts and "_build" not in page.parts]
TUTORIAL = ROOT / "docs" / "how-to" / "istio-tutorial.md"

BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text())


def whole_configurations() -> Iterator[tuple[str, str]]:
    """Yield each block that stands for itself; the tutorial's build on each other."""
    for page in PAGES:
        for number, text in enumerate(blocks(page), 1):
            if page != TUTORIAL and ("clusters:" in text or "kind: ServiceEntry" in text):
                yield f"{page.relative_to(ROOT)}-{number}", text


def problems_of(*texts: str) -> list[Problem]:
    """Return what `shadowgate check` would say."""
    report = Report()
    documents = [document for text in texts for document in read_text(text, "page.yaml", report)]
    catalog = Catalog.discover()
    loaded = load(documents, report.problems, catalog)
    gateway = Gateway(Clock(), catalog, random=Random(0))
    compile_configuration(loaded.configuration, catalog, gateway.settings, gateway.registry, gateway.env, loaded.report)
    return loaded.report.problems


CONFIGURATIONS = dict(whole_configurations())


@pytest.mark.parametrize("text", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_configuration_that_is_shown_can_be_served_as_it_is(text: str) -> None:
    assert [str(problem) for problem in problems_of(text)] == []


def test_each_step_of_the_tutorial_can_be_served() -> None:
    services, first, second = blocks(TUTORIAL)
    assert problems_of(services) == problems_of(services, first) == []
    rules = first.partition("---\n")[2]
    told = [problem for problem in problems_of(services, second, rules) if problem.severity == "error"]
    assert told == []


def test_the_readme_and_the_pages_show_configurations() -> None:
    pages = {name.rpartition("-")[0] for name in CONFIGURATIONS}
    assert {"README.md", "docs/index.md", "docs/start.md", "docs/how-to/native.md"} <= pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if not target.startswith("mailto:")]
    assert [target for target in targets if not (page.parent / target).exists()] == []
