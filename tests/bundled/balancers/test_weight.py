from collections import Counter

import pytest

from shadowgate.bundled.balancers.weight import Weight, pick_by_weight
from shadowgate.testing import candidates, compile_component, request

HEAD = request()


class Rolls:
    """A source of chance that says what it is told to."""

    def __init__(self, *values):
        self.values = iter(values)

    def random(self):
        return next(self.values)


def test_a_single_one_gets_everything_whatever_its_weight():
    for weight in (0, 1, 100):
        (only,) = endpoints = candidates(("only", weight))
        pick = compile_component(Weight, endpoints)
        assert {id(pick(HEAD)) for _ in range(50)} == {id(only)}


def test_where_all_weights_are_zero_the_first_one_gets_everything():
    endpoints = candidates(("a", 0), ("b", 0))
    pick = compile_component(Weight, endpoints)
    assert all(pick(HEAD) is endpoints[0] for _ in range(50))


def test_weight_zero_gets_nothing_beside_others():
    pick = compile_component(Weight, candidates(("never", 0), ("a", 1), ("nor this", 0), ("b", 1)))
    assert {pick(HEAD).name for _ in range(500)} == {"a", "b"}


@pytest.mark.parametrize(
    ("roll", "name"),
    [(0.0, "a"), (0.8999, "a"), (0.9, "b"), (0.9899, "b"), (0.99, "c"), (1 - 2**-53, "c")],
)
def test_a_roll_falls_into_the_share_that_it_belongs_to(roll, name):
    pick = pick_by_weight(candidates(("a", 90), ("b", 9), ("c", 1)), Rolls(roll))
    assert pick(HEAD).name == name


@pytest.mark.parametrize("total", [2, 3, 5, 7, 100, 2**20 - 1, 2**20, 2**20 + 1, 10**6, 3 * 10**6])
def test_the_greatest_roll_still_falls_into_the_last_share(total):
    pick = pick_by_weight(candidates(("a", total - 1), ("b", 1)), Rolls(1 - 2**-53))
    assert pick(HEAD).name == "b"


def test_weights_need_not_add_up_to_a_hundred():
    pick = compile_component(Weight, candidates(("a", 1), ("b", 3)))
    picked = Counter(pick(HEAD).name for _ in range(2000))
    assert abs(picked["b"] - 1500) < 3 * (2000 * 0.75 * 0.25) ** 0.5
    assert picked.total() == 2000
