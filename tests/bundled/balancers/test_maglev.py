from collections import Counter

import pytest

from shadowgate.bundled.balancers.affinity import seeds
from shadowgate.bundled.balancers.maglev import PATIENCE, Maglev, _Table
from shadowgate.errors import ConfigError
from shadowgate.testing import candidates, compile_component, environment, from_yaml, request

USERS = [request(headers={"x-user": f"user-{number}"}) for number in range(3000)]


def placed(endpoints, *, seed=0, size=4093, **options):
    pick = compile_component(Maglev, endpoints, environment(seed=seed), header="x-user", table_size=size, **options)
    return [pick(user).name for user in USERS]


def table(*endpoints, size):
    return _Table(size, seeds(candidates(*endpoints), ""))


def test_the_same_key_goes_to_the_same_place_whatever_chance_says():
    endpoints = candidates("a", "b", "c")
    assert placed(endpoints, seed=1) == placed(endpoints, seed=2)


def test_the_choice_is_the_same_in_every_release():
    assert "".join(placed(candidates("a", "b", "c"))[:24]) == "bccaccaabcbabaccbcccabcb"


def test_the_order_of_the_endpoints_plays_no_part():
    assert placed(candidates("a", "b", "c")) == placed(candidates("c", "a", "b"))
    weighted = [("a", 3), ("b", 2), ("c", 7)]
    assert placed(candidates(*weighted)) == placed(candidates(*weighted[::-1]))


@pytest.mark.parametrize("size", [2, 7, 251, 4093])
def test_everyone_has_the_same_share_of_the_places_but_for_one(size):
    made = table("a", "b", "c", size=size)
    share = Counter(made.owner(place) for place in range(size))
    assert sum(share.values()) == size
    assert all(abs(share[number] - size / 3) < 1 for number in range(3))


@pytest.mark.parametrize("weights", [(90, 9, 1), (900, 90, 10), (90_001, 9_000, 999)])
def test_everyone_has_its_weights_share_of_the_places_but_for_one(weights):
    made = table(*zip("abc", weights, strict=True), ("never", 0), size=4093)
    share = Counter(made.owner(place) for place in range(4093))
    assert all(abs(share[number] - 4093 * weight / sum(weights)) <= 1 for number, weight in enumerate(weights))


def test_when_an_endpoint_goes_hardly_any_key_of_the_others_moves():
    before, after = placed(candidates(*"abcdefgh")), placed(candidates(*"abcdefg"))
    stayed = [old == new for old, new in zip(before, after, strict=True) if old != "h"]
    assert sum(stayed) > 0.85 * len(stayed)


def test_a_place_that_is_taken_stays_with_its_endpoint_while_the_table_is_filled():
    whole = table("a", "b", "c", size=65_537)
    for place in range(65_537):
        whole.owner(place)
    finished = [whole.owner(place) for place in range(65_537)]
    growing = table("a", "b", "c", size=65_537)
    asked = [growing.owner(place) for place in range(0, 65_537, 4099)]
    wrong = sum(one != other for one, other in zip(asked, finished[::4099], strict=True))
    assert wrong <= 2  # of the last places, which a neighbour stood in for
    assert [growing.owner(place) for place in range(65_537)] == finished


@pytest.mark.parametrize("weights", [(1, 1, 1), (1, 2, 3), (1, 2, 9999)])
def test_a_request_fills_no_more_of_the_table_than_it_has_patience_for(weights):
    size = 1_000_003
    made = table(*zip("abc", weights, strict=True), size=size)
    assert made.owner(0) in (0, 1, 2)
    assert 0 < size - made._free <= PATIENCE


def test_a_balancer_that_is_never_asked_makes_no_table():
    size = 4_999_999
    endpoints = candidates(*(str(number) for number in range(100)))
    compiled = [compile_component(Maglev, endpoints, source=True, table_size=size) for _ in range(50)]
    assert len(compiled) == 50  # 50 tables of that size would take a gigabyte


def test_more_endpoints_than_places_share_what_there_is():
    assert len(set(placed(candidates(*"abcdefgh"), size=3))) == 3


def test_another_salt_makes_another_choice():
    endpoints = candidates("a", "b")
    same = sum(map(str.__eq__, placed(endpoints, salt="one"), placed(endpoints, salt="other")))
    assert 1200 < same < 1800


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (65_536, "the size of a table is a prime number; 65,536 is none"),
        (4_999_997, "is a prime number"),
        (1, "the size of a table lies between 2 and 5,000,010"),
        (5_000_011, "the size of a table lies between 2 and 5,000,010"),
    ],
)
def test_a_table_has_a_prime_number_of_places(size, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Maglev, f"{{source: true, tableSize: {size}}}")
