"""Work in threads, and a garbage collector that keeps out of its way."""

import gc
import inspect
import sys

import pytest
from twisted.python.failure import Failure

from shadowgate import background
from shadowgate.background import Background, Foreground, dismantle, uncollected


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


def test_the_collector_pauses_until_the_result_is_there(reactor, collector):
    seen = []
    Background(reactor)(lambda: seen.append(collector.isenabled()))
    assert seen == [False]
    assert not collector.isenabled()
    reactor.settle()
    assert collector.isenabled()


def test_work_that_fails_lets_the_collector_go_on(reactor, collector):
    reactor.callInThreadWithCallback = lambda done, work: done(False, Failure(ZeroDivisionError()))
    failures = []
    Background(reactor)(lambda: None).addErrback(failures.append)
    reactor.settle()
    assert [failure.type for failure in failures] == [ZeroDivisionError]
    assert collector.isenabled()


def test_it_pauses_for_as_long_as_anybody_holds_it(reactor, collector):
    running = Background(reactor)
    running.hold()
    running(lambda: None)
    reactor.settle()
    assert not collector.isenabled()
    running.release()
    assert collector.isenabled()


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
