"""Rewrites as the filters are told of them."""

import pytest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{hostname: a.example}", [("header-rewrite", {"request": {"set": {"host": "a.example"}}})]),
        (
            "{path: {type: ReplaceFullPath, replaceFullPath: one}}",
            [("path-rewrite", {"replacement": "/one"})],
        ),
        (
            "{path: {type: ReplacePrefixMatch, replacePrefixMatch: ''}}",
            [("path-rewrite", {"segments": "/p/", "replacement": ""})],
        ),
    ],
)
def test_a_rewrite_becomes_filters(rule, text, expected):
    made = rule(
        f"{{matches: [{{path: {{value: /p/}}}}], filters: [{{type: URLRewrite, urlRewrite: {text}}}], "
        "backendRefs: [{name: a, port: 80}]}"
    )
    assert [(use.name, use.options) for use in made.filters] == expected


def test_without_a_match_it_is_the_slash_that_is_replaced(rule):
    made = rule(
        "{filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}], "
        "backendRefs: [{name: a, port: 80}]}"
    )
    assert made.filters[0].options == {"segments": "/", "replacement": "/b"}
