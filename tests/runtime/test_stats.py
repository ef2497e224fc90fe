"""Counts as plain integers."""

import pytest

from shadowgate.runtime.stats import BOUNDS, Histogram, Stats, status_class


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0, 0), (0.0005, 0), (0.0006, 1), (30, len(BOUNDS) - 1), (31, len(BOUNDS))]
)
def test_a_bucket_holds_what_is_at_most_its_bound(seconds, bucket):
    histogram = Histogram()
    histogram.observe(seconds)
    assert histogram.buckets.index(1) == bucket
    assert (histogram.count, histogram.total) == (1, seconds)


def test_bounds_rise():
    assert list(BOUNDS) == sorted(set(BOUNDS))


@pytest.mark.parametrize(("status", "expected"), [(200, 2), (499, 4), (599, 5), (600, 5), (999, 5)])
def test_statuses_have_six_classes(status, expected):
    assert status_class(status) == expected


def test_a_name_always_means_the_same_counts():
    stats = Stats()
    assert stats.route("a") is stats.route("a")
    assert stats.mirror("a") is stats.mirror("a")


def test_a_plugins_counter_counts_on_when_it_is_asked_for_again():
    stats = Stats()
    stats.counter("seen", "What was seen.")()
    stats.counter("seen", "What was seen.")()
    assert stats.plugin_counters == {"seen": ("What was seen.", [2])}


def test_what_no_configuration_names_is_forgotten_once_nothing_uses_it():
    stats = Stats()
    for name in ("kept", "busy", "gone"):
        stats.route(name)
        stats.mirror(name)
        stats.cluster(name)
    stats.routes["busy"].in_flight = 1
    stats.mirrors["busy"].connecting = 1
    stats.forget({"kept"}, {"kept"}, {"kept"})
    assert set(stats.clusters) == {"kept"}
    assert set(stats.routes) == set(stats.mirrors) == {"kept", "busy"}


def test_a_tally_does_not_grow_by_being_read():
    stats = Stats()
    assert stats.refused["400"] == 0
    assert stats.refused == {}
