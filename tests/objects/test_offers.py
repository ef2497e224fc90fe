"""Several sources, one offer."""

import pytest

from shadowgate.config.clashes import STORE
from shadowgate.errors import Problem
from shadowgate.objects.offers import FILES, Offers


@pytest.fixture
def taken():
    return []


@pytest.fixture
def offers(taken):
    return Offers(lambda documents, problems: taken.append((documents, problems)))


def test_each_publication_offers_what_all_channels_say(offers, taken):
    files, variants = offers.channel(FILES), offers.channel("variants")
    files(["a", "b"], [Problem("one")])
    variants(["c"], [])
    files(["b"], [])
    assert taken == [(("a", "b"), (Problem("one"),)), (("a", "b", "c"), (Problem("one"),)), (("b", "c"), ())]


def test_the_store_comes_behind_all_others_whenever_they_begin(offers):
    offers.hold(STORE, ["applied"])
    offers.hold(FILES, ["written"])
    offers.hold("variants", ["seen"])
    assert offers.union == (("written", "seen", "applied"), ())


def test_what_is_held_is_offered_with_the_next_publication_only(offers, taken):
    offers.hold(FILES, ["a"], [Problem("one")])
    assert taken == []
    offers.publish("variants", [])
    assert taken == [(("a",), (Problem("one"),))]


def test_it_tells_what_it_holds(offers):
    assert repr(offers) == "<offers: none yet>"
    offers.hold(FILES, ["a", "b"])
    assert repr(offers) == "<offers: files 2>"
