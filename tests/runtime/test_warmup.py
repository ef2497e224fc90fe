"""The share of an endpoint that has just come."""

import pytest

from shadowgate.model import Warmup
from shadowgate.runtime.warmup import SCALE, warm_weight


@pytest.mark.parametrize(
    ("age", "share"),
    [(0, 10), (5, 10), (10, 10), (11, 11), (50, 50), (99, 99), (100, 100), (1000, 100)],
)
def test_a_share_grows_evenly_from_the_minimum(age, share):
    assert warm_weight(1, age, Warmup(100)) == share


def test_the_minimum_can_be_anything():
    assert warm_weight(1, 0, Warmup(100, minimum_percent=50)) == 50
    assert warm_weight(1, 75, Warmup(100, minimum_percent=50)) == 75
    assert warm_weight(1, 0, Warmup(100, minimum_percent=100)) == 100


def test_a_greater_aggression_grows_faster_at_first():
    # (age / duration) ** (1 / aggression)
    assert [warm_weight(1, age, Warmup(100, 1, 2)) for age in (1, 25, 49, 81)] == [10, 50, 70, 90]


def test_the_first_second_counts_as_a_whole_one():
    warmup = Warmup(100, minimum_percent=0)
    assert warm_weight(1, 0, warmup) == warm_weight(1, 1, warmup) == 1


def test_nobody_with_a_weight_is_left_without_a_share():
    assert warm_weight(1, 0, Warmup(10_000, minimum_percent=0)) == 1


def test_weights_keep_their_proportions():
    assert warm_weight(5, 20, Warmup(100)) == 5 * warm_weight(1, 20, Warmup(100))
    assert warm_weight(5, 100, Warmup(100)) == 5 * SCALE


def test_who_has_no_weight_gets_none():
    assert warm_weight(0, 5, Warmup(100)) == 0
    assert warm_weight(0, 500, Warmup(100)) == 0


def test_a_warm_up_that_takes_no_time_is_over():
    assert warm_weight(2, 0, Warmup(0)) == 2 * SCALE


def test_a_warm_up_shorter_than_a_second_is_over_before_its_first_look():
    assert warm_weight(1, 0.2, Warmup(0.5)) == SCALE
