from collections import Counter

import pytest

from shadowgate.bundled.balancers.ring_hash import LARGEST, RingHash
from shadowgate.errors import ConfigError
from shadowgate.testing import candidates, compile_component, environment, from_yaml, request

USERS = [request(headers={"x-user": f"user-{number}"}) for number in range(3000)]


def placed(endpoints, *, seed=0, **options):
    pick = compile_component(RingHash, endpoints, environment(seed=seed), header="x-user", **options)
    return [pick(user).name for user in USERS]


def test_the_same_key_goes_to_the_same_place_whatever_chance_says():
    endpoints = candidates("a", "b", "c")
    assert placed(endpoints, seed=1) == placed(endpoints, seed=2)


def test_the_choice_is_the_same_in_every_release():
    pick = compile_component(RingHash, candidates("a", "b", "c"), header="x-user")
    assert "".join(pick(user).name for user in USERS[:24]) == "cccabbbbbccbabaacccabcbb"


def test_the_order_of_the_endpoints_plays_no_part():
    assert placed(candidates("a", "b", "c")) == placed(candidates("c", "a", "b"))


def test_a_new_endpoint_only_takes_keys_and_moves_none_between_others():
    before, after = placed(candidates(*"abcdefgh")), placed(candidates(*"abcdefghi"))
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {"i"}
    assert len(moved) == after.count("i") > 200


def test_more_points_make_truer_shares():
    def error(size):
        share = Counter(placed(candidates(*"abcdefgh"), minimum_ring_size=size))
        return max(abs(count - 375) for count in share.values())

    assert error(8) > error(LARGEST)
    assert error(LARGEST) < 4 * (3000 * 1 / 8 * 7 / 8) ** 0.5


def test_everyone_has_its_weights_share_of_the_keys():
    share = Counter(placed(candidates(("a", 90), ("b", 10), ("never", 0)), minimum_ring_size=10_000))
    assert set(share) == {"a", "b"}
    assert abs(share["b"] - 300) < 100


def test_a_light_endpoint_has_a_point_on_the_largest_of_rings():
    pick = compile_component(RingHash, candidates(("heavy", 100_000_000), ("light", 1)), header="x-user")
    assert {pick(user).name for user in USERS} >= {"heavy"}


def test_another_salt_makes_another_choice():
    endpoints = candidates("a", "b")
    same = sum(map(str.__eq__, placed(endpoints, salt="one"), placed(endpoints, salt="other")))
    assert 1200 < same < 1800


def test_two_entries_of_one_name_each_have_a_share():
    first, second = endpoints = candidates("same", "same")
    pick = compile_component(RingHash, endpoints, header="x-user")
    picked = Counter(id(pick(user)) for user in USERS)
    assert picked[id(first)] > 1000
    assert picked[id(second)] > 1000


@pytest.mark.parametrize("size", [0, -1, LARGEST + 1])
def test_a_ring_that_could_not_be_laid_out_is_refused(size):
    with pytest.raises(ConfigError, match="a ring has between 1 and 65,536 points"):
        from_yaml(RingHash, f"{{source: true, minimumRingSize: {size}}}")
