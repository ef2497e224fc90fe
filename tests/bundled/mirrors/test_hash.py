import pytest

from shadowgate.bundled.mirrors.hash import Hash
from shadowgate.errors import ConfigError
from shadowgate.testing import compile_component, environment, from_yaml, request

USERS = [request(headers={"x-user": f"user-{number}", "cookie": f"id={number}"}) for number in range(2000)]


def mirrored(*, seed=0, **options):
    decide = compile_component(Hash, environment(seed=seed), **{"header": "x-user", **options})
    return {number for number, user in enumerate(USERS) if decide(user)}


def test_the_same_key_is_mirrored_always_or_never():
    assert mirrored(percent=30, seed=1) == mirrored(percent=30, seed=2)


def test_the_choice_is_the_same_in_every_release():
    assert sorted(mirrored(percent=1))[:5] == [16, 37, 110, 114, 258]


@pytest.mark.parametrize("percent", [10, 50, 90])
def test_the_percentage_is_a_share_of_the_keys(percent):
    share = percent / 100
    assert abs(len(mirrored(percent=percent)) - 2000 * share) <= 3 * (2000 * share * (1 - share)) ** 0.5


def test_a_hundred_is_every_key_and_nothing_is_none():
    assert len(mirrored(percent=100)) == 2000
    assert not mirrored(percent=0)


def test_a_greater_percentage_keeps_the_keys_of_a_smaller_one():
    assert mirrored(percent=5) < mirrored(percent=20) < mirrored(percent=80)


def test_another_salt_makes_another_choice_of_keys():
    both = mirrored(percent=50, salt="one") & mirrored(percent=50, salt="two")
    assert abs(len(both) - 500) <= 3 * (2000 * 0.25 * 0.75) ** 0.5


def test_a_request_without_the_key_is_skipped_unless_it_is_to_be_mirrored():
    assert compile_component(Hash, header="x-user")(request()) is False
    assert compile_component(Hash, header="x-user", missing="skip")(request()) is False
    assert compile_component(Hash, header="x-user", percent=0, missing="mirror")(request()) is True


def test_a_cookie_or_the_clients_address_can_be_the_key():
    by_cookie = compile_component(Hash, cookie="id", percent=50)
    assert {by_cookie(user) for user in USERS[:50]} == {True, False}
    assert by_cookie(request()) is False
    by_source = compile_component(Hash, source=True, percent=50)
    assert {by_source(request(peer=f"192.0.2.{number}")) for number in range(50)} == {True, False}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("percent: 5", "exactly one of header, cookie, query and source; there is none of them"),
        ("{header: a, cookie: b}", "there is header and cookie"),
        ("{source: true, missing: mirorr}", 'did you mean "mirror"'),
    ],
)
def test_wrong_options_are_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Hash, text)
