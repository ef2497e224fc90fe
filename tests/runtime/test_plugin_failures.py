"""Plugins' mistakes: each counts, and the log has one traceback of many."""

import pytest
from twisted.logger import Logger, formatEvent
from twisted.python.failure import Failure

from shadowgate.runtime.plugin_failures import QUIET, PluginFailures
from shadowgate.runtime.stats import Tally


class Mistakes:
    def __init__(self):
        self.counts = Tally()
        self.events = []
        self.time = 1.0
        log = Logger(observer=self.events.append)
        self.failures = PluginFailures(self.counts, log, lambda: self.time)

    def __call__(self, name="bad", told="{name} raised", error="mistake"):
        try:
            raise RuntimeError(error)
        except RuntimeError:
            self.failures.note(name, told)

    @property
    def told(self):
        return [formatEvent(event) for event in self.events]


@pytest.fixture
def mistake():
    return Mistakes()


def test_the_first_is_told_at_once_with_its_traceback(mistake):
    mistake()
    assert mistake.told == ["bad raised"]
    assert mistake.events[0]["log_failure"].getErrorMessage() == "mistake"
    assert "in __call__" in mistake.events[0]["log_failure"].getTraceback()


def test_those_that_follow_soon_are_only_counted(mistake):
    for _ in range(1000):
        mistake()
        mistake.time += (QUIET - 0.1) / 1000
    assert mistake.counts == {"bad": 1000}
    assert mistake.told == ["bad raised"]


def test_one_that_comes_later_tells_how_many_were_not(mistake):
    for _ in range(3):
        for _ in range(5):
            mistake()
        mistake.time += QUIET
    assert mistake.told == [
        "bad raised",
        "bad raised (4 more since this was last told)",
        "bad raised (4 more since this was last told)",
    ]


def test_one_that_never_stops_is_told_of_again_and_again(mistake):
    for _ in range(40):
        mistake()
        mistake.time += 1
    assert len(mistake.told) == 40 / QUIET


def test_one_alone_says_nothing_of_others(mistake):
    mistake()
    mistake.time += QUIET
    mistake()
    assert mistake.told == ["bad raised", "bad raised"]


def test_other_plugins_and_other_places_are_told_beside_it(mistake):
    mistake()
    mistake("worse")
    mistake(told="on_done of {name} raised")
    mistake()
    assert mistake.told == ["bad raised", "worse raised", "on_done of bad raised"]
    assert mistake.counts == {"bad": 3, "worse": 1}


def test_a_failure_that_came_later_is_told_itself(mistake):
    mistake.failures.note("slow", "{name} raised", Failure(ValueError("late")))
    assert mistake.events[0]["log_failure"].getErrorMessage() == "late"
