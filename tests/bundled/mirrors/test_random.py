from random import Random as Chance

import pytest

from shadowgate.bundled.mirrors.random import Random
from shadowgate.plugin import Environment
from shadowgate.testing import compile_component, environment, request

HEAD = request()


class Fixed(Chance):
    """Chance that always says the same."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def random(self):
        return self.value


def with_chance(chance):
    made = environment()
    return Environment(made.clock, chance, made.metrics, made.log)


@pytest.mark.parametrize("percent", [1, 10, 25, 50, 99])
@pytest.mark.parametrize("seed", range(5))
def test_the_share_lies_within_three_sigma_over_2000_requests(percent, seed):
    decide = compile_component(Random, environment(seed=seed), percent=percent)
    hits = sum(decide(HEAD) for _ in range(2000))
    share = percent / 100
    assert abs(hits - 2000 * share) <= 3 * (2000 * share * (1 - share)) ** 0.5


def test_a_hundred_is_always_and_nothing_is_never_without_asking_chance():
    unasked = with_chance(Fixed("a comparison with this would raise"))
    always, never = compile_component(Random, unasked, percent=100), compile_component(Random, unasked, percent=0)
    assert all(always(HEAD) for _ in range(2000))
    assert not any(never(HEAD) for _ in range(2000))


def test_a_ten_thousandth_of_a_per_cent_is_one_in_a_million():
    assert compile_component(Random, with_chance(Fixed(0.999999e-6)), percent=0.0001)(HEAD) is True
    assert compile_component(Random, with_chance(Fixed(1e-6)), percent=0.0001)(HEAD) is False


def test_a_share_below_the_resolution_is_never():
    assert compile_component(Random, with_chance(Fixed(0.0)), percent=0.00009)(HEAD) is False


def test_two_mirrors_roll_each_for_itself():
    shared = environment()
    first, second = compile_component(Random, shared, percent=50), compile_component(Random, shared, percent=50)
    both = sum(first(HEAD) & second(HEAD) for _ in range(2000))
    assert abs(both - 500) <= 3 * (2000 * 0.25 * 0.75) ** 0.5
