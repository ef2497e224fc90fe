"""Documents and problems as plain values, and back."""

import json

from shadowgate.errors import Position, Problem
from shadowgate.plugin import Report
from shadowgate.plugin.documents import Mapping, Scalar, Sequence
from shadowgate.plugin.yaml import read_text
from shadowgate.workers.plain import flatten, plain_problems, problems_from, restore

TEXT = """\
kind: One
list: [a, "", 'b', 1, ~, {deep: [x]}]
empty: {}
none: []
anchored: &a {k: v}
again: *a
---
kind: "Two"
"""


def positions(node):
    """Every node with its place: equality of nodes does not look at places."""
    yield type(node).__name__, node.position
    if isinstance(node, Sequence):
        for item in node.items:
            yield from positions(item)
    elif isinstance(node, Mapping):
        for key, value in node.entries:
            yield from positions(key)
            yield from positions(value)
    else:
        assert isinstance(node, Scalar)
        yield node.text, node.quoted


def test_documents_come_back_with_every_place_and_quote():
    documents = read_text(TEXT, "gw.yaml", Report())
    assert len(documents) == 2
    for document in documents:
        back = restore(flatten(document))
        assert back == document
        assert list(positions(back.root)) == list(positions(document.root))


def test_problems_come_back_from_json():
    problems = (Problem("wrong", Position("a", 2, 3), "warning", "path", "found", "expected", "SG0001"), Problem("x"))
    assert problems_from(json.loads(json.dumps(plain_problems(problems)))) == problems
