from twisted.internet.task import Clock

from shadowgate.plugin import Environment
from shadowgate.testing import candidates, environment


def test_counters_can_be_read_and_stand_at_nothing_until_they_are_raised():
    env = environment()
    add = env.metrics.counter("seen", "Requests seen.")
    assert env.metrics.counts == {"seen": 0}
    add()
    add()
    assert env.metrics.counts == {"seen": 2}


def test_a_counter_of_the_same_name_goes_on_counting():
    env = environment()
    env.metrics.counter("seen", "")()
    env.metrics.counter("seen", "")()
    assert env.metrics.counts == {"seen": 2}


def test_two_environments_share_nothing():
    one, other = environment(), environment()
    one.metrics.counter("seen", "")
    assert other.metrics.counts == {}


def test_the_same_seed_makes_the_same_chance():
    assert isinstance(environment(), Environment)
    assert environment(seed=5).random.random() == environment(seed=5).random.random()
    assert environment(seed=5).random.random() != environment(seed=6).random.random()


def test_time_stands_still_until_it_is_advanced():
    clock = Clock()
    env = environment(clock)
    clock.advance(3)
    assert env.clock.seconds() == 3
    assert environment().clock.seconds() == 0


def test_candidates_come_by_name_or_with_a_weight():
    a, b = candidates("a", ("b", 3))
    assert (a.name, a.weight, a.in_flight, a.labels) == ("a", 1, 0, {})
    assert (b.name, b.weight) == ("b", 3)
    a.in_flight = 2
    assert b.in_flight == 0
