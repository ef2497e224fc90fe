"""Lanes: many timeouts of one length, none of them early and none more than a grain late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from shadowgate.runtime.timers import GRAIN, Lane, Timers


class Entry:
    """Remembers when its time was up; ``then`` is done at that moment."""

    def __init__(self, clock, then=lambda: None):
        self.clock = clock
        self.then = then
        self.at = []

    def expired(self, lane):
        self.at.append(self.clock.seconds())
        self.then()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lane(clock):
    return Lane(clock, 10)


def pass_time(clock, seconds, step=0.01):
    clock.pump([step] * round(seconds / step))


def test_an_entry_expires_once_when_its_time_is_up(clock, lane):
    entry = Entry(clock)
    lane.start(entry)
    clock.advance(9.99)
    assert entry.at == []
    clock.advance(0.01)
    clock.advance(100)
    assert entry.at == [10]
    assert len(lane) == 0


def test_starting_again_begins_again(clock, lane):
    entry = Entry(clock)
    lane.start(entry)
    clock.advance(9)
    lane.start(entry)
    clock.advance(9)
    assert entry.at == []
    pass_time(clock, 1 + GRAIN)
    assert len(entry.at) == 1


def test_what_was_stopped_does_not_expire(clock, lane):
    entry = Entry(clock)
    lane.start(entry)
    lane.stop(entry)
    lane.stop(entry)
    clock.advance(20)
    assert entry.at == []


def test_a_lane_of_no_length_never_fires(clock):
    lane = Lane(clock, 0)
    lane.start(Entry(clock))
    assert len(lane) == 0
    assert clock.getDelayedCalls() == []


def test_a_lane_keeps_one_call_of_the_clock(clock, lane):
    for _ in range(100):
        lane.start(Entry(clock))
        clock.advance(0.05)
    assert len(clock.getDelayedCalls()) == 1


@given(st.lists(st.floats(0, 9), min_size=1, max_size=30))
def test_nothing_fires_early_or_more_than_a_grain_late(gaps):
    clock = Clock()
    lane = Lane(clock, 10)
    entries = []
    for gap in gaps:
        pass_time(clock, gap, 0.05)
        entries.append((clock.seconds(), Entry(clock)))
        lane.start(entries[-1][1])
    pass_time(clock, 11, 0.05)
    for started, entry in entries:
        (at,) = entry.at
        assert 10 - 1e-6 <= at - started <= 10 + GRAIN + 0.05 + 1e-6


def test_what_an_expiry_starts_does_not_put_off_the_others(clock, lane):
    late = Entry(clock)
    lane.start(Entry(clock, then=lambda: lane.start(Entry(clock))))
    clock.advance(1)
    lane.start(late)
    clock.advance(9)
    pass_time(clock, 1 + GRAIN)
    assert late.at == [pytest.approx(11, abs=GRAIN)]


def test_an_expiry_may_stop_another_that_is_due(clock, lane):
    second = Entry(clock)
    lane.start(Entry(clock, then=lambda: lane.stop(second)))
    lane.start(second)
    clock.advance(10)
    assert second.at == []


def test_an_expiry_that_raises_does_not_stop_the_lane(clock, lane):
    def fail():
        raise RuntimeError

    second = Entry(clock)
    lane.start(Entry(clock, then=fail))
    lane.start(second)
    with pytest.raises(RuntimeError):
        clock.advance(10)
    clock.advance(GRAIN)
    assert len(second.at) == 1


def test_everybody_whose_time_is_running_can_be_found_and_stopped_meanwhile(clock):
    timers = Timers(clock)
    entries = [Entry(clock), Entry(clock), Entry(clock)]
    for entry, seconds in zip(entries, (5, 7, 5), strict=True):
        timers.lane(seconds).start(entry)
    found = []
    for entry in timers:
        found.append(entry)
        timers.lane(5).stop(entry)
    assert set(found) == set(entries)
    assert list(timers) == [entries[1]]


def test_a_closed_lane_leaves_nothing_behind(clock, lane):
    lane.start(Entry(clock))
    lane.close()
    assert clock.getDelayedCalls() == []


def test_a_lane_may_be_closed_by_an_expiry(clock, lane):
    lane.start(Entry(clock, then=lane.close))
    lane.start(Entry(clock))
    clock.advance(10)
    assert clock.getDelayedCalls() == []


def test_timers_have_one_lane_for_each_length(clock):
    timers = Timers(clock)
    assert timers.lane(5) is timers.lane(5)
    assert timers.lane(5) is not timers.lane(6)
    timers.lane(5).start(Entry(clock))
    timers.close()
    assert clock.getDelayedCalls() == []
