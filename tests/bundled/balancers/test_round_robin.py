from collections import Counter

import pytest

from shadowgate.bundled.balancers.round_robin import RoundRobin
from shadowgate.testing import candidates, compile_component, environment, request

HEAD = request()


def turns(endpoints, count, seed=0):
    pick = compile_component(RoundRobin, endpoints, environment(seed=seed))
    return [pick(HEAD).name for _ in range(count)]


def test_endpoints_take_turns_in_their_order():
    names = turns(candidates("a", "b", "c"), 9)
    start = "abc".index(names[0])
    assert names == list("abcabcabcabc"[start : start + 9])


def test_the_first_turn_is_left_to_chance():
    assert {turns(candidates("a", "b", "c"), 1, seed)[0] for seed in range(50)} == {"a", "b", "c"}


@pytest.mark.parametrize("weights", [(1, 3), (5, 1, 1), (90, 9, 1), (2, 4, 6), (7, 11, 13), (1, 0, 2)])
def test_a_round_gives_everyone_exactly_as_many_turns_as_its_weight(weights):
    endpoints = candidates(*((str(place), weight) for place, weight in enumerate(weights)))
    round_length = sum(weights)
    names = turns(endpoints, 50 * round_length)
    expected = {str(place): weight for place, weight in enumerate(weights) if weight}
    for start in range(0, len(names), round_length):
        assert Counter(names[start : start + round_length]) == expected


def test_turns_of_a_heavy_endpoint_are_spread_over_the_round():
    names = "".join(turns(candidates(("a", 6), ("b", 2)), 80))
    assert "aaaaa" not in names
    assert "bb" not in names


def test_equal_weights_other_than_one_make_plain_turns():
    names = turns(candidates(("a", 7), ("b", 7)), 6)
    assert names in (list("ababab"), list("bababa"))


def test_weights_hold_even_where_the_turns_start_anew_every_few_requests():
    endpoints, env = candidates(("a", 95), ("b", 5)), environment()
    picked = Counter()
    for _ in range(3000):
        pick = compile_component(RoundRobin, endpoints, env)
        picked.update(pick(HEAD).name for _ in range(2))
    assert abs(picked["b"] - 300) < 3 * (6000 * 0.05 * 0.95) ** 0.5
