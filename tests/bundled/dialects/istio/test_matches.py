"""Conditions of a VirtualService, down to the matchers that test them."""

import pytest

from shadowgate.bundled.dialects.istio.matches import HTTPMatch, StringMatch
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.matchers.authority import Authority
from shadowgate.bundled.matchers.header import Header
from shadowgate.bundled.matchers.method import Method
from shadowgate.bundled.matchers.query import Query
from shadowgate.bundled.matchers.scheme import Scheme
from shadowgate.errors import NOWHERE
from shadowgate.plugin import Report, read

MATCHERS = {"authority": Authority, "header": Header, "method": Method, "query": Query, "scheme": Scheme}


def translate(match):
    report = Report()
    return match.translate(Scope(report, "match", "default", NOWHERE)), report


def test_every_condition_is_one_that_its_matcher_understands():
    forms = (StringMatch(exact="GET"), StringMatch(prefix="h"), StringMatch(regex="h.*"))
    for form in forms:
        named = {"x-user": form, "x-any": StringMatch()}
        match, report = translate(HTTPMatch(None, None, form, form, form, named, named, named))
        for use in match.conditions:
            assert read(MATCHERS[use.name], use.options, report) is not None
        assert len(match.conditions) == 9
        assert report.problems == []


@pytest.mark.parametrize(
    ("uri", "kind", "ignore_case"),
    [
        (StringMatch(exact="/a"), "exact", True),
        (StringMatch(prefix="/a"), "prefix", True),
        (StringMatch(prefix=""), "prefix", True),
        (StringMatch(regex="/a.*"), "regex", False),
    ],
)
def test_ignore_uri_case_is_for_exact_and_prefix_alone(uri, kind, ignore_case):
    match, report = translate(HTTPMatch(uri=uri, ignore_uri_case=True))
    assert (match.path.kind, match.path.ignore_case) == (kind, ignore_case)
    assert report.problems == []


def test_a_header_without_a_value_or_with_a_star_is_asked_to_be_there():
    for value in (StringMatch(), StringMatch(regex="*")):
        match, _ = translate(HTTPMatch(headers={"x-user": value}))
        assert match.conditions[0].options == {"name": "x-user", "present": True}


def test_without_headers_inverts():
    match, _ = translate(HTTPMatch(without_headers={"x-user": StringMatch(exact="bob"), "x-any": StringMatch()}))
    assert [use.options for use in match.conditions] == [
        {"name": "x-user", "exact": "bob", "invert": True},
        {"name": "x-any", "present": True, "invert": True},
    ]


def test_a_string_match_is_one_of_three():
    with pytest.raises(ValueError, match="give one of exact, prefix and regex, not exact and regex"):
        StringMatch(exact="a", regex="b")


@pytest.mark.parametrize(
    "match",
    [
        HTTPMatch(),
        HTTPMatch(uri=StringMatch(prefix="/")),
        HTTPMatch(uri=StringMatch(prefix="/"), ignore_uri_case=True),
        HTTPMatch(uri=StringMatch(regex=".*")),
    ],
)
def test_these_catch_everything(match):
    assert match.catches_all


@pytest.mark.parametrize(
    "match",
    [
        HTTPMatch(uri=StringMatch(prefix="/a")),
        HTTPMatch(uri=StringMatch(exact="/")),
        HTTPMatch(method=StringMatch(exact="GET")),
        HTTPMatch(uri=StringMatch(prefix="/"), headers={"x-user": StringMatch()}),
    ],
)
def test_these_do_not(match):
    assert not match.catches_all
