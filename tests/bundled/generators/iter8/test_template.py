"""Routing templates: the patterns that are read, and everything else refused at its place."""

import pytest

from shadowgate.bundled.generators.iter8.template import render
from shadowgate.errors import Position
from shadowgate.plugin import Report, Scalar
from shadowgate.plugin.documents import Block

AT = Position("f.yaml", 10, 15)


def rendered(text, weights=(1, 0), block=True):
    report = Report()
    scalar = Block(text, AT, True, 8) if block else Scalar(text, AT, True)
    return render(scalar, weights, "template", report), report.problems


def values(text, weights=(1, 0)):
    documents, problems = rendered(text, weights)
    assert problems == []
    return {key.text: node.text for key, node in documents[0].root.entries}


def test_a_weight_stands_where_it_is_asked_for():
    assert values("a: {{ index .Weights 0 }}\nb: x-{{index $.Weights 1}}-y\n", (7, 3)) == {"a": "7", "b": "x-3-y"}


@pytest.mark.parametrize(
    ("compare", "holds"),
    [("gt", False), ("ge", True), ("lt", False), ("le", True), ("eq", True), ("ne", False)],
)
def test_a_condition_compares_as_go_does(compare, holds):
    text = f"a: 1\n{{{{- if {compare} (index .Weights 0) 2 }}}}\nb: 2\n{{{{- end }}}}\n"
    assert ("b" in values(text, (2,))) is holds


def test_the_other_branch_is_taken_where_there_is_one():
    text = "{{- if gt ( index .Weights  1 ) 0 }}\na: with\n{{- else }}\na: without\n{{- end }}\n"
    assert values(text, (1, 1)) == {"a": "with"}
    assert values(text, (1, 0)) == {"a": "without"}


def test_conditions_nest():
    text = (
        "{{- if gt (index .Weights 0) 0 }}\na: 1\n{{- if gt (index .Weights 1) 0 }}\nb: 1\n{{- end }}\nc: 1\n{{- end }}"
    )
    assert list(values(text, (1, 1))) == ["a", "b", "c"]
    assert list(values(text, (1, 0))) == ["a", "c"]
    assert rendered(text, (0, 1)) == ([], [])


def test_what_is_left_out_moves_nothing_from_its_line():
    documents, _ = rendered("{{- if gt (index .Weights 1) 0 }}\na: 1\n{{- end }}\n{{/* why */}}\nb: 2\n")
    assert documents[0].root.entries[0][0].position == Position("f.yaml", 15, 9)


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ("a: 1\nb: {{ .Name }}", 12, 12, "this part of Go's template language is not read: {{ .Name }}"),
        ("{{- with .Weights }}", 11, 9, "this part of Go's template language is not read: {{- with .Weights }}"),
        ("a: {{ if gt (index .Weights 0) 0 }}", 11, 12, "this part of Go's template language is not read"),
        ("a: {{ index .Weights 2 }}", 11, 12, "there is no weight 2; versions count from 0, and the last one is 1"),
        ("a: {{ index", 11, 12, "an action has to end on the line that it begins on"),
        ("{{- end }}", 11, 9, "{{ end }} without an if before it"),
        ("{{- else }}", 11, 9, "{{ else }} without an if before it"),
        ("a: 1\n  {{- if gt (index .Weights 0) 0 }}\n", 12, 11, "this if has no end"),
    ],
)
def test_what_is_not_a_pattern_is_refused_at_its_place(text, line, column, sentence):
    documents, problems = rendered(text)
    assert documents == []
    assert [problem.position for problem in problems] == [Position("f.yaml", line, column)]
    assert problems[0].message.startswith(sentence)


def test_a_text_that_is_no_block_has_one_place():
    _, problems = rendered("a: 1\nb: {{ .Name }}", block=False)
    assert [problem.position for problem in problems] == [AT]


def test_several_documents_come_of_one_template():
    documents, _ = rendered("kind: A\n---\nkind: B\n")
    assert [document.kind for document in documents] == ["A", "B"]
