"""The workers' processes, without processes."""

import pytest
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from shadowgate.workers.crew import BEAT_SECONDS, GRACE_SECONDS, HUNG_SECONDS, LONGEST_PAUSE, STEADY_SECONDS, Crew


class Process:
    """What Twisted gives for a process that was started."""

    def __init__(self, pid, end, ended):
        self.pid = pid
        self.end = end
        self._ended = ended
        self.signals = []
        end.makeConnection(StringTransport())

    def signalProcess(self, signal):
        self.signals.append(signal)

    def dies(self, how="killed by signal 9"):
        self.end.connectionLost(Failure(ConnectionDone()))
        self._ended(how)


class Fixture:
    def __init__(self, count):
        self.clock = Clock()
        self.processes = []
        self.arrived = []
        self.refusals = []
        self.crew = Crew(self.clock, count, self.launch, self.arrived.append)

    def launch(self, end, ended):
        if self.refusals:
            raise self.refusals.pop()
        self.processes.append(Process(100 + len(self.processes), end, ended))
        return self.processes[-1]

    @property
    def pids(self):
        return {number: member.pid for number, member in sorted(self.crew.members.items())}


@pytest.fixture
def it():
    made = Fixture(2)
    made.crew.start()
    return made


def test_as_many_run_as_were_asked_for(it):
    assert it.pids == {0: 100, 1: 101}
    assert [member.pid for member in it.arrived] == [100, 101]


def test_one_that_ends_is_replaced_at_once_under_its_number(it):
    it.processes[1].dies()
    it.clock.advance(0)
    assert it.pids == {0: 100, 1: 102}
    assert it.crew.restarts == [0, 1]


def test_it_is_replaced_when_the_process_has_ended_and_all_it_said_is_read(it):
    process = it.processes[0]
    process._ended("exit status 0")
    it.clock.advance(0)
    assert it.pids[0] == 100
    it.crew._heard(it.crew.members[0], "last", [["c", "counter", "", [["c_total", [], 5]]]])
    process.end.connectionLost(Failure(ConnectionDone()))
    it.clock.advance(0)
    assert it.pids[0] == 102
    assert it.crew.departed.plain() == [["c", "counter", "", [["c_total", (), 5]]]]


def test_one_that_ends_soon_again_and_again_is_given_longer_and_longer_pauses(it):
    pauses = []
    for _ in range(12):
        it.processes[-1].dies()
        before = it.clock.seconds()
        started = len(it.processes)
        it.clock.advance(0)
        while len(it.processes) == started:
            it.clock.advance(0.25)
        pauses.append(it.clock.seconds() - before)
    assert pauses[:4] == [0, 0.25, 0.5, 1]
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE
    assert it.pids[0] == 100


def test_after_a_steady_life_the_first_pause_is_none_again(it):
    for _ in range(5):
        it.processes[-1].dies()
        it.clock.advance(LONGEST_PAUSE)
    started = len(it.processes)
    it.clock.advance(STEADY_SECONDS)
    it.processes[-1].dies()
    it.clock.advance(0)
    assert len(it.processes) == started + 1


def test_a_process_that_the_system_refuses_is_asked_for_again(it):
    it.refusals = [OSError(11, "Resource temporarily unavailable")] * 2
    it.processes[1].dies()
    it.clock.advance(0)
    assert it.pids == {0: 100}
    it.clock.advance(0.25)
    assert it.pids == {0: 100}
    it.clock.advance(0.5)
    assert it.pids == {0: 100, 1: 102}


def test_nobody_is_replaced_once_it_stops(it):
    done = []
    it.processes[0].dies()
    it.crew.stop().addCallback(done.append)
    it.clock.advance(LONGEST_PAUSE)
    assert it.pids == {1: 101}
    assert done == []
    it.processes[1].dies("exit status 0")
    it.clock.advance(LONGEST_PAUSE)
    assert done == [None]
    assert len(it.processes) == 2


def test_stopping_nobody_is_done_at_once():
    it = Fixture(1)
    done = []
    it.crew.stop().addCallback(done.append)
    assert done == [None]


def test_one_that_does_not_answer_is_ended(it):
    it.crew.watch(it.crew.members[0])
    it.clock.advance(HUNG_SECONDS - 1)
    assert it.processes[0].signals == []
    it.clock.advance(1)
    assert it.processes[0].signals == ["KILL"]


def test_one_that_answers_is_asked_again(it):
    member = it.crew.members[0]
    asked = []
    member.end.ask = lambda what, **how: asked.append(what) or succeed({})
    it.crew.watch(member)
    it.clock.pump([BEAT_SECONDS] * 3)
    assert asked == ["state"] * 4
    it.processes[0].dies()
    it.clock.advance(BEAT_SECONDS)
    assert asked == ["state"] * 4


def test_a_process_that_closes_its_connection_and_goes_on_is_ended(it):
    it.processes[0].end.connectionLost(Failure(ConnectionDone()))
    assert it.processes[0].signals == []
    it.clock.advance(GRACE_SECONDS)
    assert it.processes[0].signals == ["KILL"]


def test_a_process_that_has_ended_is_not_killed(it):
    it.processes[0].dies()
    it.clock.advance(GRACE_SECONDS)
    assert it.processes[0].signals == []


def test_each_line_that_a_worker_logs_is_the_supervisors_under_the_workers_number(it):
    events = []
    globalLogPublisher.addObserver(events.append)
    try:
        it.crew._heard(it.crew.members[0], "log", ["warn", ["it failed", "    ValueError"]])
    finally:
        globalLogPublisher.removeObserver(events.append)
    assert [formatEvent(event) for event in events] == ["worker 0: it failed", "worker 0:     ValueError"]
    assert {event["log_level"] for event in events} == {LogLevel.warn}
