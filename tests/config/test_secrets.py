"""Credentials are hidden wherever they stand; names of headers and cookies are not."""

import pytest

from shadowgate.config.secrets import redacted
from shadowgate.plugin.credentials import HIDDEN


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Proxy-Authorization",
        "x-api-key",
        "apikey",
        "X-Auth-Token",
        "token",
        "client_secret",
        "api_key",
        "X-Access-Key",
        "accessToken",
        "signingKey",
        "passphrase",
        "x-user-jwt",
        "password",
    ],
)
def test_credentials_are_hidden_by_the_name_they_stand_under(name):
    assert redacted({"request": {"set": {name: "s3cret", "x-other": "1"}}}) == {
        "request": {"set": {name: HIDDEN, "x-other": "1"}}
    }


@pytest.mark.parametrize("name", ["key", "monkey", "tokens", "x-tokenizer", "author", "jwtRules"])
def test_names_that_only_look_like_those_are_no_credentials(name):
    assert redacted({name: "shown"}) == {name: "shown"}


@pytest.mark.parametrize("under", ["set", "add", "headers"])
def test_cookies_are_hidden_among_values_of_headers(under):
    assert redacted({under: {"Cookie": "a=b", "set-cookie": "c=d"}}) == {
        under: {"Cookie": HIDDEN, "set-cookie": HIDDEN}
    }


def test_a_cookie_that_is_only_named_is_shown():
    policy = {"plugin": "hash", "options": {"cookie": "session", "percent": 10}}
    assert redacted(policy) == policy


def test_what_a_credential_is_compared_with_is_hidden():
    use = {"plugin": "header", "options": {"name": "Authorization", "exact": "Bearer s3cret", "invert": True}}
    assert redacted(use)["options"] == {"name": "Authorization", "exact": HIDDEN, "invert": True}


def test_what_another_header_is_compared_with_is_shown():
    use = {"plugin": "header", "options": {"name": "cookie", "regex": "^(.*;)?user=bob(;.*)?$"}}
    assert redacted(use) == use


def test_lists_are_looked_through_and_nothing_given_is_changed():
    given = [{"filters": [{"options": {"set": {"authorization": "s3cret"}}}]}]
    assert redacted(given) == [{"filters": [{"options": {"set": {"authorization": HIDDEN}}}]}]
    assert given[0]["filters"][0]["options"]["set"]["authorization"] == "s3cret"


def test_numbers_and_mappings_under_such_names_are_no_secrets():
    assert redacted({"token": 5, "password": {"min": 1}}) == {"token": 5, "password": {"min": 1}}
