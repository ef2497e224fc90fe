"""The record of variants that came and went: events, counts and a line in the log for each change."""

import pytest
from twisted.internet.task import Clock
from twisted.logger import Logger, formatEvent, globalLogPublisher

from shadowgate.model import Availability, Configuration, Presence
from shadowgate.runtime.availability import RECENT, AvailabilityRecord


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def record(clock):
    return AvailabilityRecord(clock, Logger(namespace="shadowgate"))


@pytest.fixture
def said():
    lines = []

    def hear(event):
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(hear)
    yield lines
    globalLogPublisher.removeObserver(hear)


def having(*weights, name="web", namespace="default", reason="gone"):
    """A configuration whose variants have these weights; one without is not there."""
    variants = tuple(
        Presence(f"v{number}", weight > 0, "" if weight else reason, weight) for number, weight in enumerate(weights, 1)
    )
    return Configuration(availability=(Availability(name, namespace, variants),))


def test_a_variant_that_comes_is_an_event_with_the_weights_before_and_after(record, clock, said):
    record.observe(having(1, 0))
    clock.advance(5)
    record.observe(having(1, 20))
    event = record.recent[-1]
    assert (event.at, event.application, event.variant, event.available) == (5.0, "web", "v2", True)
    assert (event.before, event.after) == ((1, 0), (1, 20))
    assert said[-1] == "v2 of web is available: all that it is made of is there; weights 1, 0 -> 1, 20"


def test_a_variant_that_goes_is_one_with_the_reason(record, said):
    record.observe(having(1, 1))
    record.observe(having(1, 0, reason="there is no Service default/web-2"))
    assert said[-1] == ("v2 of web is not available any more: there is no Service default/web-2; weights 1, 1 -> 1, 0")


def test_before_the_first_configuration_nobody_was_there(record, said):
    record.observe(having(1, 0))
    assert [(event.variant, event.before) for event in record.recent] == [("v1", ())]
    assert said[-1].endswith("weights none -> 1, 0")


def test_what_stays_as_it_is_is_no_event(record):
    record.observe(having(1, 1))
    seen = len(record.recent)
    record.observe(having(1, 50))
    record.observe(having(1, 50, reason="another"))
    assert len(record.recent) == seen and record.current[0].weights == (1, 50)


def test_changes_are_counted_for_as_long_as_their_application_is_there(record):
    for weights in ((1, 1), (1, 0), (1, 1)):
        record.observe(having(*weights))
    assert record.changes == {("web", "v1", True): 1, ("web", "v2", True): 2, ("web", "v2", False): 1}
    record.observe(having(1, name="other", namespace="shop"))
    assert record.changes == {("shop/other", "v1", True): 1}


def test_only_the_latest_events_are_kept(record):
    for number in range(RECENT):
        record.observe(having(1, number % 2))
    assert len(record.recent) == RECENT
    record.observe(having(1, 0))
    assert len(record.recent) == RECENT
