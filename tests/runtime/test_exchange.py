"""One request and its answer, between a scripted client and scripted upstreams."""

import pytest
from attrs import evolve

from shadowgate.model import Settings
from shadowgate.testing import request


def test_a_request_goes_straight_down_and_its_answer_straight_up(stage):
    it = stage()
    it.play("""
        >> GET /a
        << v1 dial
        >> v1 connected
        << v1 GET /a
        >> v1 answers 200 length=2 'ok'
        << client 200 length=2 'ok'
    """)
    assert (it.record.outcome, it.record.status, it.record.upstream) == ("completed", 200, "v1:80")
    assert it.core.in_flight == 0


def test_an_idle_connection_is_used_at_once_and_nobody_is_paused(stage):
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
    """)


def test_a_client_is_paused_while_its_upstream_is_dialled_and_what_it_sent_is_kept(stage):
    it = stage()
    it.play("""
        >> POST / length=6 'ab' ...
        << client pause
        << v1 dial
        >> body 'cd'
        >> v1 connected
        << v1 POST / length=6 'abcd' ...
        << client resume
        >> body 'ef'
        << v1 body 'ef'
        >> end
        << v1 end
    """)


def test_a_request_that_ended_while_its_upstream_was_dialled_goes_in_one_piece(stage):
    it = stage()
    it.play("""
        >> POST / length=4 'ab' ...
        << client pause
        << v1 dial
        >> body 'cd'
        >> end
        >> v1 connected
        << v1 POST / length=4 'abcd'
        << client resume
    """)


def test_an_answers_body_streams_in_pieces(connected):
    it = connected()
    it.play("""
        >> v1 answers 200 length=6 'ab' ...
        << client 200 length=6 'ab' ...
        >> v1 body 'cd'
        << client body 'cd'
        >> v1 body 'ef'
        << client body 'ef'
        >> v1 end
        << client end
    """)
    assert (it.record.sent, it.record.outcome) == (6, "completed")


def test_trailers_travel_both_ways(connected):
    connected("PUT / chunked ...").play("""
        >> end X-Up: 1
        << v1 end X-Up: 1
        >> v1 answers 200 chunked 'a' ...
        << client 200 chunked 'a' ...
        >> v1 end X-Down: 2
        << client end X-Down: 2
    """)


def test_trailers_that_came_with_the_head_are_sent_after_it(stage):
    it = stage(mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    it.start(request("PUT"), -1, b"ab", True, [(b"X-Up", b"1")])
    it.play("""
        << v1 reuse
        << v1 PUT / chunked 'ab' ...
        << v1 end X-Up: 1
        << ~v2 reuse
        << ~v2 PUT / chunked 'ab' ...
        << ~v2 end X-Up: 1
    """)


@pytest.mark.parametrize("status", [100, 103])
def test_interim_answers_are_passed_on_and_are_not_the_answer(connected, status):
    connected().play(f"""
        >> v1 informs {status}
        << client informed {status}
        >> v1 answers 200 length=0
        << client 200 length=0
    """)


def test_an_answer_may_come_before_its_request_is_complete(connected):
    it = connected("PUT / length=9 'abc' ...")
    it.play("""
        >> v1 answers 413 length=0
        << client 413 length=0
        >> body 'late'
        >> end
    """)
    assert (it.record.status, it.record.received) == (413, 3)


def test_the_body_goes_on_while_an_early_answer_streams(connected):
    connected("PUT / length=4 'ab' ...").play("""
        >> v1 answers 200 chunked 'x' ...
        << client 200 chunked 'x' ...
        >> body 'cd'
        << v1 body 'cd'
        >> end
        << v1 end
        >> v1 end
        << client end
    """)


# Back-pressure


def test_a_full_upstream_pauses_the_client_until_it_has_drained(connected):
    connected("PUT / chunked 'a' ...").play("""
        >> v1 full
        << client pause
        >> v1 drained
        << client resume
    """)


def test_an_upstream_that_is_full_with_the_first_bytes_keeps_the_client_paused(stage):
    stage().play("""
        >> PUT / chunked 'a' ...
        << client pause
        << v1 dial
        >> v1 connected-full
        << v1 PUT / chunked 'a' ...
        >> v1 drained
        << client resume
    """)


def test_a_slow_client_pauses_the_upstream_until_it_has_read(connected):
    connected().play("""
        >> v1 answers 200 chunked 'a' ...
        << client 200 chunked 'a' ...
        >> client slow
        << v1 pause
        >> client ready
        << v1 resume
    """)


def test_a_client_whose_request_is_complete_is_not_paused(connected):
    connected("GET /").play(">> v1 full")


# Ends that are not the upstream's answer


def test_a_request_without_a_route_is_answered_404(stage):
    it = stage()
    it.find = lambda head: None
    it.request()
    assert it.commands == ["client 404 length=42 'no_route: no route for this host and path\n'"]
    assert it.stats.unrouted.outcomes == {"no_route": 1}
    assert it.stats.unrouted.statuses[4] == 1
    assert it.record.route == ""


def test_a_rule_without_destinations_is_answered_503(stage):
    it = stage(destination=False)
    it.request()
    assert it.commands[0].startswith("client 503")
    assert it.record.outcome == "no_destination"


def test_a_cluster_without_endpoints_is_answered_503(stage):
    it = stage()
    it.destination.cluster.endpoints.clear()
    it.request()
    assert it.commands[0].startswith("client 503")
    assert it.record.outcome == "no_endpoint"


@pytest.mark.parametrize("name", ["connect_refused", "connect_timeout", "connect_failed", "unresolved"])
def test_an_upstream_that_cannot_be_reached_is_a_503_that_names_the_reason(stage, name):
    it = stage()
    it.play("""
        >> GET /
        << v1 dial
    """)
    it.event(f"v1 unreachable {name}")
    assert it.commands.pop().startswith("client 503")
    assert (it.record.outcome, it.record.attempts) == (name, 1)
    assert it.endpoint.in_flight == 0


@pytest.mark.parametrize(("name", "status"), [("upstream_closed", 502), ("upstream_reset", 502), ("bad_answer", 502)])
def test_an_upstream_that_fails_before_its_answer_is_a_502(stage, name, status):
    it = stage()
    it.event("GET /")
    it.event("v1 connected")
    it.commands.clear()
    it.event(f"v1 fails {name}")
    assert it.commands.pop().startswith(f"client {status}")
    assert not it.commands
    assert it.record.outcome == name


def test_a_refusal_names_its_reason_and_no_address(stage):
    it = stage()
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    assert it.commands[-1] == "client 503 length=53 'connect_refused: the upstream refused the connection\n'"


def test_an_answer_that_is_cut_is_cut_for_the_client_too(connected):
    it = connected()
    it.play("""
        >> v1 answers 200 length=9 'abc' ...
        << client 200 length=9 'abc' ...
        >> v1 fails upstream_closed
        << client cut
    """)
    assert (it.record.outcome, it.record.status) == ("upstream_closed", 200)


def test_a_client_that_leaves_ends_everything_done_for_it(connected):
    it = connected()
    it.play("""
        >> client gone
        << v1 abort
    """)
    assert (it.record.outcome, it.record.status) == ("client_gone", 499)
    assert it.endpoint.in_flight == 0


def test_a_client_that_leaves_while_its_upstream_is_dialled_ends_the_dial(stage):
    it = stage()
    it.play("""
        >> GET /
        << v1 dial
        >> client gone
        << v1 cancel
    """)
    assert it.endpoint.in_flight == 0


def test_a_broken_request_body_is_never_completed_upstream(connected):
    it = connected("PUT / chunked 'a' ...")
    it.event("client garbage")
    assert it.commands[0] == "v1 abort"
    assert it.commands[1].startswith("client 400")
    assert len(it.commands) == 2
    assert it.record.outcome == "bad_request"


def test_a_body_that_breaks_after_the_answer_began_cuts_the_answer(connected):
    connected("PUT / chunked 'a' ...").play("""
        >> v1 answers 200 chunked 'x' ...
        << client 200 chunked 'x' ...
        >> client garbage
        << v1 abort
        << client cut
    """)


# Counting


def test_what_was_counted_adds_up(stage):
    it = stage()
    for _ in range(3):
        it.idle("v1")
        it.event("PUT / length=3 'abc'")
        assert (it.core.in_flight, it.rule.stats.in_flight, it.endpoint.in_flight) == (1, 1, 1)
        it.event("v1 answers 503 length=2 'no'")
    stats = it.rule.stats
    assert (stats.received, stats.sent, stats.in_flight, it.endpoint.in_flight) == (9, 6, 0, 0)
    assert stats.statuses == [0, 0, 0, 0, 0, 3]
    assert stats.outcomes == {"completed": 3}
    assert stats.duration.count == 3
    assert it.endpoint.requests == 3


def test_a_status_above_599_counts_as_a_server_error(connected):
    it = connected()
    it.event("v1 answers 999 length=0")
    assert it.rule.stats.statuses[5] == 1


def test_an_exchange_keeps_the_snapshot_that_it_began_with(stage):
    it = stage(mirrors=[{}])
    it.event("GET /")
    it.core.snapshot = None
    it.event("v1 connected")
    assert it.commands[-1] == "~v2 dial"


def test_the_server_field_is_the_gateways_where_it_has_one(stage):
    it = stage(settings=Settings(server="sg"))
    it.idle("v1")
    it.event("GET /")
    it.event("v1 answers 200 length=0")
    assert it.client.head.headers.get(b"server") == b"sg"


def test_the_mirrors_are_those_of_the_destination_that_was_chosen(stage):
    it = stage(mirrors=[{}])
    other = evolve(it.destination, name="v3", mirrors=())
    it.rule = evolve(it.rule, choose=lambda head: other if head.path == b"/plain" else it.destination)
    it.idle("v1", 2)
    it.event("GET /plain")
    assert it.commands == ["v1 reuse", "v1 GET /plain"]
    it.commands.clear()
    it.event("v1 answers 200")
    it.commands.clear()
    it.event("GET /mirrored")
    assert [each for each in it.commands if "v2" in each] != []
