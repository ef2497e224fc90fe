"""The admin API's pages of a supervisor: one answer for all workers.

A worker that does not answer in time is left out: of its counts the last that it told are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks

from shadowgate.admin.metrics import Serving, configuration_metrics, render
from shadowgate.admin.pages import PLAIN, Answer, Arguments
from shadowgate.admin.view import Health, State, join_health
from shadowgate.objects.desk import Desk
from shadowgate.plugin import Environment
from shadowgate.workers.channel import Gone, Refused
from shadowgate.workers.configurations import Configurations
from shadowgate.workers.crew import Crew, Member
from shadowgate.workers.merge import Sums


class SupervisorPages:
    """``unready`` tells why new clients are not welcome; ``serving`` is the supervisor's own account of itself."""

    def __init__(
        self,
        env: Environment,
        serving: Serving,
        unready: Callable[[], str],
        configurations: Configurations,
        crew: Crew,
        desk: Desk | None = None,
    ) -> None:
        self.env = env
        self.unready = unready
        self.desk = desk
        self._serving = serving
        self._configurations = configurations
        self._crew = crew

    @inlineCallbacks
    def metrics(self) -> Any:
        for member, answer in (yield self._all("metrics")):
            member.metrics = answer
        alive = Sums()
        for member in self._crew.members.values():
            alive.add(member.metrics)
        if any(member.generation for member in self._crew.members.values()):
            self._crew.departed.keep(alive)
        alive.add(self._crew.departed.plain())
        return render([*configuration_metrics(self._serving), *self._workers(), *alive.metrics()])

    @inlineCallbacks
    def state(self) -> Any:
        busy: dict[str, int] = {}
        health: Health = {}
        told: dict[int, dict[str, Any]] = {}
        for member, answer in (yield self._all("state")):
            told[member.number] = answer
            for endpoint, in_flight in answer["busy"].items():
                busy[endpoint] = busy.get(endpoint, 0) + in_flight
            join_health(health, answer["health"])
        configurations = self._configurations
        state = State.among(configurations.catalog, self._serving, configurations.listeners.addresses, busy, health)
        workers = [self._worker(number, told.get(number)) for number in range(self._crew.count)]
        return evolve(state, facts={**state.facts, "workers": workers})

    @inlineCallbacks
    def explain(self, arguments: Arguments) -> Any:
        """Ask any worker: only they know what is alive."""
        for member in self._crew.joined:
            try:
                status, kind, text = yield member.ask("explain", {**arguments})
                return status, kind, text.encode()
            except (Gone, Refused):
                continue
        unavailable: Answer = (503, PLAIN, b"no worker answers\n")
        return unavailable

    def _all(self, what: str) -> Deferred[list[tuple[Member, Any]]]:
        """Ask all workers at once; the answer has those who answered."""
        members = list(self._crew.joined)
        asked = DeferredList([member.ask(what) for member in members], consumeErrors=True)
        return asked.addCallback(
            lambda results: [(member, answer) for member, (good, answer) in zip(members, results, strict=True) if good]
        )

    def _worker(self, number: int, told: dict[str, Any] | None) -> dict[str, Any]:
        member = self._crew.members.get(number)
        told = told or {}
        return {
            "number": number,
            "pid": member.pid if member else None,
            "generation": member.generation if member else 0,
            "ready": bool(member and member.generation),
            "restarts": self._crew.restarts[number],
            "in_flight": told.get("in_flight"),
            "connections": told.get("connections"),
        }

    def _workers(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("shadowgate_worker_up", "Whether a worker serves.", labels=["worker"])
        restarts = CounterMetricFamily(
            "shadowgate_worker_restarts", "Processes that ended and were replaced.", labels=["worker"]
        )
        for number in range(self._crew.count):
            member = self._crew.members.get(number)
            up.add_metric([str(number)], int(bool(member and member.generation)))
            restarts.add_metric([str(number)], self._crew.restarts[number])
        yield from (up, restarts)
