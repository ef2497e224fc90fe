"""What an exchange tells of its attempts to whoever watches over endpoints, and what becomes of a bound that is met."""

import pytest
from attrs import define, field

from shadowgate.bundled.retries.retry import Retry
from shadowgate.model import Timeouts
from shadowgate.testing import environment


@define(eq=False)
class Heard:
    """A watch that writes down what it is told."""

    said: list = field(factory=list)

    def answered(self, member, status):
        self.said.append((member.name, status))

    def failed(self, member, outcome):
        self.said.append((member.name, outcome))


@pytest.fixture
def watched(stage):
    """Make a stage whose endpoints are watched over: ``(stage, what was heard)``."""

    def make(**given):
        it, heard = stage(**given), Heard()
        for endpoint in it.target.endpoints:
            endpoint.watch = heard
        return it, heard.said

    return make


@pytest.mark.parametrize("status", [200, 404, 503])
def test_every_answer_is_told_by_its_status_once(watched, status):
    it, said = watched()
    it.idle("v1")
    it.play(f"""
        >> GET /
        << v1 reuse
        << v1 GET /
        >> v1 answers {status} length=4 'ha' ...
        << client {status} length=4 'ha' ...
        >> v1 body 'lf'
        << client body 'lf'
        >> v1 end
        << client end
    """)
    assert said == [("v1:80", status)]


@pytest.mark.parametrize("outcome", ["connect_refused", "connect_timeout", "overflow"])
def test_a_connection_that_did_not_come_about_is_told(watched, outcome):
    it, said = watched()
    it.event("GET /")
    it.event(f"v1 unreachable {outcome}")
    assert said == [("v1:80", outcome)]


@pytest.mark.parametrize("outcome", ["upstream_reset", "upstream_closed", "bad_answer"])
def test_an_answer_that_never_came_is_told(watched, outcome):
    it, said = watched()
    it.idle("v1")
    it.event("POST /")
    it.event(f"v1 fails {outcome}")
    assert said == [("v1:80", outcome)]


def test_an_idle_connection_that_had_died_is_nothing_to_tell(watched):
    it, said = watched()
    it.idle("v1")
    it.event("GET /")
    it.event("v1 fails upstream_closed")
    assert said == []
    it.event("v1 connected")
    it.event("v1 answers 200")
    assert said == [("v1:80", 200)]


@pytest.mark.parametrize(
    ("timeouts", "outcome"),
    [
        (Timeouts(response=1.0), "response_timeout"),
        (Timeouts(attempt=1.0), "attempt_timeout"),
        (Timeouts(request=1.0), "route_timeout"),
    ],
)
def test_an_answer_that_comes_too_late_is_told(watched, timeouts, outcome):
    it, said = watched(timeouts=timeouts)
    it.idle("v1")
    it.event("GET /")
    it.event("1.5")
    assert said == [("v1:80", outcome)]


def test_a_client_that_is_slow_or_gone_is_not_the_endpoints_fault(watched):
    it, said = watched(timeouts=Timeouts(request=1.0))
    it.idle("v1", 2)
    it.event("POST / length=4 'ha' ...")
    it.event("1.5")
    it.event("GET /")
    it.event("client gone")
    assert said == []


def test_each_attempt_is_told_for_its_own_endpoint(watched):
    retries = Retry(on=("connect-failure", "503")).compile(environment())
    it, said = watched(endpoints=("v1", "v2", "v3"), retries=retries)
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    it.event("1")
    it.idle("v3")
    it.event("v2 connected")
    it.event("v2 answers 503")
    it.event("1")
    it.event("v3 answers 200")
    assert said == [("v1:80", "connect_refused"), ("v2:80", 503), ("v3:80", 200)]


def test_shadows_are_never_heard_of(watched):
    it, said = watched(mirrors=[{"to": "v1", "name": "m"}])
    it.idle("v1")
    it.event("GET /")
    it.event("~v1 unreachable connect_refused")
    assert said == []


# A bound that is met


@pytest.mark.parametrize("outcome", ["overflow", "queue_timeout"])
def test_a_bound_that_is_met_is_503_with_envoys_word_for_it_and_not_tried_again(stage, outcome):
    it = stage(endpoints=("v1", "v2"), retries=Retry(on=("5xx", "reset", "connect-failure")).compile(environment()))
    it.event("GET /")
    it.event(f"v1 unreachable {outcome}")
    assert (it.client.head.status, it.client.head.headers.get(b"x-envoy-overloaded")) == (503, b"true")
    assert (it.record.outcome, it.record.attempts, it.retries) == (outcome, 1, {})


def test_other_failures_are_not_called_an_overload(stage):
    it = stage()
    it.event("GET /")
    it.event("v1 unreachable connect_refused")
    assert b"x-envoy-overloaded" not in it.client.head.headers


def test_a_shadow_that_meets_a_bound_is_dropped_for_it_and_opens_no_breaker(stage):
    it = stage(mirrors=[{"to": "v2", "limits": {"breaker_failures": 1}}])
    for _ in range(3):
        it.idle("v1")
        it.event("GET /")
        it.event("~v2 unreachable overflow")
        it.event("v1 answers 200")
    assert it.mirror.dropped == {"overflow": 3}
