"""Work in threads, and a garbage collector that keeps out of its way."""

import gc
import inspect
import sys
import weakref

import pytest
from twisted.python.failure import Failure

from shadowgate import background
from shadowgate.background import Background, Foreground, dismantle, settle, uncollected


@pytest.fixture
def collector():
    """The collector, left as it was found; objects set aside by a test come back."""
    before = gc.isenabled()
    gc.enable()
    yield gc
    gc.unfreeze()
    (gc.enable if before else gc.disable)()


@pytest.fixture
def reactor(new_reactor):
    return new_reactor()


def test_work_is_done_elsewhere_and_its_result_comes_in_a_turn_of_the_reactor(reactor):
    results = []
    Background(reactor)(lambda: 7).addCallback(results.append)
    assert results == []
    reactor.settle()
    assert results == [7]


def test_the_collector_keeps_to_what_is_new_until_the_result_is_there(reactor, collector):
    usual, seen = collector.get_threshold(), []
    Background(reactor)(lambda: seen.append(collector.get_threshold()))
    assert seen == [(background.YOUNG, background.NEVER, background.NEVER)]
    assert collector.get_threshold() == seen[0]
    reactor.settle()
    assert collector.get_threshold() == usual


def test_what_others_leave_behind_meanwhile_is_freed_and_not_set_aside(reactor, collector, monkeypatch):
    class Cycle:
        def __init__(self):
            self.itself = self

    monkeypatch.setattr(background, "LARGE", 2000)
    monkeypatch.setattr(background, "YOUNG", 1000)
    freed, crop = [], []
    running = Background(reactor)
    running.hold()
    for _ in range(10):
        weakref.finalize(Cycle(), freed.append, None)
        crop += [[] for _ in range(1000)]
    before = collector.get_freeze_count()
    running.release()
    assert len(freed) >= 9
    assert collector.get_freeze_count() - before >= len(crop)


def test_work_that_fails_lets_the_collector_go_on(reactor, collector):
    reactor.callInThreadWithCallback = lambda done, work: done(False, Failure(ZeroDivisionError()))
    failures = []
    Background(reactor)(lambda: None).addErrback(failures.append)
    reactor.settle()
    assert [failure.type for failure in failures] == [ZeroDivisionError]
    assert collector.get_threshold()[0] < background.YOUNG


def test_it_does_so_for_as_long_as_anybody_holds_it(reactor, collector):
    usual = collector.get_threshold()
    running = Background(reactor)
    running.hold()
    running(lambda: None)
    reactor.settle()
    assert collector.get_threshold()[0] == background.YOUNG
    running.release()
    assert collector.get_threshold() == usual


def test_a_collector_that_was_off_before_stays_off(reactor, collector):
    collector.disable()
    running = Background(reactor)
    running.hold()
    running.hold()
    running.release()
    running.release()
    assert not collector.isenabled()


@pytest.mark.parametrize(("made", "set_aside"), [(1000, False), (3000, True)])
def test_a_large_crop_of_objects_is_set_aside(reactor, collector, monkeypatch, made, set_aside):
    monkeypatch.setattr(background, "LARGE", 2000)
    collector.collect()
    before = collector.get_freeze_count()
    running = Background(reactor)
    running.hold()
    crop = [[] for _ in range(made)]
    running.release()
    assert (collector.get_freeze_count() - before >= len(crop)) is set_aside


def test_a_process_that_is_ready_to_serve_is_set_aside_without_its_garbage(collector):
    class Cycle:
        def __init__(self):
            self.itself = self

    freed, kept, before = [], [[] for _ in range(100)], collector.get_freeze_count()
    weakref.finalize(Cycle(), freed.append, None)
    settle()
    assert freed
    assert collector.get_freeze_count() - before > len(kept)
    assert not any(each is kept for each in collector.get_objects())


def test_what_was_made_is_set_aside_though_others_still_hold(reactor, collector, monkeypatch):
    monkeypatch.setattr(background, "LARGE", 2000)
    collector.collect()
    before = collector.get_freeze_count()
    running = Background(reactor)
    running.hold()
    running.hold()
    crop = [[] for _ in range(3000)]
    running.release()
    assert collector.get_freeze_count() - before >= len(crop)
    crop.clear()
    running.release()


def test_threads_take_short_turns_meanwhile(reactor, collector):
    usual = sys.getswitchinterval()
    running = Background(reactor)
    running.hold()
    running.hold()
    running.release()
    assert sys.getswitchinterval() == pytest.approx(background.TURN, rel=0.01)
    running.release()
    assert sys.getswitchinterval() == pytest.approx(usual, rel=0.01)


def test_turns_that_are_shorter_already_stay_so(reactor, collector):
    usual = sys.getswitchinterval()
    sys.setswitchinterval(background.TURN / 5)
    try:
        running = Background(reactor)
        running.hold()
        assert sys.getswitchinterval() == pytest.approx(background.TURN / 5, rel=0.1)
        running.release()
    finally:
        sys.setswitchinterval(usual)


def test_something_large_can_be_made_uncollected_on_the_spot(collector, monkeypatch):
    monkeypatch.setattr(background, "LARGE", 2000)
    collector.collect()
    before = collector.get_freeze_count()
    with uncollected():
        assert not collector.isenabled()
        crop = [[] for _ in range(3000)]
    assert collector.isenabled()
    assert collector.get_freeze_count() - before >= len(crop)
    collector.disable()
    with uncollected():
        pass
    assert not collector.isenabled()


class Leaf:
    """Tells in which order it and others were freed, and can be held."""

    def __init__(self, name, freed, *inner):
        self.name, self.freed, self.inner = name, freed, inner

    def __del__(self):
        self.freed.append(self.name)


def test_a_tree_is_freed_piece_by_piece_from_its_top():
    freed = []
    dismantle([Leaf("top", freed, Leaf("middle", freed, Leaf("bottom", freed)))])
    assert freed == ["top", "middle", "bottom"]


def test_no_object_is_freed_while_another_one_is():
    class Watching(Leaf):
        def __del__(self):
            depth.append(len(inspect.stack()))
            super().__del__()

    depth, freed = [], []
    tree = Watching("0", freed)
    for name in range(1, 100):
        tree = Watching(str(name), freed, tree)
    things = [tree]
    del tree
    dismantle(things)
    assert len(freed) == 100
    assert len(set(depth)) == 1


def test_what_somebody_else_holds_stays_as_it_is():
    freed = []
    kept = Leaf("kept", freed, Leaf("below", freed))
    dismantle([Leaf("top", freed, kept), kept])
    assert freed == ["top"]
    assert kept.inner[0].name == "below"


def test_in_the_foreground_work_is_done_at_once(collector):
    results = []
    front = Foreground()
    front.hold()
    front(lambda: 7).addCallback(results.append)
    front.release()
    assert results == [7]
    assert collector.isenabled()


def test_in_the_foreground_a_failure_is_a_result_too():
    failures = []
    Foreground()(lambda: 1 / 0).addErrback(failures.append)
    assert [failure.type for failure in failures] == [ZeroDivisionError]


def test_freeing_does_not_hide_from_the_collector_what_others_make(collector, monkeypatch):
    monkeypatch.setattr(background, "YOUNG", 10)
    seen = []

    def note(phase, info):
        if phase == "stop":
            seen.append(info["generation"])

    tree = []
    for _ in range(100):
        tree = [tree]
    things = [tree]
    del tree
    collector.callbacks.append(note)
    try:
        dismantle(things)
    finally:
        collector.callbacks.remove(note)
    assert seen.count(0) >= 10
