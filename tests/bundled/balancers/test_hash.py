from collections import Counter

import pytest

from shadowgate.bundled.balancers.hash import Hash
from shadowgate.errors import ConfigError
from shadowgate.testing import candidates, compile_component, environment, from_yaml, request

USERS = [request(headers={"x-user": f"user-{number}"}) for number in range(3000)]


def placed(endpoints, *, seed=0, **options):
    pick = compile_component(Hash, endpoints, environment(seed=seed), **(options or {"header": "X-User"}))
    return [pick(user).name for user in USERS]


def test_the_same_key_goes_to_the_same_place_whatever_chance_says():
    endpoints = candidates("a", "b", "c")
    assert placed(endpoints, seed=1) == placed(endpoints, seed=2)


def test_the_choice_is_the_same_in_every_release():
    pick = compile_component(Hash, candidates("a", "b", "c"), header="x-user")
    assert "".join(pick(user).name for user in USERS[:24]) == "ababbbcabaaaabacbbaabaac"


def test_the_order_of_the_endpoints_plays_no_part():
    assert placed(candidates("a", "b", "c")) == placed(candidates("c", "a", "b"))


def test_everyone_has_its_weights_share_of_the_keys():
    share = Counter(placed(candidates(("a", 90), ("b", 10), ("never", 0))))
    assert set(share) == {"a", "b"}
    assert abs(share["b"] - 300) < 3 * (3000 * 0.1 * 0.9) ** 0.5


def test_a_new_endpoint_only_takes_keys_and_moves_none_between_others():
    before, after = placed(candidates("a", "b")), placed(candidates("a", "b", "c"))
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {new for _, new in moved} == {"c"}
    assert len(moved) == after.count("c") > 0


def test_another_salt_makes_another_choice():
    endpoints = candidates("a", "b")
    one, other = (placed(endpoints, header="x-user", salt=salt) for salt in ("one", "other"))
    same = sum(first == second for first, second in zip(one, other, strict=True))
    assert abs(same - 1500) < 3 * (3000 / 4) ** 0.5


def test_two_entries_of_one_name_each_have_a_share():
    first, second = endpoints = candidates("same", "same")
    pick = compile_component(Hash, endpoints, header="x-user")
    picked = [pick(user) for user in USERS]
    assert sum(one is first for one in picked) > 1000
    assert sum(one is second for one in picked) > 1000


def test_requests_without_the_key_are_spread_by_weight():
    pick = compile_component(Hash, candidates(("a", 3), ("b", 1), ("never", 0)), header="x-user")
    picked = Counter(pick(request()).name for _ in range(2000))
    assert abs(picked["b"] - 500) < 3 * (2000 * 0.75 * 0.25) ** 0.5
    assert picked["never"] == 0


def test_a_cookie_or_the_clients_address_can_be_the_key():
    endpoints = candidates("a", "b")
    by_cookie = compile_component(Hash, endpoints, cookie="user")
    by_source = compile_component(Hash, endpoints, source=True)
    for number in range(50):
        cookie = {"Cookie": f"a=1; user={number}"}
        assert len({by_cookie(request(headers=cookie, peer=f"192.0.2.{peer}")).name for peer in range(10)}) == 1
        assert len({by_source(request(peer=f"192.0.2.{number}")).name for _ in range(10)}) == 1
    assert len({by_source(request(peer=f"192.0.2.{number}")).name for number in range(50)}) == 2


@pytest.mark.parametrize(
    ("text", "found"), [("salt: x", "none of them"), ("header: x-user\nsource: true", "header and source")]
)
def test_there_is_exactly_one_place_for_the_key(text, found):
    with pytest.raises(ConfigError, match=f"exactly one of header, cookie, query and source; there is {found}"):
        from_yaml(Hash, text)
