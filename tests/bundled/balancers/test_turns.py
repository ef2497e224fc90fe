from collections import Counter
from itertools import islice
from random import Random

from shadowgate.bundled.balancers.turns import alike, any_moment, taking_part, weighted_turns
from shadowgate.testing import candidates


def names(endpoints):
    return "".join(endpoint.name for endpoint in endpoints)


def test_the_order_stays_and_the_beginning_is_left_to_chance():
    endpoints = candidates("a", "b", "c")
    seen = {names(taking_part(endpoints, Random(seed))) for seed in range(50)}
    assert seen == {"abc", "bca", "cab"}


def test_those_without_a_weight_take_no_part():
    assert names(taking_part(candidates(("a", 0), ("b", 2), ("c", 0)), Random(0))) == "b"


def test_where_none_has_a_weight_all_take_part():
    assert sorted(names(taking_part(candidates(("a", 0), ("b", 0)), Random(0)))) == ["a", "b"]


def test_weights_are_alike_or_not():
    assert alike(candidates(("a", 3), ("b", 3)))
    assert not alike(candidates(("a", 3), ("b", 2)))


def test_turns_are_due_by_weight_and_phase():
    # Weight 2 is due at 1/4 and 3/4, weight 1 at 1/2 of each unit of time.
    assert list(islice(weighted_turns([2, 1], [0.5, 0.5]), 6)) == [0, 1, 0, 0, 1, 0]


def test_each_unit_of_time_holds_the_turns_of_everyone_whatever_the_phases():
    turns = weighted_turns([7, 11, 13], any_moment([7, 11, 13], Random(0)))
    for _ in range(100):
        assert Counter(islice(turns, 31)) == {0: 7, 1: 11, 2: 13}


def test_from_any_moment_on_each_single_turn_falls_by_weight():
    random = Random(0)
    rounds = [list(islice(weighted_turns([95, 5], any_moment([95, 5], random)), 4)) for _ in range(3000)]
    for turn in range(4):
        assert abs(sum(places[turn] for places in rounds) - 150) < 3 * (3000 * 0.05 * 0.95) ** 0.5
