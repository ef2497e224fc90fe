"""A configuration goes to all workers or to none, without any worker's process."""

from random import Random

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger

from shadowgate.background import Foreground
from shadowgate.errors import ConfigError, Problem
from shadowgate.model import Settings
from shadowgate.net.listeners import Listeners
from shadowgate.plugin import Environment, Report
from shadowgate.plugin.yaml import read_text
from shadowgate.runtime.stats import Stats
from shadowgate.workers.channel import Gone, Refused
from shadowgate.workers.configurations import Configurations
from shadowgate.workers.plain import plain_problems

ONE = "clusters: {v1: 127.0.0.1:8001}\nroutes: {name: all, to: v1}\n"
TWO = ONE.replace("all", "other")


def read(text):
    report = Report()
    return read_text(text, "gw.yaml", report), report.problems


class Port:
    def __init__(self, open_ports, key, number):
        self.open_ports, self.key, self.number = open_ports, key, number
        open_ports[key] = self

    def fileno(self):
        return self.number

    def getHost(self):
        return self.key[1]

    def stopListening(self):
        del self.open_ports[self.key]
        return succeed(None)


class Worker:
    """One member that answers what ``answers`` says, or leaves a Deferred waiting there."""

    def __init__(self):
        self.asked = []
        self.descriptors = []
        self.answers = {}
        self.killed = False
        self.joined = False
        self.generation = 0
        self.sockets = set()

    def ask(self, what, *given, descriptors=(), seconds=0.0):
        self.asked.append((what, given[0]))
        self.descriptors.append(list(descriptors))
        answer = self.answers.get(what, [])
        if isinstance(answer, Exception):
            return fail(answer)
        return answer if isinstance(answer, Deferred) else succeed(answer)

    def kill(self):
        self.killed = True


class Fixture:
    def __init__(self, catalog, reactor, listen):
        self.reactor = reactor
        self.workers = []
        self.ports = {}
        numbers = iter(range(10, 100))

        def bind(key, factory):
            if "taken" in key[1]:
                return fail(OSError(98, "Address already in use"))
            return succeed(Port(self.ports, key, next(numbers)))

        env = Environment(reactor, Random(1), Stats(), Logger(), Foreground())
        self.listeners = Listeners(reactor, lambda name: None, bind)
        self.made = Configurations(env, catalog, Settings(), listen, self.listeners, lambda: self.workers, Foreground())

    def load(self, text=ONE):
        self.made.load(*read(text), "tcp:8000")

    def offer(self, text):
        self.made.offer(*read(text))
        self.reactor.settle()

    def worker(self):
        """A worker that serves what is in service."""
        worker = Worker()
        results = []
        self.made.bring_up(worker).addBoth(results.append)
        assert results == [None]
        self.workers.append(worker)
        worker.asked.clear()
        worker.descriptors.clear()
        return worker

    @property
    def generation(self):
        return self.made.snapshot.generation


@pytest.fixture
def it(bundled, new_reactor):
    made = Fixture(bundled, new_reactor(), ["tcp:81"])
    made.load()
    made.made.bind()
    return made


def test_the_first_configuration_is_read_before_there_are_workers(bundled, new_reactor):
    it = Fixture(bundled, new_reactor(), [])
    it.load()
    assert it.generation == 1
    assert it.made.listen == ("tcp:8000",)
    assert it.ports == {}
    it.made.bind()
    assert list(it.ports) == [("default", "tcp:8000")]


def test_a_first_configuration_that_is_wrong_is_refused(bundled, new_reactor):
    it = Fixture(bundled, new_reactor(), [])
    with pytest.raises(ConfigError, match="routes"):
        it.load("rutes: 1\n")
    assert it.generation == 0


def test_a_port_that_cannot_be_bound_is_refused(bundled, new_reactor):
    it = Fixture(bundled, new_reactor(), ["tcp:taken"])
    it.load()
    with pytest.raises(ConfigError, match="in use"):
        it.made.bind()


def test_a_new_worker_is_given_what_is_in_service_and_its_sockets(it):
    worker = Worker()
    it.made.bring_up(worker)
    assert worker.asked == [("prepare", 1), ("commit", 1)]
    assert worker.descriptors[0] == [10]
    assert (worker.generation, worker.joined, worker.sockets) == (1, True, {("default", "tcp:81")})


def test_a_change_is_loaded_by_all_before_any_serves_it(it):
    first, second = it.worker(), it.worker()
    waiting = second.answers["prepare"] = Deferred()
    it.offer(TWO)
    assert (first.asked, second.asked) == ([("prepare", 2)], [("prepare", 2)])
    assert it.generation == 1
    waiting.callback([])
    assert first.asked[-1] == second.asked[-1] == ("commit", 2)
    assert (first.generation, second.generation, it.generation) == (2, 2, 2)
    assert it.made.last_load_ok


def test_a_generation_is_announced_when_the_last_one_serves_it(it):
    first, second = it.worker(), it.worker()
    waiting = second.answers["commit"] = Deferred()
    it.offer(TWO)
    assert (first.generation, it.generation) == (2, 1)
    waiting.callback([])
    assert it.generation == 2


def test_a_wrong_change_goes_to_nobody(it):
    worker = it.worker()
    it.offer("rutes: 1\n")
    assert worker.asked == []
    assert (it.generation, it.made.last_load_ok) == (1, False)
    assert [str(problem.position) for problem in it.made.problems if problem.severity == "error"] == ["gw.yaml:1:1"]
    it.offer(ONE)
    assert (it.generation, it.made.last_load_ok) == (2, True)


def test_the_same_again_goes_to_nobody(it):
    worker = it.worker()
    it.offer(ONE)
    assert worker.asked == []
    assert it.generation == 1


def test_what_one_worker_cannot_load_none_serves(it):
    first, second = it.worker(), it.worker()
    second.answers["prepare"] = plain_problems([Problem("no such file")])
    it.offer(TWO)
    assert first.asked == [("prepare", 2), ("abandon", 2)]
    assert (it.generation, it.made.last_load_ok) == (1, False)
    assert [problem.message for problem in it.made.problems] == ["no such file"]
    assert not first.killed and not second.killed


def test_what_workers_only_remark_is_kept_once_and_keeps_nobody_from_serving(it):
    first, second = it.worker(), it.worker()
    remark = Problem("this is slow", severity="warning")
    first.answers["prepare"] = second.answers["prepare"] = plain_problems([remark])
    it.offer(TWO)
    assert (first.generation, second.generation, it.generation) == (2, 2, 2)
    assert it.made.problems == (remark,)


def test_what_only_compiling_finds_is_left_to_the_workers(it):
    worker = it.worker()
    it.offer(ONE.replace("to: v1", "to: v1, filters: no-such-filter"))
    assert worker.asked == [("prepare", 2), ("commit", 2)]


def test_a_worker_that_raises_counts_as_one_that_cannot(it):
    first, second = it.worker(), it.worker()
    second.answers["prepare"] = Refused("out of memory")
    it.offer(TWO)
    assert first.asked[-1] == ("abandon", 2)
    assert "out of memory" in it.made.problems[0].message


def test_a_worker_that_is_gone_has_no_say(it):
    first, second = it.worker(), it.worker()
    second.answers["prepare"] = Gone()
    second.answers["commit"] = Gone()
    it.offer(TWO)
    assert second.killed
    assert (first.generation, it.generation) == (2, 2)


def test_a_configuration_that_no_worker_survives_is_refused(it):
    first, second = it.worker(), it.worker()
    first.answers["prepare"] = second.answers["prepare"] = Gone()
    it.offer(TWO)
    assert (it.generation, it.made.last_load_ok) == (1, False)
    assert "no worker has survived" in it.made.problems[0].message


def test_without_any_worker_a_change_is_what_the_next_one_gets(it):
    it.offer(TWO)
    assert it.generation == 2
    assert it.worker().generation == 2


def test_without_any_worker_what_compiling_finds_is_found_all_the_same(it):
    it.offer(ONE.replace("to: v1", "to: v1, filters: no-such-filter"))
    assert (it.generation, it.made.last_load_ok) == (1, False)
    assert "no-such-filter" in it.made.problems[-1].message


@pytest.mark.parametrize("answer", [Gone(), Refused("x"), plain_problems([Problem("port taken")])])
def test_a_worker_that_does_not_follow_is_ended_and_the_others_go_on(it, answer):
    first, second = it.worker(), it.worker()
    second.answers["commit"] = answer
    it.offer(TWO)
    assert second.killed and not first.killed
    assert (first.generation, second.generation, it.generation) == (2, 1, 2)


def test_a_worker_that_comes_between_two_generations_waits_and_gets_the_new_one(it):
    old = it.worker()
    waiting = old.answers["prepare"] = Deferred()
    it.offer(TWO)
    late = Worker()
    it.made.bring_up(late)
    assert late.asked == [("prepare", 1)]
    waiting.callback([])
    assert late.asked == [("prepare", 1), ("prepare", 2), ("commit", 2)]
    assert late.generation == 2


def test_a_worker_that_comes_while_a_change_fails_gets_the_old_one(it):
    old = it.worker()
    waiting = old.answers["prepare"] = Deferred()
    it.offer(TWO)
    late = Worker()
    it.made.bring_up(late)
    waiting.callback(plain_problems([Problem("no")]))
    assert late.asked == [("prepare", 1), ("commit", 1)]


def test_only_new_sockets_are_passed_and_unwanted_ones_closed_when_nobody_uses_them(it):
    worker = it.worker()
    it.offer(ONE + "listeners: tcp:82\n")
    ((_, address),) = [key for key in it.ports if key[1] == "tcp:82"]
    assert address == "tcp:82"
    assert worker.descriptors[0] == [11]
    waiting = worker.answers["commit"] = Deferred()
    it.offer(ONE)
    assert [key[1] for key in it.ports] == ["tcp:81", "tcp:82"]
    assert worker.descriptors[2] == []
    waiting.callback([])
    assert [key[1] for key in it.ports] == ["tcp:81"]


def test_sockets_of_a_change_that_fails_are_closed(it):
    worker = it.worker()
    worker.answers["prepare"] = plain_problems([Problem("no")])
    it.offer(ONE + "listeners: tcp:82\n")
    assert [key[1] for key in it.ports] == ["tcp:81"]


def test_a_change_whose_port_is_taken_goes_to_nobody(it):
    worker = it.worker()
    it.offer(ONE + "listeners: tcp:taken\n")
    assert worker.asked == []
    assert (it.generation, it.made.last_load_ok) == (1, False)
    assert [key[1] for key in it.ports] == ["tcp:81"]


# Changes that somebody asks for


def change(it, text, keep):
    """Ask for a configuration; returns how it ends, once it has."""
    ends = []
    it.made.change(lambda served: read(text), keep).addBoth(ends.append)
    it.reactor.settle()
    return ends


def test_a_change_is_kept_when_all_have_it_ready_and_served_after_that(it):
    worker = it.worker()
    kept = Deferred()
    ends = change(it, TWO, lambda loaded: kept)
    assert worker.asked == [("prepare", 2)]
    assert (it.generation, ends) == (1, [])
    kept.callback(None)
    assert worker.asked == [("prepare", 2), ("commit", 2)]
    assert (worker.generation, it.generation) == (2, 2)
    assert [route.name for route in ends[0].configuration.routes] == ["other"]


def test_what_cannot_be_kept_is_served_by_nobody(it):
    worker = it.worker()
    (end,) = change(it, TWO + "listeners: tcp:82\n", lambda loaded: fail(OSError(28, "no space")))
    assert end.type is OSError
    assert worker.asked == [("prepare", 2), ("abandon", 2)]
    assert [key[1] for key in it.ports] == ["tcp:81"]
    assert (it.generation, it.made.last_load_ok, it.made.problems) == (1, True, ())
    it.offer(TWO)
    assert (worker.generation, it.generation) == (2, 2)


@pytest.mark.parametrize("text", ["rutes: 1\n", ONE + "listeners: tcp:taken\n"])
def test_a_wrong_change_is_told_to_who_asked_for_it_alone(it, text):
    it.worker()
    (end,) = change(it, text, lambda loaded: fail(AssertionError("kept")))
    assert end.type is ConfigError
    assert (it.generation, it.made.last_load_ok, it.made.problems) == (1, True, ())


def test_what_a_worker_finds_wrong_is_told_too(it):
    it.worker().answers["prepare"] = plain_problems([Problem("no such file")])
    (end,) = change(it, TWO, lambda loaded: fail(AssertionError("kept")))
    assert [problem.message for problem in end.value.problems] == ["no such file"]


def test_a_trial_is_loaded_by_all_and_forgotten(it):
    worker = it.worker()
    (loaded,) = change(it, TWO + "listeners: tcp:82\n", None)
    assert worker.asked == [("prepare", 2), ("abandon", 2)]
    assert [route.name for route in loaded.configuration.routes] == ["other"]
    assert (it.generation, [key[1] for key in it.ports]) == (1, ["tcp:81"])
    worker.answers["prepare"] = plain_problems([Problem("no such file")])
    (tried,) = change(it, TWO, None)
    assert "no such file" in [problem.message for problem in tried.report.problems]


def test_a_change_is_made_of_what_is_in_service(it):
    seen = []

    def plan(served):
        seen.append(served)

    it.offer(TWO)
    it.offer("rutes: 1\n")
    it.made.change(plan, None)
    it.reactor.settle()
    assert seen == [(it.made.documents, ())]
    assert seen[0][0] == tuple(read(TWO)[0])
