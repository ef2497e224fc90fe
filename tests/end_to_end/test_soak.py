"""The soak in short: ``make soak`` runs it for as long as one likes."""

from __future__ import annotations

from secrets import token_hex

import pytest
from attrs import evolve

from soak.measures import CALLS, MEMORY_LEAST, Rest
from soak.report import report
from soak.run import lengths, soaking

SECONDS = 20.0
WARM = Rest(sockets=2, files=10, threads=4, connections=0, timeouts=0, calls=8, endpoints=0, memory=80 << 20)


@pytest.mark.slow
def test_bad_weather_changes_no_answer_and_leaves_nothing_behind():
    seed = token_hex(4)
    with soaking(seed, clients=24, pause=0.03) as soak:
        for seconds in lengths(SECONDS):
            soak.round(seconds)
        soak.conclude()
        assert soak.outcome.good, "\n".join([f"seed {seed}", *report(soak.outcome)])
        exchanges = sum(done.exchanges for done in soak.outcome.rounds)
    assert exchanges > 100, "there was no traffic to speak of"


@pytest.mark.parametrize(
    "more",
    [
        {"sockets": 3},
        {"files": 11},
        {"connections": 1},
        {"timeouts": 1},
        {"endpoints": 1},
        {"calls": 9 + CALLS},
        {"threads": 40},
        {"memory": WARM.memory + MEMORY_LEAST + 1},
    ],
    ids=lambda more: next(iter(more)),
)
def test_whatever_is_left_behind_is_told(more):
    (name,) = more
    assert any(fault.startswith(name) for fault in evolve(WARM, **more).worse_than(WARM))


def test_a_gateway_that_has_let_go_of_everything_is_as_it_was():
    less = evolve(WARM, calls=8 + CALLS, memory=WARM.memory + MEMORY_LEAST, threads=6)
    assert list(less.worse_than(WARM)) == []


@pytest.mark.parametrize("name", ["connections", "timeouts", "endpoints"])
def test_what_was_left_behind_by_the_warm_up_counts_too(name):
    left = evolve(WARM, **{name: 1})
    assert [fault.partition(":")[0] for fault in left.worse_than(left)] == [name]


@pytest.mark.parametrize("minutes", [0.1, 1, 5, 600])
def test_a_run_has_a_warm_up_and_rounds_after_it_of_a_minute_or_so(minutes):
    rounds = lengths(minutes * 60)
    assert sum(rounds) == pytest.approx(minutes * 60)
    assert len(rounds) >= 3
    assert rounds[0] <= 90
