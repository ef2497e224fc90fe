from random import Random

from shadowgate.bundled.balancers.turns import alike, taking_part
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
