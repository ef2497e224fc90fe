"""The two ends of the connection between the supervisor and a worker, each on a transport in memory."""

import os

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from shadowgate.workers.channel import Gone, Refused, SupervisorEnd, WorkerEnd
from shadowgate.workers.frames import frame


class Transport(StringTransport):
    """Passes descriptors as numbers."""

    def __init__(self):
        super().__init__()
        self.descriptors = []
        self.aborted = False

    def sendFileDescriptor(self, descriptor):
        self.descriptors.append(descriptor)

    def abortConnection(self):
        self.aborted = True

    def take(self):
        written = self.value()
        self.clear()
        return written


class Both:
    """The two ends; ``pump`` carries what was said from each to the other."""

    def __init__(self):
        self.clock = Clock()
        self.told = []
        self.lost = []
        self.served = []
        self.answers = {}
        self.supervisor = SupervisorEnd(
            self.clock, lambda event, value: self.told.append((event, value)), lambda: self.lost.append("worker")
        )
        self.worker = WorkerEnd(self.serve, lambda: self.lost.append("supervisor"))
        self.ours, self.theirs = Transport(), Transport()
        self.supervisor.makeConnection(self.ours)
        self.worker.makeConnection(self.theirs)

    def serve(self, what, given, descriptors):
        self.served.append((what, given, descriptors))
        answer = self.answers.get(what)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pump(self):
        for descriptor in self.ours.descriptors:
            self.worker.fileDescriptorReceived(descriptor)
        self.ours.descriptors = []
        self.worker.dataReceived(self.ours.take())
        self.supervisor.dataReceived(self.theirs.take())

    def ask(self, *given, **how):
        results = []
        self.supervisor.ask(*given, **how).addBoth(results.append)
        return results


@pytest.fixture
def both():
    return Both()


def test_a_request_is_answered(both):
    both.answers["state"] = {"busy": 1}
    results = both.ask("state", (1, "two"))
    assert results == []
    both.pump()
    assert results == [{"busy": 1}]
    assert both.served == [("state", ((1, "two"),), [])]


def test_answers_find_their_requests_in_any_order(both):
    both.answers["slow"], both.answers["quick"] = waiting, _ = Deferred(), "now"
    slow, quick = both.ask("slow"), both.ask("quick")
    both.pump()
    assert (slow, quick) == ([], ["now"])
    waiting.callback("later")
    both.pump()
    assert slow == ["later"]


def test_what_fails_over_there_is_refused_with_its_words(both):
    both.answers["commit"] = LookupError("not prepared")
    results = both.ask("commit")
    both.pump()
    assert results[0].check(Refused)
    assert "not prepared" in results[0].getErrorMessage()


def test_an_answer_that_takes_too_long_is_not_waited_for_and_not_taken_later(both):
    waiting = both.answers["state"] = Deferred()
    results = both.ask("state", seconds=3)
    both.pump()
    both.clock.advance(2.9)
    assert results == []
    both.clock.advance(0.1)
    assert results[0].check(Gone)
    waiting.callback("late")
    both.pump()
    assert len(results) == 1
    assert not both.ours.aborted


def test_requests_under_way_fail_when_the_worker_is_gone(both):
    results = both.ask("state")
    both.supervisor.connectionLost(Failure(ConnectionDone()))
    assert results[0].check(Gone)
    assert both.lost == ["worker"]
    assert both.clock.getDelayedCalls() == []
    assert both.ask("state")[0].check(Gone)


def test_descriptors_go_with_their_message_as_copies_that_are_closed_afterwards(both):
    both.answers["prepare"] = first = Deferred()
    original, other = os.pipe()
    try:
        both.ask("prepare", 1, descriptors=[original])
        (copy,) = both.ours.descriptors
        assert copy != original
        assert os.path.samestat(os.fstat(copy), os.fstat(original))
        both.ask("prepare", 2, descriptors=[original, other])
        both.pump()
        assert [len(descriptors) for _, _, descriptors in both.served] == [1, 2]
        assert both.served[0][2] == [copy]
        first.callback(None)
        both.pump()
        with pytest.raises(OSError):
            os.fstat(copy)
        os.fstat(original)
    finally:
        both.supervisor.connectionLost(Failure(ConnectionDone()))
        os.close(original)
        os.close(other)


def test_a_worker_tells_what_happens(both):
    both.worker.tell("log", ["info", "hello"])
    both.pump()
    assert both.told == [("log", ["info", "hello"])]


def test_what_nobody_reads_is_dropped_and_counted_but_answers_are_not(both):
    both.worker.pauseProducing()
    both.worker.tell("log", "lost")
    both.answers["state"] = "here"
    results = both.ask("state")
    both.pump()
    assert (both.told, results, both.worker.untold) == ([], ["here"], 1)
    both.worker.resumeProducing()
    both.worker.tell("log", "seen")
    both.pump()
    assert both.told == [("log", "seen")]


@pytest.mark.parametrize("said", [frame(b"{"), frame(b"[]"), frame(b'{"answer": 1}'), b"\xff\xff\xff\xff"])
def test_a_worker_that_speaks_nonsense_is_cut_off(both, said):
    both.ask("state")
    both.supervisor.dataReceived(said)
    assert both.ours.aborted


def test_an_answer_that_nobody_asked_for_is_nothing(both):
    both.supervisor.dataReceived(frame(b'{"answer": 77, "value": 1}'))
    assert not both.ours.aborted


def test_a_worker_learns_that_its_supervisor_is_gone(both):
    assert both.worker.open
    both.worker.connectionLost(Failure(ConnectionDone()))
    assert both.lost == ["supervisor"]
    assert not both.worker.open
    both.worker.tell("last", [])
    assert both.worker.untold == 1
