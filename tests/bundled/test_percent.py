import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.bundled.mirrors.counter import Counter
from shadowgate.bundled.mirrors.hash import Hash
from shadowgate.bundled.mirrors.random import Random
from shadowgate.bundled.percent import per_million
from shadowgate.errors import ConfigError
from shadowgate.testing import from_yaml


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(0, 0), (100, 1_000_000), (50, 500_000), (0.0001, 1), (0.00019, 1), (0.00009, 0), (0.0003, 3), (33.3333, 333_333)],
)
def test_a_percentage_is_cut_off_to_parts_of_a_million(percent, expected):
    assert per_million(percent) == expected


@given(st.integers(0, 1_000_000))
def test_every_step_of_a_ten_thousandth_is_exact(parts):
    assert per_million(float(f"{parts // 10_000}.{parts % 10_000:04}")) == parts


@pytest.mark.parametrize("component", [Random, Counter, Hash])
@pytest.mark.parametrize("percent", ["-1", "100.0001", "1000"])
def test_a_percentage_lies_between_0_and_100(component, percent):
    with pytest.raises(ConfigError, match="percent: a percentage lies between 0 and 100, not at"):
        from_yaml(component, f"percent: {percent}")


@pytest.mark.parametrize("component", [Random, Counter])
def test_something_else_than_a_number_is_no_percentage(component):
    with pytest.raises(ConfigError, match=r"options\.yaml:1:10: error \[SG0017\]: percent: write a decimal number"):
        from_yaml(component, "percent: 10%")
    with pytest.raises(ValueError, match="between 0 and 100"):
        component(float("nan"))


@pytest.mark.parametrize("component", [Random, Counter])
def test_the_short_form_is_the_percentage_itself(component):
    assert component.from_scalar("12.5") == component(12.5)


def test_nothing_said_is_everything():
    assert (Random().percent, Counter().percent, Hash(source=True).percent) == (100, 100, 100)
