from shadowgate.bundled.matchers.scheme import Scheme
from shadowgate.testing import request


def test_the_scheme_is_how_the_client_came():
    matches = Scheme(exact="https").compile()
    assert matches(request(scheme="https")) is True
    assert matches(request(scheme="http")) is False


def test_a_prefix_holds_for_both_schemes():
    matches = Scheme(prefix="http").compile()
    assert matches(request(scheme="https")) is True
    assert matches(request(scheme="http")) is True


def test_the_short_form_is_the_scheme_itself():
    assert Scheme.from_scalar("https") == Scheme(exact="https")
