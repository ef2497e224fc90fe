"""What a mirror may cost: each bound drops or ends a shadow with a reason, and never touches the primary."""

import pytest

from shadowgate.plugin import Reply
from shadowgate.runtime.mirror import abandon


def raises(*given):
    raise RuntimeError("a plugin's own mistake")


@pytest.fixture
def mirrored(stage):
    """Make a stage with one mirror; ``again`` sends a request whose primary is answered."""

    def make(**mirror):
        it = stage(mirrors=[mirror])

        def again(line="GET /"):
            it.idle("v1")
            it.event(line)
            it.event("v1 answers 200 length=0")
            assert "client 200 length=0" in it.commands
            it.commands.clear()

        it.again = again
        return it

    return make


def test_more_than_the_buffer_waiting_for_one_shadow_drops_it(mirrored):
    it = mirrored(limits={"buffer": 5})
    it.idle("v1")
    it.event("PUT / length=9 'abc' ...")
    it.commands.clear()
    it.play("""
        >> body 'de'
        << v1 body 'de'
        >> body 'f'
        << v1 body 'f'
        << ~v2 cancel
        >> body 'ghi'
        << v1 body 'ghi'
        >> end
        << v1 end
    """)
    assert it.mirror.dropped == {"buffer_full": 1}
    assert it.rule.mirrors[0].state.waiting_bytes == 0


def test_a_first_piece_that_exceeds_the_buffer_drops_the_shadow_before_it_is_dialled(mirrored):
    it = mirrored(limits={"buffer": 2})
    it.again("PUT / length=3 'abc'")
    assert it.mirror.dropped == {"buffer_full": 1}


def test_a_mirror_that_stops_reading_fails_that_shadow(mirrored):
    it = mirrored(limits={"buffer": 2})
    it.idle("v1")
    it.idle("~v2")
    it.event("PUT / chunked 'a' ...")
    it.commands.clear()
    it.play("""
        >> ~v2 full
        >> body 'bc'
        << v1 body 'bc'
        >> body 'd'
        << v1 body 'd'
        << ~v2 abort
        >> end
        << v1 end
    """)
    assert it.mirror.failed == {"buffer_full": 1}


def test_the_budget_is_shared_by_a_mirrors_shadows_and_given_back(mirrored):
    it = mirrored(limits={"budget": 5})
    for _ in range(2):
        it.again("PUT / length=3 'abc'")
    assert it.mirror.dropped == {"budget_spent": 1}
    assert it.mirror.connecting == 1
    it.event("~v2 unreachable connect_refused")
    it.again("PUT / length=5 'abcde'")
    assert it.mirror.connecting == 1


def test_no_more_shadows_are_under_way_than_allowed(mirrored):
    it = mirrored(limits={"in_flight": 2})
    for _ in range(3):
        it.again()
    assert it.mirror.dropped == {"concurrency": 1}
    it.event("~v2 connected")
    it.event("~v2 answers 200 length=0")
    it.again()
    assert it.mirror.dropped == {"concurrency": 1}


@pytest.mark.parametrize("name", ["connect_refused", "connect_timeout", "connect_failed", "unresolved"])
def test_a_mirror_that_cannot_be_reached_drops_the_shadow(mirrored, name):
    it = mirrored()
    it.again()
    it.event(f"~v2 unreachable {name}")
    assert it.mirror.dropped == {name: 1}
    assert (it.result.outcome, it.result.reason, it.result.response) == ("dropped", name, None)


def test_a_mirror_without_endpoint(mirrored):
    it = mirrored()
    it.rule.mirrors[0].cluster.endpoints.clear()
    it.again()
    assert it.mirror.dropped == {"no_endpoint": 1}


def test_a_mirror_whose_destination_does_not_exist(mirrored):
    it = mirrored(cluster=None)
    it.again()
    assert it.mirror.dropped == {"unresolved": 1}


def test_a_filters_reply_drops_the_copy(mirrored):
    it = mirrored(on_request=(("no", lambda head: Reply(403)),))
    it.again()
    assert it.mirror.dropped == {"filtered": 1}


# Time


def test_a_shadow_that_is_not_connected_in_time_is_dropped(mirrored):
    it = mirrored(limits={"timeout": 4})
    it.again("PUT / length=1 'a'")
    it.play("""
        >> 5 seconds
        << ~v2 cancel
    """)
    assert it.mirror.dropped == {"timeout": 1}
    assert it.rule.mirrors[0].state.waiting_bytes == 0


def test_a_shadow_that_is_not_answered_in_time_fails(mirrored):
    it = mirrored(limits={"timeout": 4})
    it.idle("~v2")
    it.again()
    it.play("""
        >> 2 seconds
        >> ~v2 answers 200 chunked 'a' ...
        >> 3 seconds
        << ~v2 abort
    """)
    assert it.mirror.failed == {"timeout": 1}
    assert it.result.duration >= 4


def test_a_shadow_that_is_over_leaves_no_timeout_behind(mirrored):
    it = mirrored(limits={"timeout": 4})
    it.idle("~v2")
    it.again()
    it.event("~v2 answers 200 length=0")
    assert len(it.core.timers.lane(4)) == 0
    it.play(">> 9 seconds")


# The breaker


@pytest.fixture
def broken(mirrored):
    """A mirror whose breaker has just opened."""
    it = mirrored(limits={"breaker_failures": 2, "breaker_pause": 10})
    for _ in range(2):
        it.again()
        it.event("~v2 unreachable connect_refused")
    return it


def test_failures_in_a_row_open_the_breaker(broken):
    broken.again()
    assert broken.mirror.dropped == {"connect_refused": 2, "breaker_open": 1}


def test_an_open_breaker_lets_one_trial_through_when_its_pause_is_over(broken):
    broken.play(">> 10 seconds")
    broken.again()
    assert broken.mirror.connecting == 1
    broken.again()
    assert broken.mirror.dropped["breaker_open"] == 1


def test_a_trial_that_fails_keeps_it_open_for_another_pause(broken):
    broken.event("10 seconds")
    broken.again()
    broken.event("~v2 unreachable connect_refused")
    broken.event("9 seconds")
    broken.again()
    assert broken.mirror.dropped["breaker_open"] == 1
    broken.event("1 seconds")
    broken.again()
    assert broken.mirror.connecting == 1


def test_a_trial_that_is_answered_closes_it(broken):
    broken.event("10 seconds")
    broken.again()
    broken.event("~v2 connected")
    broken.event("~v2 answers 500 length=0")
    for _ in range(3):
        broken.again()
    assert broken.mirror.connecting == 3


@pytest.mark.parametrize("failure", ["refused", "reset", "timeout"])
def test_every_kind_of_failure_counts_and_an_answer_forgives(mirrored, failure):
    it = mirrored(limits={"breaker_failures": 2, "timeout": 4})
    state = it.rule.mirrors[0].state
    it.again()
    if failure == "refused":
        it.event("~v2 unreachable connect_refused")
    else:
        it.event("~v2 connected")
        it.event("~v2 fails upstream_reset" if failure == "reset" else "5 seconds")
    assert state.failures == 1
    it.idle("~v2")
    it.again()
    it.event("~v2 answers 404 length=0")
    assert state.failures == 0


def test_a_client_that_leaves_is_no_failure_of_the_mirror(mirrored):
    it = mirrored()
    it.idle("v1")
    it.event("PUT / length=3 'a' ...")
    it.event("client gone")
    assert it.rule.mirrors[0].state.failures == 0


def test_a_client_that_takes_longer_than_a_shadow_may_is_no_failure_of_the_mirror(mirrored):
    it = mirrored(limits={"timeout": 4})
    it.idle("v1")
    it.idle("~v2")
    it.event("PUT / length=3 'a' ...")
    it.event("5 seconds")
    assert it.mirror.failed == {"timeout": 1}
    assert it.rule.mirrors[0].state.failures == 0


@pytest.mark.parametrize("fault", ["not connected", "not reading"])
def test_a_mirror_that_holds_up_a_slow_clients_shadow_has_failed(mirrored, fault):
    it = mirrored(limits={"timeout": 4})
    it.idle("v1")
    if fault == "not reading":
        it.idle("~v2")
    it.event("PUT / length=3 'a' ...")
    if fault == "not reading":
        it.event("~v2 full")
    it.event("5 seconds")
    assert it.rule.mirrors[0].state.failures == 1


def test_no_breaker_where_it_is_switched_off(mirrored):
    it = mirrored(limits={"breaker_failures": 0})
    for _ in range(50):
        it.again()
        it.event("~v2 unreachable connect_refused")
    assert it.mirror.dropped == {"connect_refused": 50}


# Plugins of a mirror


@pytest.mark.parametrize(("part", "dropped"), [("admit", 0), ("on_request", 1), ("pick", 1)])
def test_a_plugin_of_a_mirror_that_raises_costs_the_shadow_alone(mirrored, part, dropped):
    it = mirrored(**({"admit": raises} if part == "admit" else {}))
    if part == "on_request":
        object.__setattr__(it.rule.mirrors[0], "on_request", (("bad", raises),))
    elif part == "pick":
        it.rule.mirrors[0].cluster.pick = raises
    it.again()
    assert it.stats.plugin_failures == {"mirror v2": 1}
    assert sum(it.mirror.dropped.values()) == dropped


def test_one_mirror_that_raises_does_not_cost_another(stage):
    it = stage(mirrors=[{"to": "v2", "admit": raises}, {"to": "v3"}])
    it.idle("v1")
    it.event("GET /")
    assert it.commands[-1] == "~v3 dial"


def test_observers_are_told_of_every_sampled_request(mirrored):
    seen = []
    it = mirrored(observers=(("watch", seen.append),))
    it.again()
    it.event("~v2 connected")
    it.event("~v2 answers 204")
    it.again()
    it.event("~v2 unreachable connect_refused")
    it.idle("~v2")
    it.again()
    it.event("~v2 fails upstream_closed")
    assert [(one.outcome, one.reason) for one in seen] == [
        ("completed", ""),
        ("dropped", "connect_refused"),
        ("failed", "upstream_closed"),
    ]
    assert seen[0].response.status == 204
    assert seen[0].request.authority == b"example.com-shadow"
    assert seen[0].request_id == it.log.records[0].request_id


def test_nothing_of_an_answers_body_is_kept_unless_it_was_asked_for(mirrored):
    it = mirrored()
    it.idle("~v2")
    it.again()
    it.event("~v2 answers 200 length=3 'abc'")
    assert (it.result.body, it.result.received) == (b"", 3)


@pytest.mark.parametrize("head", ["chunked 'abcd' ...", "length=9 'abcd' ..."])
def test_no_more_of_a_body_is_kept_than_was_asked_for(mirrored, head):
    it = mirrored(keep_response=6)
    it.idle("~v2")
    it.again()
    it.event(f"~v2 answers 200 {head}")
    it.event("~v2 body 'efghi'")
    it.event("~v2 end")
    assert (it.result.body, it.result.received) == (b"abcdef", 9)


def test_of_an_answer_too_long_to_read_what_was_asked_for_is_kept(mirrored):
    it = mirrored(keep_response=4, limits={"response": 10})
    it.idle("~v2")
    it.again()
    it.play("""
        >> ~v2 answers 200 length=1000 'ab' ...
        >> ~v2 body 'cdef'
        << ~v2 abort
    """)
    assert it.result.body == b"abcd"


def test_an_observer_that_raises_hurts_nobody_else(mirrored):
    seen = []
    it = mirrored(observers=(("bad", raises), ("good", seen.append)))
    it.idle("~v2")
    it.again()
    it.event("~v2 answers 200 length=0")
    assert it.stats.plugin_failures == {"bad": 1}
    assert len(seen) == 1


def test_no_shadow_begins_while_the_gateway_drains(mirrored):
    it = mirrored()
    before = it.mirror.sampled
    it.core.draining = True
    it.again()
    assert (it.mirror.sampled, it.mirror.dropped) == (before + 1, {"draining": 1})


def test_shadows_under_way_when_the_gateway_ends_are_given_up_and_told_of(mirrored):
    seen = []
    it = mirrored(observers=(("watch", seen.append),))
    it.idle("~v2")
    it.again()
    it.again()
    it.idle("v1")
    it.event("GET /")  # an exchange whose time runs too
    it.commands.clear()
    abandon(it.core)
    assert it.commands == ["~v2 abort", "~v2 cancel", "~v2 cancel"]
    assert (it.mirror.failed, it.mirror.dropped) == ({"draining": 1}, {"draining": 2})
    assert [one.reason for one in seen] == ["draining"] * 3
    assert it.mirror.in_flight == 0
