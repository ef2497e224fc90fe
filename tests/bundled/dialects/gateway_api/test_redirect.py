"""Redirects as the filter is told of them."""

import pytest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", {"code": 302, "derive_port": "request"}),
        ("{hostname: a.example}", {"code": 302, "authority": "a.example", "derive_port": "request"}),
        ("{scheme: https}", {"code": 302, "scheme": "https", "derive_port": "protocol-default"}),
        ("{scheme: http, port: 8080, statusCode: 301}", {"code": 301, "scheme": "http", "port": 8080}),
        ("{port: 8080}", {"code": 302, "port": 8080}),
        (
            "{path: {type: ReplaceFullPath, replaceFullPath: /b}}",
            {"code": 302, "path": "/b", "derive_port": "request"},
        ),
        (
            "{path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}",
            {"code": 302, "segments": "/a", "replacement": "/b", "derive_port": "request"},
        ),
    ],
)
def test_a_redirect_says_what_changes_and_where_its_port_comes_from(rule, text, expected):
    made = rule(
        f"{{matches: [{{path: {{value: /a}}}}], filters: [{{type: RequestRedirect, requestRedirect: {text}}}]}}"
    )
    assert [(use.name, use.options) for use in made.filters] == [("redirect", expected)]
    assert made.failure == ""
