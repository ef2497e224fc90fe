"""Whatever is written in the place of any part of a document: a problem perhaps, and never an exception."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shadowgate.bundled.dialects.gateway_api import GatewayApiDialect
from shadowgate.errors import Position
from shadowgate.plugin import Document, Mapping, Node, Report, Scalar, Sequence
from shadowgate.plugin.yaml import read_text

CASES = Path(__file__).parents[3] / "cases" / "gateway-api"
HERE = Position("a.yaml")
ANYTHING = (
    Scalar("", HERE),
    Scalar("*", HERE, True),
    Scalar("-99999999999", HERE),
    Sequence((), HERE),
    Sequence((Scalar("http://*:99999", HERE),), HERE),
    Mapping(((Scalar("name", HERE), Scalar("a b", HERE)),), HERE),
)


def documents() -> Iterator[Document]:
    kinds = GatewayApiDialect.kinds
    for name in ("filters", "gateway-objects", "resilience", "mirrors"):
        text = (CASES / f"{name}.yaml").read_text().partition("# ---- result")[0]
        yield from (each for each in read_text(text, name, Report()) if (each.group, each.kind) in kinds)


def variants(node: Node) -> Iterator[Node]:
    """Yield the tree with each part in turn replaced by anything else."""
    yield from ANYTHING
    if isinstance(node, Mapping):
        for index, (key, value) in enumerate(node.entries):
            for other in variants(value):
                yield Mapping((*node.entries[:index], (key, other), *node.entries[index + 1 :]), node.position)
    elif isinstance(node, Sequence):
        for index, value in enumerate(node.items):
            for other in variants(value):
                yield Sequence((*node.items[:index], other, *node.items[index + 1 :]), node.position)


@pytest.mark.parametrize("document", list(documents()), ids=lambda each: f"{each.kind}-{each.name}")
def test_a_document_that_is_changed_anywhere_is_read_without_an_exception(document: Document) -> None:
    spec = document.root.get("spec")
    count = 0
    for other in variants(spec) if spec is not None else ():
        entries = tuple((key, other if key.text == "spec" else value) for key, value in document.root.entries)
        report = Report()
        fragments = list(GatewayApiDialect().translate(Document(Mapping(entries, HERE)), report))
        assert fragments or report.problems
        count += 1
    assert count or spec is None
