import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.bundled.mirrors.counter import Counter
from shadowgate.bundled.percent import per_million
from shadowgate.testing import compile_component, request

HEAD = request()


def decisions(percent, count):
    decide = compile_component(Counter, percent=percent)
    return [decide(HEAD) for _ in range(count)]


@pytest.mark.parametrize("percent", [0, 1, 10, 29, 50, 99, 100])
def test_of_a_hundred_requests_exactly_the_percentage_is_mirrored(percent):
    made = decisions(percent, 300)
    assert [sum(made[start : start + 100]) for start in (0, 100, 200)] == [percent] * 3


def test_the_mirrored_ones_are_evenly_spread():
    assert decisions(25, 8) == [False, False, False, True] * 2
    assert [place for place, hit in enumerate(decisions(10, 40), 1) if hit] == [10, 20, 30, 40]


def test_a_ten_thousandth_of_a_per_cent_is_the_millionth_request():
    made = decisions(0.0001, 2_000_000)
    assert [place for place, hit in enumerate(made, 1) if hit] == [1_000_000, 2_000_000]


@given(st.floats(0, 100), st.integers(0, 2000))
def test_at_any_moment_the_whole_part_of_the_share_was_mirrored(percent, count):
    assert sum(decisions(percent, count)) == per_million(percent) * count // 1_000_000
