"""The shadow-report observer."""

import json
from pathlib import Path
from typing import Any

from shadowgate_canary.shadow_report import MOST_PENDING, ShadowReport
from twisted.internet.task import Clock

from shadowgate.plugin import ByteSize
from shadowgate.testing import MirrorObserverContract, environment, mirror_result, request


class TestContract(MirrorObserverContract):
    def make(self) -> ShadowReport:
        return ShadowReport("/nowhere/that/exists/report.jsonl")


def lines_of(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_shadow_becomes_a_line(tmp_path: Path) -> None:
    file, clock = tmp_path / "report.jsonl", Clock()
    observe = ShadowReport(str(file)).compile(environment(clock))
    observe(mirror_result(of=request("POST", "/pay?card=4711", authority="shop-shadow"), status=502, duration=0.25))
    observe(mirror_result("dropped", reason="in_flight"))
    assert not file.exists(), "lines are written together, after the turn of the reactor"
    clock.advance(0)
    first, second = lines_of(file)
    assert first == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "mirror": "candidate",
        "requestId": first["requestId"],
        "method": "POST",
        "host": "shop-shadow",
        "path": "/pay",
        "endpoint": "203.0.113.1:80",
        "outcome": "completed",
        "reason": "",
        "status": 502,
        "milliseconds": 250.0,
        "requestBytes": 0,
        "responseBytes": 0,
    }
    assert (second["outcome"], second["reason"], second["status"]) == ("dropped", "in_flight", None)


def test_only_trouble_leaves_good_answers_out(tmp_path: Path) -> None:
    file, clock = tmp_path / "report.jsonl", Clock()
    observe = ShadowReport(str(file), only="trouble").compile(environment(clock))
    for result in (mirror_result(status=200), mirror_result(status=500), mirror_result("failed", reason="reset")):
        observe(result)
    clock.advance(0)
    assert [line["status"] for line in lines_of(file)] == [500, None]


def test_a_full_file_makes_room(tmp_path: Path) -> None:
    file, clock = tmp_path / "report.jsonl", Clock()
    observe = ShadowReport(str(file), max_size=ByteSize(1024)).compile(environment(clock))
    for _ in range(20):
        observe(mirror_result())
        clock.advance(0)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert set(kept) <= {"report.jsonl", "report.jsonl.1"}
    assert (tmp_path / "report.jsonl.1").stat().st_size < 2048


def test_what_cannot_be_written_is_counted_and_hurts_nobody(tmp_path: Path) -> None:
    clock = Clock()
    env = environment(clock)
    observe = ShadowReport(str(tmp_path / "no" / "such" / "folder")).compile(env)
    observe(mirror_result())
    clock.advance(0)
    assert env.metrics.counts == {"shadow_report_lost": 1}


def test_a_flood_within_one_turn_is_bounded(tmp_path: Path) -> None:
    file, clock = tmp_path / "report.jsonl", Clock()
    env = environment(clock)
    observe = ShadowReport(str(file)).compile(env)
    for _ in range(MOST_PENDING + 3):
        observe(mirror_result())
    clock.advance(0)
    assert len(lines_of(file)) == MOST_PENDING
    assert env.metrics.counts == {"shadow_report_lost": 3}
