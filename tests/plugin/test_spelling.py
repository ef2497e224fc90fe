"""Suggestions for mistyped words."""

import pytest

from shadowgate.plugin.spelling import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "choice"), [("wieght", "weight"), ("inflight", "in_flight"), ("ROUND_ROBIN", "round-robin")]
)
def test_a_slip_finds_its_word_whatever_the_case_and_the_hyphens(word, choice):
    assert nearest(word, ["weight", "in_flight", "round-robin"]) == choice


def test_a_word_that_is_near_nothing_finds_nothing():
    assert nearest("zebra", ["weight", "in_flight"]) is None
    assert did_you_mean("zebra", ["weight"]) == ""
    assert did_you_mean("zebra", []) == ""


def test_the_suggestion_ends_a_sentence():
    assert did_you_mean("wieght", ["weight", "wait-for"]) == ', did you mean "weight"?'
