"""Shadows: what is copied, when it is sent, and what becomes of it."""

import pytest
from attrs import define, field

from shadowgate.plugin import Reply
from shadowgate.runtime import outcomes
from shadowgate.testing import request


@pytest.fixture
def mirrored(stage):
    """Make a stage with a mirror to v2 and idle connections for both sides."""

    def make(line="GET /", **mirror):
        it = stage(mirrors=[mirror])
        it.idle("v1")
        it.idle("~v2")
        it.event(line)
        it.commands.clear()
        return it

    return make


def test_the_primary_is_sent_first_and_the_shadow_at_once_behind_it(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    it.play("""
        >> GET /
        << v1 reuse
        << v1 GET /
        << ~v2 reuse
        << ~v2 GET /
        >> v1 answers 200 length=2 'v1'
        << client 200 length=2 'v1'
        >> ~v2 answers 200 length=2 'v2'
    """)
    assert it.mirror.completed == [0, 0, 1, 0, 0, 0]
    assert (it.mirror.bytes_received, it.mirror.duration.count, it.mirror.in_flight) == (2, 1, 0)


@define(eq=False)
class Turn:
    """A turn in which connections are served, until :meth:`end`."""

    serving: bool = True
    unsent_shadows: list = field(factory=list)

    def end(self):
        self.serving = False
        for each in self.unsent_shadows:
            each.flush()
        self.unsent_shadows.clear()


def test_in_a_turn_the_shadow_of_a_complete_request_waits_until_everybody_else_was_served(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    turn = it.core.turns = Turn()
    it.play("""
        >> GET /
        << v1 reuse
        << v1 GET /
    """)
    assert it.mirror.sampled == 0
    turn.end()
    it.play("""
        << ~v2 reuse
        << ~v2 GET /
        >> ~v2 answers 200 length=0
        >> v1 answers 200 length=0
        << client 200 length=0
    """)
    assert it.mirror.completed == [0, 0, 1, 0, 0, 0]


def test_a_shadow_that_waits_has_its_request_though_the_client_has_gone_meanwhile(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    turn = it.core.turns = Turn()
    it.play("""
        >> GET /
        << v1 reuse
        << v1 GET /
        >> client gone
        << v1 abort
    """)
    turn.end()
    it.play("""
        << ~v2 reuse
        << ~v2 GET /
        >> ~v2 answers 200 length=0
    """)
    assert it.mirror.completed == [0, 0, 1, 0, 0, 0]


def test_the_shadow_of_a_request_that_goes_on_waits_for_no_turn(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    it.core.turns = Turn()
    it.play("""
        >> PUT / chunked 'ab' ...
        << v1 reuse
        << v1 PUT / chunked 'ab' ...
        << ~v2 reuse
        << ~v2 PUT / chunked 'ab' ...
    """)


def test_no_shadow_is_sent_before_the_primary_has_its_connection(stage):
    it = stage(mirrors=[{}])
    it.play("""
        >> GET /
        << v1 dial
        >> v1 connected
        << v1 GET /
        << ~v2 dial
        >> ~v2 connected
        << ~v2 GET /
    """)


def test_an_answer_of_a_shadow_that_comes_first_changes_nothing(mirrored):
    mirrored().play("""
        >> ~v2 answers 500 length=2 'v2'
        >> v1 answers 200 length=2 'v1'
        << client 200 length=2 'v1'
    """)


def test_bodies_and_trailers_are_teed_as_they_stream(mirrored):
    it = mirrored("PUT / chunked 'ab' ...")
    it.play("""
        >> body 'cd'
        << v1 body 'cd'
        << ~v2 body 'cd'
        >> end X-Sum: 1
        << v1 end X-Sum: 1
        << ~v2 end X-Sum: 1
        >> ~v2 answers 200 length=0
    """)
    assert (it.mirror.bytes_sent, it.result.sent) == (4, 4)


def test_a_body_is_held_while_the_mirror_is_dialled(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.play("""
        >> PUT / length=4 'ab' ...
        << v1 reuse
        << v1 PUT / length=4 'ab' ...
        << ~v2 dial
        >> body 'cd'
        << v1 body 'cd'
        >> end
        << v1 end
        >> ~v2 connected
        << ~v2 PUT / length=4 'abcd'
    """)
    assert it.rule.mirrors[0].state.waiting_bytes == 0


def test_a_full_mirror_pauses_nobody_and_gets_the_rest_when_it_drains(mirrored):
    it = mirrored("PUT / chunked 'a' ...")
    it.play("""
        >> ~v2 full
        >> body 'b'
        << v1 body 'b'
        >> body 'c'
        << v1 body 'c'
        >> end
        << v1 end
        >> ~v2 drained
        << ~v2 body 'bc'
        << ~v2 end
    """)
    assert it.rule.mirrors[0].state.waiting_bytes == 0


def test_a_mirror_that_drained_in_time_is_sent_the_rest_as_it_comes(mirrored):
    mirrored("PUT / chunked 'a' ...").play("""
        >> ~v2 full
        >> ~v2 drained
        >> body 'b'
        << v1 body 'b'
        << ~v2 body 'b'
    """)


def test_a_retry_of_the_primary_makes_no_second_shadow(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2", 2)
    it.play("""
        >> PUT / chunked 'a' ...
        << v1 reuse
        << v1 PUT / chunked 'a' ...
        << ~v2 reuse
        << ~v2 PUT / chunked 'a' ...
        >> v1 fails upstream_closed
        << client pause
        << v1 dial
        >> body 'b'
        << ~v2 body 'b'
        >> end
        << ~v2 end
        >> v1 connected
        << v1 PUT / chunked 'ab'
        << client resume
    """)
    assert it.mirror.sampled == 1


# What a copy looks like


def test_a_copy_is_marked_as_the_field_marks_it(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    it.request("GET", "/", {"Host": "httpbin:8000", "X-Own": "1"})
    primary, shadow = it.streams["v1"].head, it.streams["~v2"].head
    assert primary.headers.get(b"host") == b"httpbin:8000"
    assert shadow.headers.get(b"host") == shadow.authority == b"httpbin-shadow:8000"
    assert shadow.headers.get(b"x-request-id") == primary.headers.get(b"x-request-id")
    assert shadow.headers.get(b"x-forwarded-for") == b"192.0.2.1,198.51.100.1"
    assert primary.headers.get(b"x-forwarded-for") == b"192.0.2.1"
    assert shadow.headers.get(b"x-envoy-internal") == b"true"
    assert b"x-envoy-internal" not in primary.headers
    assert shadow.headers.get(b"x-own") == b"1"


def test_a_copy_is_taken_after_the_routes_filters_and_then_changed_alone(stage):
    def mark(name):
        return name, lambda head: head.headers.add(b"X-Seen", name.encode())

    it = stage(mirrors=[{"on_request": (mark("mirror"),)}], on_request=[mark("route")])
    object.__setattr__(it.destination, "on_request", (mark("destination"),))
    it.idle("v1")
    it.idle("~v2")
    it.event("GET /")
    assert it.streams["v1"].head.headers.get_all(b"x-seen") == [b"route", b"destination"]
    assert it.streams["~v2"].head.headers.get_all(b"x-seen") == [b"route", b"destination", b"mirror"]


def test_nobody_waits_for_the_100_of_a_mirror(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    it.start(request("PUT", headers={"Expect": "100-continue"}), 5, b"", False)
    assert it.streams["v1"].head.headers.get(b"expect") == b"100-continue"
    assert b"expect" not in it.streams["~v2"].head.headers


@pytest.mark.parametrize("cluster", ["httpbin", "httpbin/v1"])
def test_a_client_that_names_no_host_is_given_the_destinations_own(stage, cluster):
    it = stage(mirrors=[{}])
    it.destination.cluster.name = cluster
    it.idle("v1")
    it.idle("~v2")
    it.request(version=10, authority=b"")
    assert it.streams["v1"].head.headers.get(b"host") == b"httpbin"
    assert it.streams["~v2"].head.headers.get(b"host") == b"httpbin-shadow"


def test_the_host_stays_where_there_is_no_suffix(stage):
    it = stage(mirrors=[{"suffix": ""}])
    it.idle("v1")
    it.idle("~v2")
    it.request(authority="a:1")
    assert it.streams["~v2"].head.authority == b"a:1"


# Which requests are copied


def test_each_mirror_decides_for_itself(stage):
    it = stage(mirrors=[{"to": "v2", "admit": lambda head: False}, {"to": "v3"}])
    it.idle("v1")
    it.event("GET /")
    assert it.commands[2:] == ["~v3 dial"]
    assert [it.stats.mirror(name).sampled for name in ("v2", "v3")] == [0, 1]


@pytest.mark.parametrize("case", ["no route", "reply", "no destination", "no endpoint", "unreachable", "plugin"])
def test_what_no_upstream_saw_no_mirror_sees(stage, case):
    reply = [("one", lambda head: Reply(301))] if case == "reply" else []
    it = stage(mirrors=[{}], destination=case != "no destination", on_request=reply)
    if case == "no route":
        it.find = lambda head: None
    elif case == "no endpoint":
        it.destination.cluster.endpoints.clear()
    elif case == "plugin":
        it.destination.cluster.pick = lambda head: 1 / 0
    it.event("GET /")
    if case == "unreachable":
        it.event("v1 unreachable connect_refused")
    assert it.record.outcome != "completed"
    assert not any(command.startswith("~v2") for command in it.commands)
    assert it.mirror.sampled == 0


def test_a_head_that_cannot_be_sent_is_not_shadowed(stage):
    it = stage(mirrors=[{}])
    it.event("GET /")
    pool = it.pools["v1"]

    class Refusing:
        reused = False

        def send_head(self, *given):
            it.exchange.response_failed(outcomes.PLUGIN_FAILED)

    it.commands.clear()
    pool.waiter.connected(Refusing())
    assert it.commands[0].startswith("client 500")
    assert len(it.commands) == 1
    assert it.mirror.sampled == 0


# Clients that leave


def test_a_client_that_leaves_before_its_request_ended_takes_the_shadow_along(mirrored):
    it = mirrored("PUT / length=9 'abc' ...")
    it.play("""
        >> client gone
        << v1 abort
        << ~v2 abort
    """)
    assert it.mirror.failed == {"request_incomplete": 1}


def test_the_same_while_the_mirror_is_dialled(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.event("PUT / length=9 'abc' ...")
    it.commands.clear()
    it.play("""
        >> client gone
        << v1 abort
        << ~v2 cancel
    """)
    assert it.mirror.dropped == {"request_incomplete": 1}
    assert it.rule.mirrors[0].state.waiting_bytes == 0


def test_a_client_that_leaves_after_its_request_leaves_the_shadow_running(mirrored):
    it = mirrored("PUT / length=3 'abc'")
    it.play("""
        >> client gone
        << v1 abort
        >> ~v2 answers 200 length=0
    """)
    assert it.mirror.completed[2] == 1


def test_a_request_that_turns_out_broken_is_never_completed_at_a_mirror(mirrored):
    it = mirrored("PUT / chunked 'a' ...")
    it.event("client garbage")
    assert "~v2 abort" in it.commands
    assert "~v2 end" not in it.commands
    assert it.mirror.failed == {"request_incomplete": 1}


# Answers of shadows


@pytest.mark.parametrize("failure", ["upstream_closed", "upstream_reset", "bad_answer"])
def test_a_shadow_that_fails_is_counted_and_not_tried_again(mirrored, failure):
    it = mirrored()
    it.play(f"""
        >> ~v2 fails {failure}
        >> v1 answers 200 length=0
        << client 200 length=0
    """)
    assert it.mirror.failed == {failure: 1}
    assert (it.result.outcome, it.result.reason, it.result.endpoint) == ("failed", failure, "v2:80")


def test_an_answer_that_fails_half_way_is_no_completed_shadow(mirrored):
    it = mirrored()
    it.play("""
        >> ~v2 answers 200 length=9 'abc' ...
        >> ~v2 fails upstream_reset
    """)
    assert it.mirror.failed == {"upstream_reset": 1}
    assert (it.result.response.status, it.result.received) == (200, 3)


def test_a_longer_answer_than_is_worth_reading_is_cut_and_counts_as_completed(mirrored):
    it = mirrored(limits={"response": 5})
    it.play("""
        >> ~v2 answers 200 chunked 'abc' ...
        >> ~v2 body 'de'
        >> ~v2 body 'f'
        << ~v2 abort
    """)
    assert it.mirror.completed[2] == 1


def test_an_answer_of_tiny_chunks_is_cut_long_before_it_is_too_long(mirrored):
    it = mirrored(limits={"response": 1000})
    it.event("~v2 answers 200 chunked 'a' ...")
    it.streams["~v2"].overhead = 15
    it.event("~v2 body 'bc'")
    assert it.commands == []
    it.streams["~v2"].overhead = 20
    it.play("""
        >> ~v2 body 'd'
        << ~v2 abort
    """)
    assert (it.mirror.completed[2], it.result.received) == (1, 4)


def test_tiny_chunks_are_read_as_far_as_an_observer_asks(mirrored):
    it = mirrored(limits={"response": 1000}, keep_response=6)
    it.event("~v2 answers 200 chunked 'abc' ...")
    it.streams["~v2"].overhead = 5000
    it.play("""
        >> ~v2 body 'de'
        >> ~v2 body 'f'
        << ~v2 abort
    """)
    assert it.result.body == b"abcdef"


def test_an_answer_known_to_be_too_long_is_cut_at_its_head(mirrored):
    mirrored(limits={"response": 5}).play("""
        >> ~v2 answers 200 length=6 'a' ...
        << ~v2 abort
    """)


def test_a_status_above_599_counts_as_a_server_error(mirrored):
    it = mirrored()
    it.event("~v2 answers 999 length=0")
    assert it.mirror.completed[5] == 1


def test_interim_answers_are_not_the_answer_of_a_shadow(mirrored):
    it = mirrored()
    it.play(">> ~v2 informs 103")
    assert it.mirror.answering == 1
