import pytest

from shadowgate.bundled.matchers.cookie import Cookie
from shadowgate.testing import request


def holds(cookies, **options):
    headers = [("Cookie", line) for line in ([cookies] if isinstance(cookies, str) else cookies)]
    return Cookie(name="user", **options).compile()(request(headers=headers))


@pytest.mark.parametrize("line", ["user=ann", "a=1; user=ann", "user=ann; b=2", "a=1;user=ann", "a=1;  user=ann ;b=2"])
def test_a_cookie_is_found_among_others(line):
    assert holds(line, exact="ann") is True


@pytest.mark.parametrize("line", ["xuser=ann", "User=ann", "user", "a=user=ann", ""])
def test_what_only_looks_like_it_is_another_cookie(line):
    assert holds(line, exact="ann") is False
    assert holds(line, present=True) is False


def test_the_first_of_two_cookies_counts():
    assert holds("user=ann; user=bob", exact="ann") is True
    assert holds("user=ann; user=bob", exact="bob") is False


def test_a_second_line_is_looked_at_too():
    assert holds(["a=1", "user=ann"], exact="ann") is True


def test_quotes_around_the_value_do_not_belong_to_it():
    assert holds('user="ann"', exact="ann") is True
    assert holds('user="', exact='"') is True


def test_prefix_regex_and_presence_work_as_for_headers():
    assert holds("user=ann", prefix="a") is True
    assert holds("user=ann", regex="a+n+") is True
    assert holds("user=", present=True) is True
    assert holds("", present=False) is True
    assert holds("", regex=".*") is False


def test_no_cookie_holds_for_no_value():
    assert holds([], exact="") is False
    assert holds([], present=False) is True
