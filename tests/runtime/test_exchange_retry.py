"""A reused connection that had died is replaced once, for requests that may be sent a second time."""

import pytest

from shadowgate.model import Limits, Settings


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
@pytest.mark.parametrize("failure", ["upstream_closed", "upstream_reset"])
def test_an_idempotent_request_is_sent_again_on_a_new_connection(stage, method, failure):
    it = stage()
    it.idle("v1", 2)
    it.play(f"""
        >> {method} /
        << v1 reuse
        << v1 {method} /
        >> v1 fails {failure}
        << v1 dial
        >> v1 connected
        << v1 {method} /
        >> v1 answers 200 length=0
        << client 200 length=0
    """)
    assert (it.record.attempts, it.endpoint.requests, it.endpoint.in_flight) == (2, 2, 0)


def test_it_is_sent_again_exactly_once(stage):
    it = stage()
    it.idle("v1")
    it.play("""
        >> GET /
        << v1 reuse
        << v1 GET /
        >> v1 fails upstream_closed
        << v1 dial
        >> v1 connected
        << v1 GET /
    """)
    it.event("v1 fails upstream_closed")
    assert it.commands[0].startswith("client 502")
    assert len(it.commands) == 1


def test_a_body_is_sent_again_whole(stage):
    it = stage()
    it.idle("v1")
    it.play("""
        >> PUT / length=4 'ab' ...
        << v1 reuse
        << v1 PUT / length=4 'ab' ...
        >> body 'cd'
        << v1 body 'cd'
        >> end
        << v1 end
        >> v1 fails upstream_reset
        << v1 dial
        >> v1 connected
        << v1 PUT / length=4 'abcd'
    """)


def test_a_body_that_is_still_coming_goes_on_behind_what_is_sent_again(stage):
    it = stage()
    it.idle("v1")
    it.play("""
        >> PUT / length=6 'ab' ...
        << v1 reuse
        << v1 PUT / length=6 'ab' ...
        >> v1 fails upstream_closed
        << client pause
        << v1 dial
        >> body 'cd'
        >> v1 connected
        << v1 PUT / length=6 'abcd' ...
        << client resume
        >> body 'ef'
        << v1 body 'ef'
        >> end
        << v1 end
    """)


@pytest.mark.parametrize(("size", "again"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_no_more_is_kept_for_a_second_time_than_the_buffer_holds(stage, size, again):
    it = stage()
    it.idle("v1")
    it.event(f"PUT / length={size + 1} '{'x' * (size - 10)}' ...")
    it.event(f"body '{'y' * 10}'")
    it.commands.clear()
    it.event("v1 fails upstream_closed")
    assert ("v1 dial" in it.commands) is again
    assert (it.commands[0].startswith("client 502")) is not again


def test_the_bound_is_the_exchanges_buffer(stage):
    it = stage(settings=Settings(limits=Limits(buffer=3)))
    it.idle("v1")
    it.event("PUT / length=4 'abcd'")
    it.event("v1 fails upstream_closed")
    assert it.commands[-1].startswith("client 502")


@pytest.mark.parametrize("method", ["POST", "PATCH", "FROBNICATE"])
def test_any_other_request_is_sent_once(stage, method):
    it = stage()
    it.idle("v1")
    it.play(f"""
        >> {method} /
        << v1 reuse
        << v1 {method} /
    """)
    it.event("v1 fails upstream_closed")
    assert it.commands[0].startswith("client 502")
    assert it.record.attempts == 1


def test_a_new_connection_that_fails_is_no_reason_to_send_again(stage):
    it = stage()
    it.event("GET /")
    it.event("v1 connected")
    it.commands.clear()
    it.event("v1 fails upstream_closed")
    assert it.commands[0].startswith("client 502")


def test_what_was_no_dead_connection_is_not_sent_again(stage):
    it = stage()
    it.idle("v1")
    it.event("GET /")
    it.commands.clear()
    it.event("v1 fails bad_answer")
    assert it.commands[0].startswith("client 502")


@pytest.mark.parametrize("status", [100, 103])
def test_an_interim_answer_is_something_of_an_answer(stage, status):
    it = stage()
    it.idle("v1")
    it.event("GET /")
    it.event(f"v1 informs {status}")
    it.commands.clear()
    it.event("v1 fails upstream_closed")
    assert it.commands[0].startswith("client 502")


def test_a_second_attempt_that_finds_nobody_is_a_503(stage):
    it = stage()
    it.idle("v1")
    it.event("GET /")
    it.event("v1 fails upstream_closed")
    it.event("v1 unreachable connect_refused")
    assert it.commands[-1].startswith("client 503")
    assert it.endpoint.in_flight == 0


def test_a_client_that_leaves_between_two_attempts_ends_the_second(stage):
    it = stage()
    it.idle("v1")
    it.event("GET /")
    it.event("v1 fails upstream_closed")
    it.commands.clear()
    it.play("""
        >> client gone
        << v1 cancel
    """)
