"""Bounds of numbers and durations, each with its check."""

import pytest

from shadowgate.bundled.dialects.istio.ranges import count, duration, duration_or_none, per_cent
from shadowgate.plugin.checks import Unfit, istio_destinations, istio_routing


@pytest.mark.parametrize("value", [None, 0.001, 0.25, 1.5, 86400.0])
def test_whole_milliseconds_are_durations(value):
    duration(None, None, value)


@pytest.mark.parametrize("value", [0.0, 0.0009, 0.0015])
def test_shorter_and_finer_ones_are_refused(value):
    with pytest.raises(Unfit) as refused:
        duration(None, None, value)
    assert refused.value.check is istio_routing.DURATION


def test_nothing_may_switch_a_duration_off():
    duration_or_none(None, None, 0.0)
    with pytest.raises(Unfit):
        duration_or_none(None, None, 0.0009)


@pytest.mark.parametrize(("check", "value"), [(count, -1), (count, 1 << 32), (per_cent, -0.1), (per_cent, 100.1)])
def test_numbers_beyond_their_bounds_are_refused(check, value):
    with pytest.raises(Unfit) as refused:
        check(None, None, value)
    assert refused.value.check is istio_destinations.OUT_OF_RANGE


def test_numbers_at_their_bounds_are_fine():
    for value in (None, 0, (1 << 32) - 1):
        count(None, None, value)
    for value in (None, 0, 100):
        per_cent(None, None, value)
