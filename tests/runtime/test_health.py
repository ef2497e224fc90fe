"""What probes say of an endpoint, and which endpoints are used."""

import pytest

from shadowgate.model import HealthCheck, OutlierDetection
from shadowgate.runtime.health import Checked, eligible, expected, panic_percent, told


def course(results, initially="healthy", **check):
    """Return the endpoint's health after each result: ``+`` is good, ``-`` bad."""
    policy = HealthCheck(initially=initially, **check)
    checked = Checked(initially == "healthy")
    shown = ""
    for result in results:
        before = checked.healthy
        changed = told(checked, policy, "" if result == "+" else "status 503")
        assert changed is (before is not checked.healthy)
        shown += "+" if checked.healthy else "-"
    return shown


@pytest.mark.parametrize(
    ("results", "health"),
    [
        ("---", "++-"),
        ("--+--", "+++++"),
        ("---+", "++--"),
        ("---++", "++--+"),
        ("---+-+-++", "++------+"),
    ],
)
def test_it_falls_after_three_bad_results_in_a_row_and_rises_after_two_good_ones(results, health):
    assert course(results) == health


def test_how_many_can_be_said():
    assert course("-+++-", fall=1, rise=3) == "---+-"


@pytest.mark.parametrize(("results", "health"), [("+", "+"), ("-++", "--+"), ("-+-", "---")])
def test_what_begins_unwell_is_well_after_a_first_good_result(results, health):
    assert course(results, initially="unhealthy") == health


def test_the_reason_of_the_last_bad_result_is_kept():
    checked = Checked(True)
    told(checked, HealthCheck(), "no answer in time")
    assert checked.reason == "no answer in time"
    told(checked, HealthCheck(), "")
    assert checked.reason == ""


@pytest.mark.parametrize(("status", "good"), [(199, False), (200, True), (299, True), (300, False), (302, True)])
def test_statuses_are_good_by_ranges(status, good):
    assert expected(HealthCheck(expected=((200, 299), (302, 302))), status) is good


@pytest.mark.parametrize(
    ("outlier", "check", "percent"),
    [
        (None, None, 0),
        (OutlierDetection(), None, 0),
        (OutlierDetection(min_health_percent=30), None, 30),
        (None, HealthCheck(), 50),
        (OutlierDetection(), HealthCheck(), 50),
        (OutlierDetection(min_health_percent=60), HealthCheck(), 60),
        (None, HealthCheck(panic_percent=0), 0),
    ],
)
def test_the_panic_threshold_is_the_higher_one(outlier, check, percent):
    assert panic_percent(outlier, check) == percent


@pytest.mark.parametrize(
    ("well", "panic", "used"),
    [
        ("abcd", 50, "abcd"),
        ("ab", 50, "ab"),
        ("a", 50, "abcd"),
        ("a", 25, "a"),
        ("", 1, "abcd"),
        ("", 0, ""),
    ],
)
def test_below_the_panic_threshold_all_are_used(well, panic, used):
    assert eligible("abcd", lambda one: one in well, panic) == tuple(used)
