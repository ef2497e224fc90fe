"""Conditions on requests."""

import pytest

from shadowgate.model import PathMatch


def match(rule, text):
    (made,) = rule(f"{{matches: [{text}], backendRefs: [{{name: a, port: 80}}]}}").matches
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", PathMatch("segments", "/")),
        ("{method: GET}", PathMatch("segments", "/")),
        ("{path: {}}", PathMatch("segments", "/")),
        ("{path: {value: /a}}", PathMatch("segments", "/a")),
        ("{path: {type: Exact, value: /A}}", PathMatch("exact", "/A")),
        ("{path: {type: Exact}}", PathMatch("exact", "/")),
        ("{path: {type: RegularExpression, value: 'a//b'}}", PathMatch("regex", "a//b")),
    ],
)
def test_paths(rule, text, expected):
    assert match(rule, text).path == expected


def test_the_rest_are_matchers(rule):
    made = match(
        rule,
        "{method: PUT, headers: [{name: A, value: b}], queryParams: [{name: q, type: RegularExpression, value: c+}]}",
    )
    assert [(use.name, use.options) for use in made.conditions] == [
        ("method", {"exact": "PUT"}),
        ("header", {"name": "A", "exact": "b"}),
        ("query", {"name": "q", "regex": "c+"}),
    ]


def test_of_headers_that_differ_by_case_the_first_counts_and_parameters_are_all_different(rule):
    made = match(
        rule,
        "{headers: [{name: a, value: one}, {name: A, value: two}], "
        "queryParams: [{name: a, value: one}, {name: A, value: two}]}",
    )
    assert [use.options["exact"] for use in made.conditions] == ["one", "one", "two"]


def test_what_nobody_wrote_stands_where_the_rule_does(rule):
    made = match(rule, "{}")
    assert made.position.source == made.path.position.source == "a.yaml"
