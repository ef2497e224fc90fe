"""What of a request is kept to be sent again, and the place of a retry in its cluster's budget."""

import pytest
from attrs import define

from shadowgate.plugin import Attempt, Retries
from shadowgate.runtime.attempts import RESELECTIONS, Attempts
from shadowgate.runtime.stats import Tally
from shadowgate.testing import FakeCandidate, request


@define(eq=False)
class Cluster:
    """Gives endpoints by name, one after another."""

    names: str = "a"
    others: str = ""
    room: int = 1
    retrying: int = 0
    picks: int = 0

    def pick(self, head):
        self.picks += 1
        name = self.names[(self.picks - 1) % len(self.names)]
        return None if name == "-" else FakeCandidate(name)

    def pick_other(self, tried):
        return next((FakeCandidate(name) for name in self.others if name not in tried), None)

    def may_retry(self):
        return self.retrying < self.room


@pytest.fixture
def decide():
    """Ask whether ``attempts`` go on at ``cluster``; returns the pause."""
    results = Tally()

    def decide(attempts, cluster, retries=None):
        retries = retries or Retries(lambda attempt: 1.5, 2)
        return attempts.decide(retries, Attempt(request(), attempts.again + 1, "upstream_reset"), cluster, results)

    decide.results = results
    return decide


# The body


def test_what_was_sent_is_given_back_in_order_and_kept_anew():
    attempts = Attempts(10)
    attempts.remember(b"ab")
    attempts.remember(b"cd")
    assert attempts.replay() == b"abcd"
    assert attempts.repeatable
    assert attempts.replay() == b""


def test_a_request_without_a_body_can_be_sent_again():
    attempts = Attempts(0)
    attempts.remember(b"")
    assert attempts.repeatable
    assert attempts.replay() == b""


@pytest.mark.parametrize(("pieces", "repeatable"), [([b"abc"], True), ([b"ab", b"c"], True), ([b"ab", b"cd"], False)])
def test_a_body_is_kept_up_to_the_room_there_is(pieces, repeatable):
    attempts = Attempts(3)
    for piece in pieces:
        attempts.remember(piece)
    assert attempts.repeatable is repeatable


def test_the_room_is_all_there_for_each_attempt():
    attempts = Attempts(3)
    attempts.remember(b"abc")
    attempts.remember(attempts.replay())
    assert attempts.repeatable
    attempts.remember(b"d")
    assert not attempts.repeatable


def test_nothing_brings_back_what_was_forgotten():
    attempts = Attempts(10)
    attempts.forget()
    attempts.remember(b"a")
    assert not attempts.repeatable


# The decision


def test_the_policys_pause_is_taken_and_counted(decide):
    attempts, cluster = Attempts(10), Cluster()
    assert decide(attempts, cluster) == 1.5
    assert (attempts.again, cluster.retrying) == (1, 1)
    assert decide.results == {"made": 1}


def test_there_are_no_more_than_the_policy_has(decide):
    attempts, cluster = Attempts(10), Cluster()
    assert [decide(attempts, cluster) for _ in range(4)] == [1.5, 1.5, None, None]
    assert decide.results == {"made": 2}


def test_what_the_policy_does_not_want_is_not_counted(decide):
    attempts = Attempts(10)
    assert decide(attempts, Cluster(), Retries(lambda attempt: None, 2)) is None
    assert (attempts.again, decide.results) == (0, {})


def test_a_request_that_cannot_be_sent_again_takes_no_place_in_the_budget(decide):
    attempts, cluster = Attempts(0), Cluster()
    attempts.remember(b"a")
    assert decide(attempts, cluster) is None
    assert cluster.retrying == 0
    assert decide.results == {"not_repeatable": 1}


def test_a_budget_without_room_ends_it(decide):
    attempts, cluster = Attempts(10), Cluster(room=0)
    assert decide(attempts, cluster) is None
    assert (attempts.again, cluster.retrying) == (0, 0)
    assert decide.results == {"over_budget": 1}


def test_the_second_retry_takes_over_the_place_of_the_first(decide):
    attempts, cluster = Attempts(10), Cluster(room=1)
    assert decide(attempts, cluster) is not None
    assert decide(attempts, cluster) is not None
    assert cluster.retrying == 1


def test_the_place_in_the_budget_is_given_back_once(decide):
    attempts, cluster = Attempts(10), Cluster()
    decide(attempts, cluster)
    attempts.settle()
    attempts.settle()
    assert cluster.retrying == 0


def test_what_a_policy_raises_changes_nothing(decide):
    attempts, cluster = Attempts(10), Cluster()
    with pytest.raises(ZeroDivisionError):
        decide(attempts, cluster, Retries(lambda attempt: 1 / 0, 2))
    with pytest.raises(TypeError):
        decide(attempts, cluster, Retries(lambda attempt: "soon", 2))
    assert (attempts.again, cluster.retrying, decide.results) == (0, 0, {})


# The endpoint


def test_the_balancer_is_asked_until_it_names_one_that_was_not_tried():
    attempts, cluster = Attempts(10), Cluster("abac")
    attempts.tried = ("a", "b")
    assert attempts.pick_elsewhere(cluster, request()).name == "c"
    assert cluster.picks == 4


def test_it_is_asked_no_more_than_a_few_times():
    attempts, cluster = Attempts(10), Cluster("a")
    attempts.tried = ("a",)
    assert attempts.pick_elsewhere(cluster, request()).name == "a"
    assert cluster.picks == 1 + RESELECTIONS


def test_a_balancer_that_insists_is_passed_over():
    attempts, cluster = Attempts(10), Cluster("a", others="ab")
    attempts.tried = ("a",)
    assert attempts.pick_elsewhere(cluster, request()).name == "b"


def test_when_all_were_tried_it_is_not_the_one_that_has_just_failed():
    attempts, cluster = Attempts(10), Cluster("b", others="ab")
    attempts.tried = ("a", "b")
    assert attempts.pick_elsewhere(cluster, request()).name == "a"
    attempts.tried = ("b", "a")
    assert attempts.pick_elsewhere(cluster, request()).name == "b"


def test_nobody_is_nobody():
    attempts, cluster = Attempts(10), Cluster("a-")
    attempts.tried = ("a",)
    assert attempts.pick_elsewhere(cluster, request()) is None
    assert cluster.picks == 2
