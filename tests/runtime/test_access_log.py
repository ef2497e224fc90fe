"""One JSON line per exchange and per shadow, which nobody outside can forge."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from shadowgate.runtime.access_log import FLUSH_BYTES, FLUSH_SECONDS, AccessLog, NoAccessLog
from shadowgate.testing import exchange_record, mirror_result, request


class Written:
    """A sink that keeps its batches."""

    def __init__(self):
        self.clock = Clock()
        self.batches = []
        self.log = AccessLog(self.clock, self.batches.append)

    @property
    def lines(self):
        self.log.flush()
        return [json.loads(line) for line in b"".join(self.batches).decode("ascii").splitlines()]


@pytest.fixture
def written():
    return Written()


def test_an_exchange_is_one_line(written):
    head = request("GET", "/a?b", {"User-Agent": "curl"}, authority="h:1")
    written.clock.advance(1.5)
    written.log.exchange(exchange_record(head, status=503, outcome="no_endpoint", duration=0.25))
    assert written.lines == [
        {
            "time": "1970-01-01T00:00:01.500Z",
            "kind": "request",
            "request_id": "6f2c1f0e-0000-4000-8000-000000000001",
            "client": "192.0.2.1",
            "method": "GET",
            "host": "h:1",
            "target": "/a?b",
            "status": 503,
            "outcome": "no_endpoint",
            "received": 0,
            "sent": 0,
            "duration_ms": 250.0,
            "route": "example",
            "upstream": "203.0.113.1:80",
            "attempts": 1,
            "user_agent": "curl",
        }
    ]


@pytest.mark.parametrize(("outcome", "status"), [("completed", 201), ("failed", 0), ("dropped", 0)])
def test_a_shadow_is_one_line_that_is_marked_and_names_its_parent(written, outcome, status):
    written.log.shadow(mirror_result(outcome, status=201, mirror="m"))
    (line,) = written.lines
    assert (line["kind"], line["mirror"], line["outcome"], line["status"]) == ("shadow", "m", outcome, status)
    assert line["request_id"] == "6f2c1f0e-0000-4000-8000-000000000001"
    assert line["host"] == "example.com-shadow"


def test_a_refused_request_is_one_line(written):
    written.log.refused("192.0.2.1", 400, "a bare LF in the head")
    (line,) = written.lines
    assert (line["kind"], line["status"], line["reason"]) == ("refused", 400, "a bare LF in the head")


@given(st.binary(), st.binary(), st.binary(), st.text())
def test_no_byte_of_a_message_can_forge_a_line_or_a_key(target, agent, host, reason):
    written = Written()
    head = request(target=target, headers={"User-Agent": agent}, authority=host)
    record = exchange_record(head, request_id=agent)
    written.log.exchange(record)
    written.log.shadow(mirror_result("failed", of=head, reason=reason or "x"))
    written.log.refused(reason, 400, reason)
    first, second, third = written.lines
    assert first["target"].encode("latin-1") == second["target"].encode("latin-1") == target
    assert first["user_agent"].encode("latin-1") == first["request_id"].encode("latin-1") == agent
    assert second["reason"] == (reason or "x")
    assert third["client"] == reason
    assert first["kind"] == "request"


def test_a_forged_line_stays_inside_its_string(written):
    forged = b'/"}\n{"kind":"request","status":200}\n'
    written.log.exchange(exchange_record(request(target=forged)))
    assert len(written.lines) == 1


def test_lines_are_written_in_batches_after_a_moment(written):
    for _ in range(3):
        written.log.exchange(exchange_record())
    assert written.batches == []
    written.clock.advance(FLUSH_SECONDS)
    assert len(written.batches) == 1
    assert written.batches[0].count(b"\n") == 3
    assert written.clock.getDelayedCalls() == []


def test_a_batch_that_is_large_enough_goes_at_once(written):
    line = exchange_record(request(target="/" + "x" * 2000))
    while not written.batches:
        written.log.exchange(line)
    assert FLUSH_BYTES <= len(written.batches[0]) < FLUSH_BYTES + 4000
    assert written.clock.getDelayedCalls() == []


def test_flushing_nothing_writes_nothing(written):
    written.log.flush()
    assert written.batches == []


def test_no_access_log_writes_nothing_and_needs_nothing():
    log = NoAccessLog()
    log.exchange(exchange_record())
    log.shadow(mirror_result())
    log.refused("a", 400, "b")
    log.flush()


def test_a_reason_is_written_where_there_is_one(written):
    for reason in ("", 'no "Service"'):
        written.log.exchange(exchange_record(status=500, outcome="route_invalid", reason=reason))
    plain, explained = written.lines
    assert "reason" not in plain
    assert explained["reason"] == 'no "Service"'
