"""Configurations that are loaded while requests are served: one at a time, the latest one offered."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, globalLogPublisher

from shadowgate.loader import Closed, Loader
from shadowgate.plugin import Environment
from shadowgate.testing import environment


@define(eq=False)
class Threads:
    """Background work whose end a test decides: ``finish`` does the next piece."""

    waiting: list = field(factory=list)
    held: int = 0

    def __call__(self, work):
        done = Deferred()
        self.waiting.append((work, done))
        return done

    def hold(self):
        self.held += 1

    def release(self):
        self.held -= 1

    def finish(self):
        work, done = self.waiting.pop(0)
        try:
            result = work()
        except Exception:
            done.errback()
        else:
            done.callback(result)


@define(eq=False)
class House:
    """A loader whose documents are words: it reads them into upper case and compiles them letter by letter."""

    env: Environment = field(factory=environment)
    threads: Threads = field(factory=Threads)
    read: list = field(factory=list)
    letters: list = field(factory=list)
    finished: list = field(factory=list)
    loader: Loader = field(init=False)

    def __attrs_post_init__(self):
        self.loader = Loader(self.env, self.threads, self._read, self._compile, self._finish)

    def _read(self, offer):
        (word,), _ = offer
        self.read.append(word)
        if word == "unreadable":
            raise ValueError(word)
        return None if word == "old" else word.upper()

    def _compile(self, loaded):
        for letter in loaded:
            if letter == "?":
                raise ValueError(loaded)
            self.letters.append(letter)
            yield
        return f"<{loaded}>"

    def _finish(self, offer, loaded, snapshot):
        if loaded == "BAD":
            raise ValueError(loaded)
        self.finished.append((offer, loaded, snapshot))

    def offer(self, word):
        self.loader.offer([word], ["problem"])

    def settle(self):
        """Do everything there is to do, in the background and in the foreground."""
        while self.threads.waiting or self.env.clock.getDelayedCalls():
            if self.threads.waiting:
                self.threads.finish()
            self.env.clock.advance(0)


@pytest.fixture
def it():
    return House()


@pytest.fixture
def logged():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [event for event in events if event["log_level"] is LogLevel.critical]
    globalLogPublisher.removeObserver(events.append)


def test_an_offer_is_read_in_the_background_compiled_in_turns_and_finished(it):
    it.offer("ab")
    assert it.read == []
    it.threads.finish()
    assert it.read == ["ab"]
    assert it.finished == []
    it.settle()
    assert it.letters == ["A", "B"]
    assert it.finished == [((("ab",), ("problem",)), "AB", "<AB>")]


def test_it_keeps_the_collector_away_until_all_is_done(it):
    it.offer("ab")
    assert it.threads.held == 1
    it.threads.finish()
    assert it.threads.held == 1
    it.settle()
    assert it.threads.held == 0
    assert not it.loader.busy


def test_an_offer_during_another_waits_for_it(it):
    it.offer("ab")
    it.offer("cd")
    assert len(it.threads.waiting) == 1
    it.settle()
    assert [loaded for _, loaded, _ in it.finished] == ["AB", "CD"]


def test_of_several_that_wait_the_latest_is_loaded(it):
    for word in ("ab", "cd", "ef", "gh"):
        it.offer(word)
    it.settle()
    assert it.read == ["ab", "gh"]
    assert [loaded for _, loaded, _ in it.finished] == ["AB", "GH"]


def test_an_offer_while_the_last_one_is_compiled_waits_too(it):
    it.offer("ab")
    it.threads.finish()
    it.offer("cd")
    assert it.threads.waiting == []
    it.settle()
    assert [loaded for _, loaded, _ in it.finished] == ["AB", "CD"]


def test_where_there_is_nothing_new_nothing_is_compiled(it):
    it.offer("old")
    it.settle()
    assert (it.letters, it.finished) == ([], [])
    assert not it.loader.busy
    it.offer("new")
    it.settle()
    assert len(it.finished) == 1


def test_that_nothing_is_new_is_told_except_of_what_a_source_says_first(it):
    said = []
    globalLogPublisher.addObserver(said.append)
    try:
        it.offer("old")
        it.settle()
        assert said == []
        it.offer("old")
        it.settle()
    finally:
        globalLogPublisher.removeObserver(said.append)
    assert [event["log_format"] for event in said] == ["the configuration has not changed"]


@pytest.mark.parametrize("word", ["unreadable", "a?", "bad"])
def test_whatever_goes_wrong_the_next_one_is_loaded(it, word, logged):
    it.offer(word)
    it.offer("ab")
    it.settle()
    assert [loaded for _, loaded, _ in it.finished] == ["AB"]
    assert it.threads.held == 0
    assert [event["log_failure"].type for event in logged()] == [ValueError]


@pytest.mark.parametrize("reached", ["reading", "compiling"])
def test_after_its_end_nothing_is_put_in_service(it, reached):
    it.offer("ab")
    it.offer("cd")
    if reached == "compiling":
        it.threads.finish()
    it.loader.close()
    it.offer("ef")
    it.settle()
    assert it.finished == []
    assert it.read == ["ab"]
    assert it.threads.held == 0


# Changes


def change(it, word, ends):
    """Ask for a change; its end goes to ``ends``."""

    def read():
        it.read.append(word)
        return None if word == "old" else ((word,), word.upper())

    def finish(offer, loaded, snapshot):
        if loaded == "BAD":
            raise ValueError(loaded)
        it.finished.append((offer, loaded, snapshot))
        return f"{loaded} is done"

    it.loader.change(read, finish).addBoth(ends.append)


def test_each_change_has_its_turn(it):
    ends = []
    for word in ("ab", "cd", "ef"):
        change(it, word, ends)
    it.settle()
    assert it.read == ["ab", "cd", "ef"]
    assert ends == ["AB is done", "CD is done", "EF is done"]
    assert it.finished[0] == (("ab",), "AB", "<AB>")


def test_a_change_without_anything_to_do_ends_at_once(it):
    ends = []
    change(it, "old", ends)
    it.settle()
    assert (ends, it.finished, it.letters) == ([None], [], [])


def test_an_offer_does_not_wait_behind_changes(it):
    ends = []
    change(it, "ab", ends)
    change(it, "cd", ends)
    it.offer("ef")
    it.settle()
    assert [loaded for _, loaded, _ in it.finished] == ["AB", "EF", "CD"]


def test_changes_do_not_keep_an_offer_from_being_the_latest(it):
    ends = []
    it.offer("ab")
    change(it, "cd", ends)
    it.offer("ef")
    it.settle()
    assert [loaded for _, loaded, _ in it.finished] == ["AB", "EF", "CD"]


@pytest.mark.parametrize("word", ["a?", "bad"])
def test_a_change_that_fails_tells_who_asked_for_it_and_nobody_else(it, word, logged):
    ends = []
    change(it, word, ends)
    change(it, "ab", ends)
    it.settle()
    assert ends[0].type is ValueError
    assert ends[1] == "AB is done"
    assert logged() == []
    assert it.threads.held == 0


def test_who_is_told_of_a_change_may_offer_something(it):
    it.loader.change(lambda: (("ab",), "AB"), lambda *found: it.finished.append(found)).addCallback(
        lambda _: it.offer("cd")
    )
    it.settle()
    assert [loaded for _, loaded, _ in it.finished] == ["AB", "CD"]
    assert not it.loader.busy


@pytest.mark.parametrize("reached", ["nothing", "reading", "compiling"])
def test_after_the_end_changes_fail(it, reached):
    ends = []
    if reached != "nothing":
        change(it, "ab", ends)
        change(it, "cd", ends)
        if reached == "compiling":
            it.threads.finish()
    it.loader.close()
    change(it, "ef", ends)
    it.settle()
    assert {end.type for end in ends} == {Closed}
    assert len(ends) == (1 if reached == "nothing" else 3)
    assert it.finished == []


def test_what_is_replaced_is_freed_in_the_background(it):
    class Snapshot:
        def __del__(self):
            freed.append(self)

    freed = []
    it.loader.let_go(Snapshot(), None)
    it.env.clock.advance(0)
    assert freed == []
    it.threads.finish()
    assert len(freed) == 1


def test_nothing_is_loaded_while_something_is_freed(it):
    it.loader.let_go("old")
    it.offer("ab")
    it.env.clock.advance(0)
    it.threads.finish()
    assert it.read == []
    it.threads.finish()
    assert it.read == ["ab"]
