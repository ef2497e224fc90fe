"""CORS: origins as conditions."""

import pytest

from shadowgate.bundled.filters.cors import Cors
from shadowgate.testing import compile_component, request


def allowed(rule, configured, origin):
    made = rule(
        f"{{filters: [{{type: CORS, cors: {{allowOrigins: ['{configured}']}}}}], backendRefs: [{{name: a, port: 80}}]}}"
    )
    (use,) = made.filters
    head = request(headers={"Origin": origin})
    compile_component(Cors, **use.options).on_request(head)
    return bool(head.notes)


@pytest.mark.parametrize(
    ("configured", "origin", "expected"),
    [
        ("*", "https://a.example", True),
        ("*", "null", True),
        ("https://a.example", "https://a.example", True),
        ("https://a.example", "https://a.example:443", True),
        ("https://a.example:443", "https://a.example", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://axexample", False),
        ("https://a.example", "https://b.a.example", False),
        ("http://a.example:8080", "http://a.example:8080", True),
        ("http://a.example:8080", "http://a.example", False),
        ("https://A.example", "https://a.example", True),
        ("https://*.bar.com", "https://www.bar.com", True),
        ("https://*.bar.com", "https://xpto.www.bar.com", True),
        ("https://*.bar.com", "https://bar.com", False),
        ("https://*.bar.com", "https://evil.com/.bar.com", False),
        ("https://*.bar.com", "https://www.bar.com.evil.com", False),
        ("https://*.bar.com:8443", "https://www.bar.com:8443", True),
        ("http://*", "http://any.where", True),
        ("http://*", "http://any.where:80", True),
        ("http://*", "http://any.where:8080", False),
        ("http://*", "http://[::1]", True),
        ("http://*", "https://any.where", False),
    ],
)
def test_which_origins_are_allowed(rule, configured, origin, expected):
    assert allowed(rule, configured, origin) is expected


def test_defaults_are_filled_in(rule):
    (use,) = rule("{filters: [{type: CORS, cors: {}}], backendRefs: [{name: a, port: 80}]}").filters
    assert use.options == {"max_age": 5, "unmatched_preflights": "ignore"}
