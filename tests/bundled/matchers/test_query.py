import pytest

from shadowgate.bundled.matchers.query import Query
from shadowgate.testing import request


def holds(target, **options):
    return Query(name="key", **options).compile()(request(target=target))


@pytest.mark.parametrize("target", ["/?key=v", "/?a=1&key=v", "/?key=v&b=2", "/?&&key=v&", "/?%6Bey=v", "/?key=%76"])
def test_a_parameter_is_found_among_others_and_decoded(target):
    assert holds(target, exact="v") is True


@pytest.mark.parametrize("target", ["/", "/?", "/key=v", "/?Key=v", "/?xkey=v", "/?keyx=v", "/?a=key=v", "/?a=%6Bey"])
def test_what_only_looks_like_it_is_no_parameter_of_that_name(target):
    assert holds(target, exact="v") is False
    assert holds(target, present=True) is False
    assert holds(target, present=False) is True


def test_a_parameter_without_a_value_has_the_empty_one():
    assert holds("/?key", exact="") is True
    assert holds("/?key=", exact="") is True
    assert holds("/?key", present=True) is True
    assert holds("/?other", exact="") is False


def test_the_first_of_two_values_counts():
    assert holds("/?key=1&key=2", exact="1") is True
    assert holds("/?key=1&key=2", exact="2") is False


def test_only_the_first_question_mark_and_equals_sign_divide():
    assert holds("/?a=1&key=x?y=z", exact="x?y=z") is True


def test_a_plus_is_a_plus():
    assert holds("/?key=a+b", exact="a+b") is True
    assert holds("/?key=a%20b", exact="a b") is True


def test_a_broken_escape_stays_as_it_is():
    assert holds("/?key=%zz", exact="%zz") is True


def test_prefix_and_regex_see_the_decoded_value():
    assert holds("/?key=%61bc", prefix="ab") is True
    assert holds("/?key=%61bc", regex="abc") is True
    assert holds("/?other=1", regex=".*") is False


def test_the_name_may_be_anything_but_empty():
    assert Query(name="käse", exact="v").compile()(request(target="/?k%C3%A4se=v")) is True
    with pytest.raises(ValueError, match="has a name"):
        Query(name="", exact="v")
