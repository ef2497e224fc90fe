"""Filters and other plugins at work in an exchange: what they change, what they answer, and what they break."""

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from shadowgate.http.headers import Headers
from shadowgate.plugin import Reply


def raises(*given):
    raise RuntimeError("a plugin's own mistake")


def calls(log, name, result=None):
    def hook(*given):
        log.append(name)
        return result

    return name, hook


@pytest.fixture
def with_destination_hook(stage):
    """Make a stage whose destination has one on_request hook of its own."""

    def make(hook, **given):
        it = stage(**given)
        object.__setattr__(it.destination, "on_request", (("inner", hook),))
        return it

    return make


def test_requests_pass_filters_in_order_and_the_first_reply_wins(stage):
    log = []
    reply = Reply(418, b"tea", ((b"X-Pot", b"1"),))
    it = stage(on_request=[calls(log, "one"), calls(log, "two", reply), calls(log, "three")])
    it.play("""
        >> GET /
        << client 418 length=3 'tea'
    """)
    assert log == ["one", "two"]
    assert it.client.head.headers == Headers([(b"X-Pot", b"1"), (b"Date", b"Thu, 01 Jan 1970 00:00:00 GMT")])
    assert (it.record.outcome, it.record.status, it.record.attempts) == ("replied", 418, 0)


def test_a_date_that_a_filter_gives_stays_the_only_one(stage):
    it = stage(on_request=[("one", lambda head: Reply(200, headers=((b"date", b"then"),)))])
    it.event("GET /")
    assert it.client.head.headers.get_all(b"date") == [b"then"]


def test_a_filters_answer_passes_the_rules_response_filters(stage):
    def stamp(head, response):
        response.headers.set(b"X-Stamp", head.method)

    it = stage(on_request=[("one", lambda head: Reply(200))], on_response=[("stamp", stamp)])
    it.event("GET /")
    assert it.client.head.headers.get(b"x-stamp") == b"GET"


def test_a_destinations_filters_run_after_its_choice(with_destination_hook):
    it = with_destination_hook(lambda head: Reply(403))
    it.play("""
        >> GET /
        << client 403 length=0
    """)


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [("HEAD", 200, "client 200"), ("GET", 304, "client 304"), ("GET", 204, "client 204"), ("HEAD", 204, "client 204")],
)
def test_answers_that_have_no_body_get_none(stage, method, status, expected):
    it = stage(on_request=[("one", lambda head: Reply(status, b"12345"))])
    it.event(f"{method} /")
    assert it.commands == [expected]
    assert it.client.head.headers.get(b"content-length") == (None if status == 204 else b"5")
    assert it.record.sent == 0


def test_a_205_has_a_body_of_no_bytes(stage):
    it = stage(on_request=[("one", lambda head: Reply(205, b"12345"))])
    it.play("""
        >> GET /
        << client 205 length=0
    """)


@pytest.mark.parametrize("at", ["on_request", "on_response", "request_body", "response_body", "find", "choose", "pick"])
def test_a_plugin_that_raises_costs_its_request_and_nothing_else(stage, at):
    hooks = {at: [("bad", raises)]} if at.startswith(("on_", "re")) else {}
    it = stage(**hooks)
    it.idle("v1")
    if at == "find":
        it.find = raises
    elif at == "choose":
        object.__setattr__(it.rule, "choose", raises)
    elif at == "pick":
        it.destination.cluster.pick = raises
    it.event("PUT / length=2 'ab'")
    if at in ("on_response", "response_body"):
        it.event("v1 answers 200 length=2 'ok'")
    answers = [command for command in it.commands if command.startswith("client")]
    assert len(answers) == 1
    assert answers[0].startswith("client 500")
    assert "mistake" not in answers[0]
    assert sum(it.stats.plugin_failures.values()) == 1
    assert it.record.outcome == "plugin_failed"
    assert (it.core.in_flight, it.endpoint.in_flight) == (0, 0)


def test_a_response_filter_that_raises_on_a_filters_answer_makes_it_a_500(stage):
    it = stage(on_request=[("one", lambda head: Reply(200))], on_response=[("bad", raises)])
    it.event("GET /")
    assert it.commands[0].startswith("client 500")
    assert len(it.commands) == 1


def test_on_done_is_told_and_cannot_hurt(stage):
    seen = []
    it = stage(on_done=[("bad", raises), ("good", seen.append)])
    it.idle("v1")
    it.event("GET /")
    it.event("v1 answers 200 length=0")
    assert [record.status for record in seen] == [200]
    assert it.stats.plugin_failures == {"bad": 1}


def test_on_done_is_told_of_requests_that_no_upstream_saw(stage):
    seen = []
    it = stage(on_done=[("good", seen.append)], destination=False)
    it.event("GET /")
    assert [record.outcome for record in seen] == ["no_destination"]


# Filters that must wait


def test_a_filter_may_take_its_time(stage):
    verdict = Deferred()
    log = []
    it = stage(on_request=[("slow", lambda head: verdict), calls(log, "after")])
    it.idle("v1")
    it.play("""
        >> PUT / length=4 'ab' ...
        << client pause
        >> body 'cd'
    """)
    assert log == []
    verdict.callback(None)
    it.play("""
        << v1 reuse
        << v1 PUT / length=4 'abcd' ...
        << client resume
    """)
    assert log == ["after"]


@pytest.mark.parametrize("verdict", [lambda: succeed(None), lambda: succeed(Reply(401))])
def test_a_verdict_that_is_there_already_costs_no_turn(stage, verdict):
    it = stage(on_request=[("quick", lambda head: verdict())])
    it.idle("v1")
    it.event("GET /")
    assert it.commands in (["v1 reuse", "v1 GET /"], ["client 401 length=0"])


def test_a_late_reply_answers(stage):
    verdict = Deferred()
    it = stage(on_request=[("slow", lambda head: verdict)])
    it.event("GET /")
    verdict.callback(Reply(401, b"no"))
    assert it.commands == ["client 401 length=2 'no'"]


def test_a_late_failure_is_a_500(stage):
    it = stage(on_request=[("slow", lambda head: fail(RuntimeError("x")))])
    it.event("GET /")
    assert it.commands[0].startswith("client 500")
    assert it.stats.plugin_failures == {"slow": 1}


def test_a_client_that_leaves_cancels_what_it_waits_for(stage):
    cancelled = []
    verdict = Deferred(cancelled.append)
    it = stage(on_request=[("slow", lambda head: verdict)])
    it.event("GET /")
    it.play(">> client gone")
    assert cancelled == [verdict]
    assert (it.record.outcome, it.record.status) == ("client_gone", 499)
    assert it.stats.plugin_failures == {}


def test_a_canceller_that_answers_is_too_late(stage):
    verdict = Deferred(lambda it: it.callback(Reply(200)))
    it = stage(on_request=[("slow", lambda head: verdict)])
    it.event("GET /")
    it.play(">> client gone")
    assert it.record.outcome == "client_gone"


def test_a_body_that_breaks_while_a_filter_waits_is_answered_once(stage):
    it = stage(on_request=[("slow", lambda head: Deferred())])
    it.event("PUT / chunked ...")
    it.commands.clear()
    it.event("client garbage")
    assert len(it.commands) == 1
    assert it.commands[0].startswith("client 400")


# Bodies


def upper(chunk, last):
    return chunk.upper() + (b"!" if last else b"")


def test_a_request_body_is_changed_on_its_way_and_loses_its_length(stage):
    it = stage(request_body=[("upper", lambda head: upper)])
    it.idle("v1")
    it.play("""
        >> PUT / length=4 'ab' ...
        << v1 reuse
        << v1 PUT / chunked 'AB' ...
        >> body 'cd'
        << v1 body 'CD'
        >> end
        << v1 body '!'
        << v1 end
    """)


def test_a_request_body_that_is_there_already_is_changed_whole(stage):
    it = stage(request_body=[("upper", lambda head: upper)])
    it.play("""
        >> PUT / length=2 'ab' ...
        << client pause
        << v1 dial
        >> body 'c'
        >> end
        >> v1 connected
        << v1 PUT / chunked 'ABC!'
        << client resume
    """)


def test_a_filter_may_leave_a_body_alone(stage):
    it = stage(request_body=[("none", lambda head: None)], response_body=[("none", lambda head, response: None)])
    it.idle("v1")
    it.play("""
        >> PUT / length=2 'ab'
        << v1 reuse
        << v1 PUT / length=2 'ab'
        >> v1 answers 200 length=2 'ok'
        << client 200 length=2 'ok'
    """)


def test_a_request_without_a_body_has_none_to_change(stage):
    it = stage(request_body=[("upper", lambda head: upper)])
    it.idle("v1")
    it.play("""
        >> GET /
        << v1 reuse
        << v1 GET /
    """)


def test_an_answers_body_is_changed_on_its_way(connected):
    it = connected(response_body=[("upper", lambda head, response: upper)])
    it.play("""
        >> v1 answers 200 length=4 'ab' ...
        << client 200 chunked 'AB' ...
        >> v1 body 'cd'
        << client body 'CD'
        >> v1 end
        << client body '!'
        << client end
    """)
    assert it.record.sent == 5


def test_an_answer_in_one_piece_is_changed_in_one_piece(connected):
    connected(response_body=[("upper", lambda head, response: upper)]).play("""
        >> v1 answers 200 length=2 'ok'
        << client 200 chunked 'OK!'
    """)


@pytest.mark.parametrize("hooks", [{}, {"response_body": [("upper", lambda head, response: upper)]}])
def test_an_answer_without_a_body_has_none_to_change(connected, hooks):
    connected("HEAD /", **hooks).play("""
        >> v1 answers 200
        << client 200
    """)


def fails_later(chunk, last):
    if b"bad" in chunk:
        raises()
    return chunk


def test_a_transform_that_raises_on_the_first_piece_of_an_answer_makes_one_500(connected):
    it = connected(response_body=[("bad", lambda head, response: fails_later)])
    it.event("v1 answers 200 length=3 'bad'")
    assert it.commands[0] == "v1 abort"
    assert it.commands[1].startswith("client 500")
    assert len(it.commands) == 2


def test_a_transform_that_raises_later_cuts_the_answer(connected):
    it = connected(response_body=[("bad", lambda head, response: fails_later)])
    it.play("""
        >> v1 answers 200 chunked 'ok' ...
        << client 200 chunked 'ok' ...
        >> v1 body 'bad'
        << v1 abort
        << client cut
    """)
    assert it.stats.plugin_failures == {"bad": 1}
    assert it.record.outcome == "plugin_failed"


def test_a_transform_that_raises_on_a_request_ends_it_before_it_is_whole(stage):
    it = stage(request_body=[("bad", lambda head: fails_later)], mirrors=[{}])
    it.idle("v1")
    it.idle("~v2")
    it.event("PUT / chunked 'ok' ...")
    it.commands.clear()
    it.event("body 'bad'")
    assert it.commands[0] == "v1 abort"
    assert it.commands[1].startswith("client 500")
    assert it.commands[2:] == ["~v2 abort"]
    assert it.stats.plugin_failures == {"bad": 1}
