"""Two steps to a new configuration in one worker."""

import pytest

from shadowgate.background import Foreground
from shadowgate.config.pipeline import load
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text
from shadowgate.workers.packing import pack
from shadowgate.workers.staging import Stage

ONE = "clusters: {v1: 127.0.0.1:8001}\nroutes: {name: all, to: v1}\n"
TWO = ONE.replace("all", "other")


WRONG = "clusters: {v1: 127.0.0.1:8001}\nroutes:\n  {name: all, to: v1, filters: no-such-filter}\n"


@pytest.fixture
def it(in_memory):
    made = in_memory(listen=["tcp:8000"])
    made.stage = Stage(made.gateway, Foreground())
    return made


def prepare(it, generation, text):
    results = []
    loaded = load(read_text(text, "gw.yaml", Report()), (), it.gateway.catalog)
    it.stage.prepare(generation, pack(loaded.configuration)).addBoth(results.append)
    it.reactor.settle()
    return results


def routes(it):
    return [rule.route for rule in it.gateway.snapshot.rules]


def test_what_is_prepared_is_not_in_service(it):
    assert prepare(it, 7, ONE) == [()]
    assert (it.gateway.snapshot.generation, it.reactor.ports) == (0, {})


def test_on_the_word_it_serves_under_the_number_that_it_was_given_and_listens(it):
    prepare(it, 7, ONE)
    assert it.stage.commit(7) == ()
    assert (it.gateway.snapshot.generation, routes(it)) == (7, ["all"])
    assert list(it.reactor.ports) == [8000]
    prepare(it, 8, TWO)
    assert routes(it) == ["all"]
    assert it.stage.commit(8) == ()
    assert routes(it) == ["other"]


def test_what_only_compiling_finds_is_told_with_its_place(it):
    (problems,) = prepare(it, 1, WRONG)
    assert [(str(problem.position), problem.severity) for problem in problems] == [("gw.yaml:3:32", "error")]


def test_what_is_wrong_cannot_be_put_in_service(it):
    prepare(it, 1, WRONG)
    with pytest.raises(LookupError):
        it.stage.commit(1)


@pytest.mark.parametrize("word", [2, 0])
def test_only_what_is_prepared_is_put_in_service(it, word):
    prepare(it, 1, ONE)
    with pytest.raises(LookupError):
        it.stage.commit(word)


def test_what_was_given_up_is_not_put_in_service(it):
    prepare(it, 1, ONE)
    it.stage.commit(1)
    prepare(it, 2, TWO)
    it.stage.abandon(2)
    with pytest.raises(LookupError):
        it.stage.commit(2)
    assert routes(it) == ["all"]
    assert {state.name for state in it.gateway.registry.endpoints} == {"127.0.0.1:8001"}


def test_a_port_that_cannot_be_opened_is_told(it):
    it.reactor.taken.add(8000)
    prepare(it, 1, ONE)
    (problem,) = it.stage.commit(1)
    assert "cannot listen on tcp:8000" in problem.message
