"""What is a locality, and which patterns overlap."""

import pytest

from shadowgate.bundled.dialects.istio.locality import Distribute, is_locality
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE
from shadowgate.plugin import Report


def problems(origin, to):
    scope = Scope(Report(), "", "default", NOWHERE)
    Distribute(origin, to).check(scope)
    return [(problem.path, problem.found) for problem in scope.report.problems]


@pytest.mark.parametrize("text", ["eu", "eu/west", "eu/west/a"])
def test_up_to_three_parts_are_a_locality(text):
    assert is_locality(text)


@pytest.mark.parametrize("text", ["", "/", "eu/", "/west", "eu//a", "eu/west/a/b", "*", "eu/*"])
def test_empty_parts_and_wildcards_are_none(text):
    assert not is_locality(text)


@pytest.mark.parametrize("origin", ["*", "eu", "eu/*", "eu/west/*", "eu/west/a"])
def test_a_pattern_may_end_in_a_wildcard(origin):
    assert problems(origin, {"eu/*": 50, "us": 50}) == []


@pytest.mark.parametrize("to", [{"eu": 50, "eu/west": 50}, {"eu/*": 50, "eu/west/*": 50}, {"*": 50, "us": 50}])
def test_patterns_that_overlap_are_an_error(to):
    assert problems("eu", to) == [("to", "")]


def test_shares_make_a_hundred():
    assert problems("eu", {"eu": 60, "us": 30}) == [("to", "90")]
    assert problems("eu", {"eu": 100, "us": 0}) == [("to.us", "0")]
