"""What the text of numbers, durations and sizes means, and what is refused with which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.plugin import scalars


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("-3", -3), ("+7", 7), ("65536", 65536)])
def test_integers_are_decimal(text, value):
    assert scalars.integer(text) == value


@pytest.mark.parametrize("text", ["", "0x10", "1_000", "10:30", "1.0", "1e3", "٣", "on", " 1", "1\n"])
def test_what_is_no_decimal_integer_is_refused(text):
    with pytest.raises(ValueError, match="decimal"):
        scalars.integer(text)


@pytest.mark.parametrize(("text", "instead"), [("010", "10"), ("-007", "-7"), ("00", "0")])
def test_leading_zeros_are_refused_with_the_number_to_write(text, instead):
    for read in (scalars.integer, scalars.number):
        with pytest.raises(ValueError, match=f"write {instead}$"):
            read(text)


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_every_integer_as_python_writes_it_is_read(value):
    assert scalars.integer(str(value)) == value


@pytest.mark.parametrize(
    ("text", "value"), [("10", 10.0), ("0", 0.0), ("01.5", 1.5), ("0.0001", 0.0001), (".5", 0.5), ("1e-4", 1e-4)]
)
def test_numbers_are_decimal(text, value):
    assert scalars.number(text) == value


@pytest.mark.parametrize("text", ["", ".", "nan", ".nan", ".inf", "inf", "10%", "1_0", "0x1p3", "1e999"])
def test_what_is_no_finite_number_is_refused(text):
    with pytest.raises(ValueError, match="number"):
        scalars.number(text)


def test_only_true_and_false_are_truth():
    assert scalars.truth("true") is True
    assert scalars.truth("false") is False
    for text in ("yes", "no", "on", "off", "True", "y", "1", ""):
        with pytest.raises(ValueError, match="write true or false"):
            scalars.truth(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("250ms", 0.25), ("1m30s", 90), ("0.5s", 0.5), ("1h", 3600), ("10us", 1e-5), ("5µs", 5e-6), ("0", 0)],
)
def test_durations_are_gos(text, seconds):
    assert scalars.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["5", "1.5", "-1"])
def test_a_duration_without_a_unit_is_refused_with_both_likely_ones(text):
    with pytest.raises(ValueError, match=f"write {text}s for seconds or {text}ms for milliseconds"):
        scalars.duration(text)


@pytest.mark.parametrize("text", ["", "s", "1d", "1s 2s", "-1s", "1s2", "1.2.3s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="such as 1s, 250ms or 1m30s"):
        scalars.duration(text)


@pytest.mark.parametrize(("text", "size"), [("65536", 65536), ("64KiB", 65536), ("1MiB", 1 << 20), ("2 GiB", 2 << 30)])
def test_sizes_have_binary_units(text, size):
    assert scalars.byte_size(text) == size


@pytest.mark.parametrize("text", ["", "64KB", "64k", "1.5MiB", "-1", "MiB"])
def test_other_units_are_refused(text):
    with pytest.raises(ValueError, match="64KiB"):
        scalars.byte_size(text)
