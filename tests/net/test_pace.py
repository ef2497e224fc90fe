"""Whether a client sends fast enough."""

import pytest
from twisted.internet.task import Clock

from shadowgate.net.pace import Pace
from shadowgate.runtime.timers import Lane


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def late():
    return []


@pytest.fixture
def pace(clock, late):
    """A client's, with a grace of ten seconds."""
    return Pace(Lane(clock, 10), clock.seconds, lambda: late.append(clock.seconds()))


def test_within_the_grace_nobody_is_late(pace, clock, late):
    pace.begin(100)
    clock.advance(9.9)
    assert late == []


def test_who_has_sent_less_after_it_is(pace, clock, late):
    pace.begin(100)
    pace.count(999)
    clock.advance(10)
    assert late == [10]
    clock.advance(100)
    assert late == [10]


def test_who_has_sent_enough_is_measured_on(pace, clock, late):
    pace.begin(100)
    pace.count(1000)
    clock.advance(10)
    pace.count(999)
    clock.advance(9)
    assert late == []
    clock.advance(1)
    assert late == [20]


def test_what_is_not_measured_is_never_late(pace, clock, late):
    pace.begin(0)
    pace.begin_again()
    clock.advance(100)
    assert late == []


def test_after_the_end_nobody_is_late(pace, clock, late):
    pace.begin(100)
    pace.end()
    pace.begin_again()
    clock.advance(100)
    assert late == []


def test_beginning_again_forgets_the_time_and_the_bytes(pace, clock, late):
    pace.begin(100)
    pace.count(5000)
    clock.advance(9)
    pace.begin_again()
    clock.advance(9)
    assert late == []
    clock.advance(1)
    assert late == [19]
