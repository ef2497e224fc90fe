"""Further attempts by the retry policy: when, where, with which body, and what keeps them from being made."""

import pytest

from shadowgate.model import Limits, Settings, Timeouts
from shadowgate.plugin import Retries
from shadowgate.testing import response


def always(most=2, *, delay=0, elsewhere=True, seen=None):
    """A policy that tries again whatever happened; ``seen`` collects what it was asked about."""

    def decide(attempt):
        if seen is not None:
            seen.append(attempt)
        return delay

    return Retries(decide, most, elsewhere)


def on_status(*statuses):
    return Retries(lambda attempt: 0 if attempt.response and attempt.response.status in statuses else None, 2)


# When


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_after_a_refused_connection_another_endpoint_is_tried(stage, method):
    it = stage(endpoints=["v1", "v2"], retries=always())
    it.play(f"""
        >> {method} / length=2 'ab'
        << v1 dial
        >> v1 unreachable connect_refused
        >> 0 seconds
        << v2 dial
        >> v2 connected
        << v2 {method} / length=2 'ab'
        >> v2 answers 200 length=2 'ok'
        << client 200 length=2 'ok'
    """)
    assert (it.record.attempts, it.record.upstream, it.record.outcome) == (2, "v2:80", "completed")
    assert [one.in_flight for one in it.target.endpoints] == [0, 0]
    assert it.retries == {"made": 1}


@pytest.mark.parametrize("failure", ["upstream_closed", "upstream_reset", "bad_answer"])
def test_after_a_failure_without_an_answer(stage, failure):
    it = stage(endpoints=["v1", "v2"], retries=always())
    it.idle("v2")
    it.play(f"""
        >> POST /
        << v1 dial
        >> v1 connected
        << v1 POST /
        >> v1 fails {failure}
        >> 0 seconds
        << v2 reuse
        << v2 POST /
        >> v2 answers 200
        << client 200
    """)


def test_after_a_whole_answer_its_connection_is_kept(stage):
    stage(endpoints=["v1", "v2"], retries=on_status(503)).play("""
        >> GET /
        << v1 dial
        >> v1 connected
        << v1 GET /
        >> v1 answers 503 length=4 'busy'
        >> 0 seconds
        << v2 dial
        >> v2 connected
        << v2 GET /
        >> v2 answers 200 length=2 'ok'
        << client 200 length=2 'ok'
    """)


def test_after_half_an_answer_its_connection_is_given_up(stage):
    stage(endpoints=["v1", "v2"], retries=on_status(503)).play("""
        >> GET /
        << v1 dial
        >> v1 connected
        << v1 GET /
        >> v1 answers 503 length=4 'bu' ...
        << v1 abort
        >> 0 seconds
        << v2 dial
    """)


def test_the_last_answer_is_the_clients_when_all_attempts_were_made(stage):
    it = stage(retries=on_status(503))
    it.idle("v1", 3)
    it.event("GET /")
    for _ in range(2):
        it.event("v1 answers 503 length=4 'busy'")
        it.event("0")
    it.commands.clear()
    it.play("""
        >> v1 answers 503 length=4 'busy'
        << client 503 length=4 'busy'
    """)
    assert (it.record.attempts, it.record.outcome) == (3, "completed")
    assert it.retries == {"made": 2}


def test_the_last_failure_is_the_clients_when_all_attempts_were_made(stage):
    it = stage(retries=always(1))
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("0")
    it.event("v1 unreachable connect_timeout")
    assert it.commands[-1].startswith("client 503")
    assert (it.record.outcome, it.record.attempts) == ("connect_timeout", 2)


def test_an_answer_that_the_policy_lets_stand_goes_through_with_its_body(stage):
    stage(retries=on_status(503)).play("""
        >> GET /
        << v1 dial
        >> v1 connected
        << v1 GET /
        >> v1 answers 404 chunked 'no' ...
        << client 404 chunked 'no' ...
        >> v1 body 'where'
        << client body 'where'
    """)


def test_the_policy_is_not_asked_about_an_answer_of_200(connected):
    seen = []
    it = connected(retries=always(seen=seen))
    it.event("v1 answers 200 length=0")
    assert not seen
    assert it.commands == ["client 200 length=0"]


def test_the_policy_is_asked_about_a_grpc_status(connected):
    seen = []
    it = connected(retries=always(seen=seen))
    answer = response(200, {"grpc-status": "14"})
    it.streams["v1"].receiver.response(answer, 0, b"", True)
    assert [attempt.response for attempt in seen] == [answer]
    assert not it.commands


def test_what_the_policy_is_told_of_each_attempt(stage):
    seen = []
    it = stage(retries=always(3, seen=seen))
    it.event("GET /x")
    it.event("v1 unreachable unresolved")
    it.event("0")
    it.event("v1 connected")
    it.event("v1 answers 500")
    it.event("0")
    it.event("v1 connected")
    it.event("v1 fails upstream_closed")
    assert [(one.number, one.outcome, one.response and one.response.status) for one in seen] == [
        (1, "unresolved", None),
        (2, "completed", 500),
        (3, "upstream_closed", None),
    ]
    assert all(one.request is it.exchange._head for one in seen)


def test_a_dead_connection_that_is_replaced_is_no_attempt_of_the_policys(stage):
    seen = []
    it = stage(retries=always(1, seen=seen))
    it.idle("v1")
    it.event("GET /")
    it.event("v1 fails upstream_closed")  # of the idle connection: replaced without asking
    it.event("v1 unreachable connect_refused")
    it.event("0")
    it.event("v1 connected")
    it.event("v1 answers 200")
    assert [one.number for one in seen] == [1]
    assert (it.record.status, it.record.attempts) == (200, 3)


def test_without_a_policy_an_answer_stands_whatever_it_is(connected):
    it = connected()
    it.event("v1 answers 503 length=0")
    assert it.commands == ["client 503 length=0"]


def test_a_started_answer_is_never_tried_again(connected):
    connected(retries=always()).play("""
        >> v1 answers 200 length=9 'half' ...
        << client 200 length=9 'half' ...
        >> v1 fails upstream_reset
        << client cut
    """)


# Where


def test_endpoints_that_were_tried_are_avoided(stage):
    it = stage(endpoints=["v1", "v1", "v1", "v2"], retries=always())
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("0")
    assert it.commands == ["v1 dial", "v2 dial"]


def test_a_balancer_that_has_nobody_else_is_asked_five_times_more(stage):
    it = stage(retries=always())
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("0")
    assert it.commands == ["v1 dial", "v1 dial"]
    assert it.target.picks == 1 + 1 + 5


def test_a_policy_may_not_mind_the_same_endpoint(stage):
    it = stage(endpoints=["v1", "v1", "v2"], retries=always(elsewhere=False))
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("0")
    assert it.commands == ["v1 dial", "v1 dial"]
    assert it.target.picks == 2


def test_a_cluster_that_has_become_empty_is_a_503(stage):
    it = stage(retries=always())
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.target.endpoints.clear()
    it.event("0")
    assert it.commands[-1].startswith("client 503")
    assert it.record.outcome == "no_endpoint"


def test_a_balancer_that_raises_at_a_further_attempt_is_a_500(stage):
    it = stage(retries=always())
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.target.pick = lambda head: 1 / 0
    it.event("0")
    assert it.commands[-1].startswith("client 500")
    assert it.stats.plugin_failures == {"balancer": 1}


# The request's body


def test_a_body_is_sent_again_while_the_rest_of_it_is_still_coming(stage):
    stage(endpoints=["v1", "v2"], retries=always()).play("""
        >> POST / length=8 'ab' ...
        << client pause
        << v1 dial
        >> v1 connected
        << v1 POST / length=8 'ab' ...
        << client resume
        >> body 'cd'
        << v1 body 'cd'
        >> v1 answers 503 length=4 'bu' ...
        << client pause
        << v1 abort
        >> body 'ef'
        >> 0 seconds
        << v2 dial
        >> v2 connected
        << v2 POST / length=8 'abcdef' ...
        << client resume
        >> body 'gh'
        << v2 body 'gh'
        >> end
        << v2 end
    """)


def test_a_body_that_ends_between_two_attempts_is_sent_whole_with_its_trailers(stage):
    stage(retries=always(), endpoints=["v1", "v2"]).play("""
        >> POST / chunked 'ab' ...
        << client pause
        << v1 dial
        >> v1 unreachable connect_refused
        >> body 'cd'
        >> end x: 1
        >> 0 seconds
        << v2 dial
        >> v2 connected
        << v2 POST / chunked 'abcd' ...
        << v2 end x: 1
        << client resume
    """)


def test_a_body_is_sent_a_third_time_as_it_was_the_first(stage):
    it = stage(retries=always())
    it.event("POST / length=4 'abcd'")
    for _ in range(2):
        it.event("v1 connected")
        it.event("v1 fails upstream_closed")
        it.event("0")
    it.commands.clear()
    it.play("""
        >> v1 connected
        << v1 POST / length=4 'abcd'
    """)


@pytest.mark.parametrize(("body", "again"), [("abcdefgh", True), ("abcdefghi", False)])
def test_no_more_of_a_body_is_kept_than_the_buffer_holds(stage, body, again):
    it = stage(retries=always(), settings=Settings(limits=Limits(buffer=8)))
    it.idle("v1")
    it.event(f"POST / length=20 '{body[:3]}' ...")
    it.event(f"body '{body[3:]}'")
    it.event("v1 answers 503 length=0")
    it.commands.clear()
    it.event("0")
    assert ("v1 dial" in it.commands) is again
    assert it.retries == ({"made": 1} if again else {"not_repeatable": 1})
    if not again:
        assert it.record.status == 503


def test_what_a_filter_made_of_a_body_is_sent_again_and_the_filter_is_not_asked_again(stage):
    asked = []

    def shout(head):
        asked.append(head)
        return lambda data, last: data.upper() + (b"!" if last else b"")

    it = stage(retries=always(), request_body=[("shout", shout)])
    it.event("POST / length=4 'ab' ...")
    it.event("v1 connected")
    it.event("body 'cd'")
    it.event("end")
    it.event("v1 answers 503")
    it.event("0")
    it.commands.clear()
    it.play("""
        >> v1 connected
        << v1 POST / chunked 'ABCD!'
    """)
    assert len(asked) == 1


def test_an_interim_answer_makes_an_attempt_the_last_one(stage):
    it = stage(retries=always())
    it.idle("v1")
    it.event("GET /")
    it.event("v1 informs 103")
    it.commands.clear()
    it.play("""
        >> v1 answers 503 length=0
        << client 503 length=0
    """)
    assert it.retries == {"not_repeatable": 1}


# Shadows


def test_a_request_is_shadowed_once_however_often_it_is_sent(stage):
    it = stage(endpoints=["v1", "v2"], mirrors=[{"to": "m"}], retries=always())
    it.play("""
        >> POST / length=6 'ab' ...
        << client pause
        << v1 dial
        >> v1 connected
        << v1 POST / length=6 'ab' ...
        << ~m dial
        << client resume
        >> ~m connected
        << ~m POST / length=6 'ab' ...
        >> v1 answers 503
        << client pause
        >> body 'cd'
        << ~m body 'cd'
        >> 0 seconds
        << v2 dial
        >> v2 connected
        << v2 POST / length=6 'abcd' ...
        << client resume
        >> body 'ef'
        << v2 body 'ef'
        << ~m body 'ef'
        >> end
        << v2 end
        << ~m end
        >> v2 answers 200
        << client 200
        >> ~m answers 200
    """)
    assert it.mirror.sampled == 1


def test_a_body_that_ends_between_two_attempts_ends_the_shadow_too(stage):
    it = stage(mirrors=[{"to": "m"}], retries=always())
    it.idle("v1", 2)
    it.idle("~m")
    it.event("POST / length=2 'ab' ...")
    it.event("v1 fails bad_answer")
    it.commands.clear()
    it.play("""
        >> end
        << ~m end
        >> 0 seconds
        << v1 reuse
        << v1 POST / length=2 'ab'
        << client resume
    """)


def test_what_a_filter_adds_at_the_end_between_two_attempts_goes_to_the_shadow_too(stage):
    sign = [("sign", lambda head: lambda data, last: data + (b"!" if last else b""))]
    it = stage(mirrors=[{"to": "m"}], retries=always(), request_body=sign)
    it.idle("v1", 2)
    it.idle("~m")
    it.event("POST / length=2 'ab' ...")
    it.event("v1 fails bad_answer")
    it.commands.clear()
    it.play("""
        >> end
        << ~m body '!'
        << ~m end
        >> 0 seconds
        << v1 reuse
        << v1 POST / chunked 'ab!'
        << client resume
    """)


def test_a_request_that_reached_nobody_yet_is_shadowed_with_the_attempt_that_does(stage):
    it = stage(endpoints=["v1", "v2"], mirrors=[{"to": "m"}], retries=always())
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("0")
    assert it.mirror.sampled == 0
    it.commands.clear()
    it.play("""
        >> v2 connected
        << v2 GET /
        << ~m dial
    """)


# The pause


def test_the_policy_says_how_long_to_wait(stage):
    it = stage(retries=always(delay=0.5))
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.commands.clear()
    it.play("""
        >> 0.4 seconds
        >> 0.2 seconds
        << v1 dial
    """)


def test_nobody_is_busy_during_the_pause(stage):
    it = stage(retries=always(delay=1))
    it.event("GET /")
    assert it.endpoint.in_flight == 1
    it.event("v1 unreachable connect_refused")
    assert it.endpoint.in_flight == 0


@pytest.mark.parametrize("delay", [-1, float("nan")])
def test_a_pause_that_is_none_is_no_pause(stage, delay):
    it = stage(retries=always(delay=delay))
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("0")
    assert it.commands == ["v1 dial", "v1 dial"]


def test_a_client_that_leaves_during_the_pause_ends_it(stage):
    it = stage(retries=always(delay=1))
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.commands.clear()
    it.play("""
        >> client gone
        >> 2 seconds
    """)
    assert (it.record.outcome, it.record.attempts) == ("client_gone", 1)
    assert not it.clock.getDelayedCalls()


def test_a_client_that_leaves_during_a_further_attempt_ends_it(stage):
    it = stage(endpoints=["v1", "v2"], retries=always())
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("0")
    it.commands.clear()
    it.play("""
        >> client gone
        << v2 cancel
    """)
    assert it.target.retrying == 0


def test_a_body_that_turns_out_invalid_during_the_pause_ends_it(stage):
    it = stage(retries=always(delay=1))
    it.event("POST / length=2 'a' ...")
    it.event("v1 unreachable connect_refused")
    it.event("client garbage")
    assert it.commands[-1].startswith("client 400")
    it.commands.clear()
    it.event("2")
    assert not it.commands


# The budget


def test_a_retry_takes_a_place_in_the_budget_until_the_exchange_is_over(stage):
    it = stage(retries=always())
    it.event("GET /")
    assert it.target.retrying == 0
    it.event("v1 unreachable connect_refused")
    assert it.target.retrying == 1
    it.event("0")
    it.event("v1 unreachable connect_refused")
    assert it.target.retrying == 1
    it.event("0")
    it.event("v1 connected")
    it.event("v1 answers 200 length=2 'o' ...")
    assert it.target.retrying == 1
    it.event("v1 body 'k'")
    it.event("v1 end")
    assert it.target.retrying == 0


def test_when_the_budget_is_spent_an_attempt_stands(stage):
    it = stage(retries=always(delay=1))
    it.target.budget = 1
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    assert it.commands[-1].startswith("client 503")
    assert it.retries == {"made": 1, "over_budget": 1}
    assert it.target.retrying == 1


# Policies that fail


@pytest.mark.parametrize("answer", ["1 / 0", "'soon'"])
def test_a_policy_that_fails_is_contained_and_the_attempt_stands(stage, answer):
    it = stage(retries=Retries(lambda attempt: eval(answer), 2))
    it.idle("v1")
    it.event("GET /")
    it.commands.clear()
    it.play("""
        >> v1 answers 503 length=4 'busy'
        << client 503 length=4 'busy'
    """)
    assert it.stats.plugin_failures == {"retry": 1}
    assert (it.retries, it.target.retrying) == ({}, 0)


# Time


def test_an_attempt_that_takes_too_long_makes_room_for_another(stage):
    it = stage(endpoints=["v1", "v2"], retries=always(), timeouts=Timeouts(attempt=1))
    it.play("""
        >> GET /
        << v1 dial
        >> v1 connected
        << v1 GET /
        >> 2 seconds
        << v1 abort
        << v2 dial
        >> v2 connected
        << v2 GET /
        >> 0.5 seconds
        >> v2 answers 200
        << client 200
    """)
    assert it.record.attempts == 2


@pytest.mark.parametrize("failure", ["upstream_closed", "upstream_reset", "bad_answer"])
def test_a_policy_may_have_another_answer_than_502_for_a_last_attempt_that_broke_off(stage, failure):
    it = stage(retries=Retries(lambda attempt: None, 1, unanswered=503))
    it.play("""
        >> GET /
        << v1 dial
        >> v1 connected
        << v1 GET /
    """)
    it.event(f"v1 fails {failure}")
    assert it.commands.pop().startswith("client 503 length=")
    assert (it.record.outcome, it.record.status) == (failure, 503)


def test_it_has_none_for_one_that_took_too_long(stage):
    it = stage(timeouts=Timeouts(response=5), retries=Retries(lambda attempt: None, 1, unanswered=503))
    it.play("""
        >> GET /
        << v1 dial
        >> v1 connected
        << v1 GET /
    """)
    it.event("5 seconds")
    assert it.commands.pop().startswith("client 504 length=")
