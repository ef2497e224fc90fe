"""Requests that ask for another protocol: a tunnel after 101, an ordinary exchange after anything else."""

import pytest

from shadowgate.model import Limits, Settings, Timeouts
from shadowgate.plugin import Retries
from shadowgate.runtime import outcomes

UPGRADED = """
    >> v1 answers 101 ...
    << client 101 websocket
    << raw client starts
    << raw v1 starts
"""


@pytest.fixture
def upgraded(connected):
    """Make a stage whose exchange has become a tunnel."""

    def upgrade(**given):
        it = connected("GET /chat upgrade=websocket", **given)
        it.play(UPGRADED)
        return it

    return upgrade


def ended(it, outcome):
    """Whether everything is over, and written down as this."""
    (record,) = it.log.records
    return (record.outcome, record.status) == (outcome, 101) and not it.core.tunnels and not it.core.in_flight


def test_after_101_bytes_go_both_ways_until_both_have_ended(upgraded):
    it = upgraded()
    assert len(it.core.tunnels) == 1
    it.play("""
        >> raw client says hello
        << raw v1 'hello'
        >> raw v1 says there
        << raw client 'there'
        >> raw client ends
        << raw v1 end
        >> raw v1 says last
        << raw client 'last'
        >> raw v1 ends
        << raw client end
        << raw client close
        << raw v1 close
        >> raw v1 lost
        >> raw client lost
    """)
    assert ended(it, "tunnel")
    assert (it.record.received, it.record.sent, it.record.upstream) == (5, 9, "v1:80")
    assert it.rule.stats.statuses[1] == it.rule.stats.outcomes["tunnel"] == 1


def test_how_long_a_tunnel_stands_is_no_response_time(upgraded):
    it = upgraded()
    it.event("raw client lost")
    it.event("raw v1 lost")
    assert it.rule.stats.duration.count == 0


def test_each_end_pauses_the_other(upgraded):
    upgraded().play("""
        >> raw client full
        << raw v1 pause
        >> raw client drained
        << raw v1 resume
        >> raw v1 full
        << raw client pause
        >> raw v1 drained
        << raw client resume
    """)


@pytest.mark.parametrize(("gone", "other"), [("client", "v1"), ("v1", "client")])
def test_a_lost_connection_takes_the_other_one_along(upgraded, gone, other):
    it = upgraded()
    it.play(f"""
        >> raw {gone} lost
        << raw {other} close
        >> raw {other} says nobody-listens
        >> raw {other} lost
    """)
    assert ended(it, "tunnel")
    assert it.record.received == it.record.sent == 0


def test_a_connection_lost_behind_its_last_byte(upgraded):
    it = upgraded()
    it.play("""
        >> raw v1 ends
        << raw client end
        >> raw v1 lost
        << raw client close
        >> raw client lost
    """)
    assert ended(it, "tunnel")


def test_a_tunnel_in_which_nothing_moves_is_cut(upgraded):
    it = upgraded(settings=Settings(limits=Limits(tunnel_idle=10)))
    it.play("""
        >> 9 seconds
        >> raw client says ping
        << raw v1 'ping'
        >> 9 seconds
        >> raw v1 says pong
        << raw client 'pong'
        >> 9 seconds
        >> raw client drained
        << raw v1 resume
        >> 11 seconds
        << raw client abort
        << raw v1 abort
        >> raw client lost
        >> raw v1 lost
    """)
    assert ended(it, "tunnel_idle")


@pytest.mark.parametrize(("tunnel", "body"), [(3600, 5), (5, 3600), (0, 5), (5, 0)])
def test_once_one_side_has_ended_the_other_has_as_long_as_a_body(upgraded, tunnel, body):
    it = upgraded(settings=Settings(limits=Limits(tunnel_idle=tunnel)), timeouts=Timeouts(idle=body))
    it.play("""
        >> raw client ends
        << raw v1 end
        >> 6 seconds
        << raw client abort
        << raw v1 abort
    """)
    assert ended(it, "tunnel_idle")


def test_a_peer_that_does_not_read_the_last_bytes_is_not_waited_for(upgraded):
    it = upgraded(timeouts=Timeouts(idle=5))
    it.play("""
        >> raw v1 lost
        << raw client close
        >> 6 seconds
        << raw client abort
        << raw v1 abort
    """)
    assert ended(it, "tunnel_idle")


def test_without_limits_a_tunnel_stands_for_ever(upgraded):
    it = upgraded(settings=Settings(limits=Limits(tunnel_idle=0)), timeouts=Timeouts(idle=0))
    it.event("raw client ends")
    it.commands.clear()
    it.event("1000000 seconds")
    assert it.commands == []
    assert len(it.core.tunnels) == 1


def test_whoever_owns_the_tunnels_can_end_them(upgraded):
    it = upgraded()
    (tunnel,) = it.core.tunnels
    tunnel.close(outcomes.TUNNEL_DRAINED)
    assert it.commands == ["raw client abort", "raw v1 abort"]
    assert ended(it, "tunnel_drained")
    tunnel.close(outcomes.TUNNEL_DRAINED)
    assert len(it.log.records) == 1


def test_the_timeout_of_the_route_is_for_the_handshake(upgraded):
    it = upgraded(timeouts=Timeouts(request=5, response=5, idle=5))
    it.event("60 seconds")
    assert it.commands == []


def test_the_endpoint_is_busy_as_long_as_the_tunnel_stands(upgraded):
    it = upgraded()
    assert it.endpoint.in_flight == 1
    it.event("raw client lost")
    it.event("raw v1 lost")
    assert it.endpoint.in_flight == 0


def test_any_other_answer_is_an_ordinary_one(connected):
    it = connected("GET /chat upgrade=websocket")
    it.play("""
        >> v1 answers 426 length=2 'no'
        << client 426 length=2 'no'
    """)
    assert (it.record.outcome, it.record.status) == ("completed", 426)
    assert not it.core.tunnels


def test_a_handshake_that_is_not_answered_is_a_504(connected):
    it = connected("GET /chat upgrade=websocket", timeouts=Timeouts(response=5))
    it.event("6 seconds")
    assert it.commands[0] == "v1 abort"
    assert it.record.outcome == "response_timeout"


def test_a_handshake_may_be_tried_again_until_it_is_granted(stage):
    it = stage(endpoints=("v1", "v2"), retries=Retries(lambda attempt: 0, 1))
    it.play("""
        >> GET /chat upgrade=websocket
        << v1 dial
        >> v1 unreachable connect_refused
        >> 0 seconds
        << v2 dial
        >> v2 connected
        << v2 GET /chat
        >> v2 answers 101 ...
        << client 101 websocket
        << raw client starts
        << raw v2 starts
    """)
    assert it.target.retrying == 0, "a tunnel takes no place in the budget of retries"


# Filters


def test_filters_see_what_is_asked_for_and_the_answer(connected):
    seen = []
    it = connected(
        "GET /chat upgrade=websocket",
        on_request=[("a", lambda head: seen.append(head.headers.get(b"upgrade")))],
        on_response=[("b", lambda request, head: seen.append(head.status))],
    )
    it.play(UPGRADED)
    assert seen == [b"websocket", 101]


def test_a_filter_of_the_101_that_raises_fails_closed(connected):
    def refuse(request, head):
        raise RuntimeError

    it = connected("GET /chat upgrade=websocket", on_response=[("b", refuse)])
    it.event("v1 answers 101 ...")
    assert it.commands[0] == "v1 abort"
    assert it.record.status == 500
    assert not it.core.tunnels


# Mirrors


def test_a_mirror_gets_nothing_of_an_upgrade(stage):
    it = stage(mirrors=[{"to": "v2"}])
    it.idle("v1")
    it.play("""
        >> GET /chat upgrade=websocket
        << v1 reuse
        << v1 GET /chat
    """)
    assert it.mirror.sampled == 0


def test_a_request_that_a_filter_made_ordinary_is_copied(stage):
    it = stage(mirrors=[{"to": "v2"}], on_request=[("a", lambda head: head.headers.remove(b"upgrade"))])
    it.idle("v1")
    it.play("""
        >> GET /chat upgrade=websocket
        << v1 reuse
        << v1 GET /chat
        << ~v2 dial
    """)


@pytest.mark.parametrize(("answer", "kind"), [("101 ...", 1), ("400 length=0", 4)])
def test_a_mirror_that_asks_for_handshakes_gets_no_more(stage, answer, kind):
    it = stage(mirrors=[{"to": "v2", "handshakes": True}])
    it.idle("v1")
    it.idle("~v2")
    it.play(f"""
        >> GET /chat upgrade=websocket
        << v1 reuse
        << v1 GET /chat
        << ~v2 reuse
        << ~v2 GET /chat
        {UPGRADED.strip()}
        >> ~v2 answers {answer}
        {"<< ~v2 abort" if kind == 1 else ">> 0 seconds"}
        >> raw client says hello
        << raw v1 'hello'
    """)
    assert it.streams["~v2"].head.upgrading
    assert it.mirror.completed[kind] == 1
    assert it.result.sent == 0
