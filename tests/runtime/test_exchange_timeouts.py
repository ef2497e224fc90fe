"""How long each phase of an exchange may take."""

import pytest

from shadowgate.model import Timeouts
from shadowgate.plugin import Retries

TIMES = Timeouts(connect=1, response=10, idle=100)
AGAIN = Retries(lambda attempt: 0, 9)


@pytest.mark.parametrize(
    ("line", "seconds", "status", "outcome"),
    [
        ("GET /", 11, 504, "response_timeout"),
        ("PUT / length=2 'a' ...", 101, 408, "request_timeout"),
    ],
)
def test_each_phase_has_its_own_bound(connected, line, seconds, status, outcome):
    it = connected(line, timeouts=TIMES)
    it.event(f"{seconds}")
    assert it.commands[0] == "v1 abort"
    assert it.commands[1].startswith(f"client {status}")
    assert it.record.outcome == outcome


def test_a_body_that_moves_is_never_late(connected):
    it = connected("PUT / chunked ...", timeouts=TIMES)
    it.play("""
        >> 90 seconds
        >> body 'a'
        << v1 body 'a'
        >> 90 seconds
        >> end
        << v1 end
        >> 9 seconds
        >> v1 answers 200 chunked 'a' ...
        << client 200 chunked 'a' ...
        >> 90 seconds
        >> v1 body 'b'
        << client body 'b'
        >> 90 seconds
        >> v1 body 'c'
        << client body 'c'
    """)


def test_an_answer_that_stops_moving_is_cut(connected):
    it = connected(timeouts=TIMES)
    it.play("""
        >> v1 answers 200 chunked 'a' ...
        << client 200 chunked 'a' ...
        >> 101 seconds
        << v1 abort
        << client cut
    """)
    assert it.record.outcome == "idle_timeout"


def test_a_client_that_reads_slowly_is_a_sign_of_life(connected):
    connected(timeouts=TIMES).play("""
        >> v1 answers 200 chunked 'a' ...
        << client 200 chunked 'a' ...
        >> client slow
        << v1 pause
        >> 90 seconds
        >> client ready
        << v1 resume
        >> 90 seconds
    """)


def test_an_upstream_that_takes_no_more_is_not_the_clients_fault(connected):
    it = connected("PUT / chunked 'a' ...", timeouts=TIMES)
    it.play("""
        >> v1 full
        << client pause
    """)
    it.event("101")
    assert it.commands[1].startswith("client 504")
    assert it.record.outcome == "idle_timeout"


def test_no_timeout_is_left_behind(connected):
    it = connected("PUT / chunked ...", timeouts=TIMES)
    for event in ("end", "v1 answers 200 chunked ...", "v1 end"):
        it.event(event)
    assert all(len(it.core.timers.lane(seconds)) == 0 for seconds in (1, 10, 100))


@pytest.mark.parametrize("response", [10, 60])
def test_the_bound_of_the_whole_request_runs_on_while_its_answer_streams(connected, response):
    it = connected(timeouts=Timeouts(request=10, response=response, idle=10))
    it.play("""
        >> 5 seconds
        >> v1 answers 200 chunked 'a' ...
        << client 200 chunked 'a' ...
        >> 4 seconds
        >> v1 body 'b'
        << client body 'b'
        >> 2 seconds
        << v1 abort
        << client cut
    """)
    assert it.record.outcome == "route_timeout"


def test_a_request_that_takes_too_long_as_a_whole_is_a_504(stage):
    it = stage(timeouts=Timeouts(request=3))
    it.event("GET /")
    it.event("4 seconds")
    assert it.commands[1] == "v1 cancel"
    assert it.commands[2].startswith("client 504")
    assert it.record.outcome == "route_timeout"


def test_a_whole_request_in_time_leaves_no_timeout_behind(connected):
    it = connected(timeouts=Timeouts(request=3))
    it.event("v1 answers 200 length=0")
    assert len(it.core.timers.lane(3)) == 0


# The whole request, its further attempts included


def test_the_bound_of_the_whole_request_spans_all_attempts(stage):
    it = stage(retries=AGAIN, timeouts=Timeouts(request=10, attempt=4))
    it.idle("v1", 9)
    it.event("GET /")
    for seconds in (4.5, 4.5, 2):
        assert it.client.head is None
        it.event(f"{seconds}")
    assert it.commands[-2] == "v1 abort"
    assert it.commands[-1].startswith("client 504")
    assert (it.record.outcome, it.record.attempts) == ("route_timeout", 3)
    it.commands.clear()
    it.event("20")
    assert not it.commands


def test_the_bound_of_the_whole_request_ends_the_pause_before_a_further_attempt(stage):
    it = stage(retries=Retries(lambda attempt: 60, 1), timeouts=Timeouts(request=3))
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("4")
    assert it.commands[-1].startswith("client 504")
    assert it.record.outcome == "route_timeout"
    assert it.target.retrying == 0
    it.commands.clear()
    it.event("100")
    assert not it.commands


def test_the_bound_of_the_whole_request_is_met_while_its_body_is_still_coming(connected):
    it = connected("PUT / length=2 'a' ...", timeouts=Timeouts(request=3))
    it.event("4")
    assert it.commands[0] == "v1 abort"
    assert it.commands[1].startswith("client 504")


# One attempt


def test_an_attempt_that_takes_too_long_is_a_504_where_nothing_is_tried_again(connected):
    it = connected(timeouts=Timeouts(attempt=2))
    it.event("1.9")
    assert not it.commands
    it.event("0.3")
    assert it.commands[0] == "v1 abort"
    assert it.commands[1].startswith("client 504")
    assert it.record.outcome == "attempt_timeout"


@pytest.mark.parametrize(
    ("attempt", "response", "outcome"),
    [(5, 9, "attempt_timeout"), (9, 5, "response_timeout"), (5, 0, "attempt_timeout"), (0, 5, "response_timeout")],
)
def test_the_shorter_of_two_bounds_is_met_first(connected, attempt, response, outcome):
    it = connected(timeouts=Timeouts(attempt=attempt, response=response))
    it.event("4.9")
    assert not it.commands
    it.event("0.3")
    assert it.record.outcome == outcome


def test_each_attempt_has_its_time_from_its_connection_on(stage):
    stage(endpoints=["v1", "v2"], retries=AGAIN, timeouts=Timeouts(attempt=2)).play("""
        >> GET /
        << v1 dial
        >> 5 seconds
        >> v1 connected
        << v1 GET /
        >> 2.2 seconds
        << v1 abort
        << v2 dial
        >> 5 seconds
        >> v2 connected
        << v2 GET /
        >> 1.9 seconds
        >> v2 answers 200
        << client 200
    """)


def test_an_attempts_time_begins_when_the_request_is_complete(connected):
    connected("PUT / length=2 'a' ...", timeouts=Timeouts(attempt=2)).play("""
        >> 10 seconds
        >> body 'b'
        << v1 body 'b'
        >> end
        << v1 end
        >> 1.9 seconds
        >> v1 answers 200
        << client 200
    """)


def test_an_answer_that_has_begun_is_not_the_attempts_any_more(connected):
    connected(retries=AGAIN, timeouts=Timeouts(attempt=2)).play("""
        >> v1 answers 200 length=4 'ab' ...
        << client 200 length=4 'ab' ...
        >> 10 seconds
        >> v1 body 'cd'
        << client body 'cd'
        >> v1 end
        << client end
    """)


def test_a_client_whose_body_does_not_come_is_not_tried_again(connected):
    it = connected("PUT / length=2 'a' ...", retries=AGAIN, timeouts=Timeouts(attempt=2, idle=5))
    it.event("6")
    assert it.commands[1].startswith("client 408")
    assert it.retries == {}


def test_attempts_leave_no_timeout_behind(stage):
    it = stage(retries=AGAIN, timeouts=Timeouts(request=30, response=20, idle=10, attempt=2))
    it.idle("v1", 3)
    for event in ("GET /", "v1 answers 503", "0", "v1 fails bad_answer", "0", "v1 answers 200"):
        it.event(event)
    assert it.record.attempts == 3
    assert all(len(it.core.timers.lane(seconds)) == 0 for seconds in (2, 10, 20, 30))
