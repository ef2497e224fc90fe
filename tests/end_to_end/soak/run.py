"""The soak itself: rounds of traffic in bad weather, with a look at the resting gateway after each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from attrs import define, field, frozen

from harness.processes import Accounts, Gateway
from harness.waiting import until
from harness.wire import connect, get
from soak import measures
from soak.configurations import REST, Servers
from soak.measures import Rest
from soak.traffic import Traffic
from soak.visits import Record
from soak.weather import Upstream, Weather, quiet_ports

LONGEST_ROUND: Final = 60.0
FEWEST_ROUNDS: Final = 3

STAYING: Final = ("candidate", "hostile", "nobody")
"""Mirrors of both configurations; the numbers of the others go with their configuration."""

LOG_SECONDS: Final = 5.0

INNOCENT: Final = frozenset({"request_incomplete"})
"""How a shadow may fail at a mirror that nothing happens to: its client has left in the middle of the request."""


@frozen
class Round:
    """One stretch of traffic; ``exchanges`` are the gateway's count, ``visits`` the clients'."""

    seconds: float
    visits: int
    exchanges: int
    shadows: int
    rest: Rest


@define(eq=False)
class Outcome:
    """All that a run has found out."""

    rounds: list[Round] = field(factory=list)
    record: Record = field(factory=Record)
    weather: dict[str, int] = field(factory=dict)
    faults: list[str] = field(factory=list)
    mirrors: dict[str, dict[str, int]] = field(factory=dict)

    @property
    def good(self) -> bool:
        return not self.faults and not self.record.wrongs

    def add(self, name: str, accounts: Accounts) -> None:
        """Add one round's numbers to a mirror's."""
        sums = self.mirrors.setdefault(name, {})
        rows = {"sampled": accounts.sampled, "sent": accounts.sent, "completed": sum(accounts.completed.values())}
        rows |= {f"dropped {reason}": number for reason, number in accounts.dropped.items()}
        rows |= {f"failed {reason}": number for reason, number in accounts.failed.items()}
        for row, number in rows.items():
            sums[row] = sums.get(row, 0) + number


class Soak:
    """A gateway, its upstreams, and everything that is done to them."""

    def __init__(self, seed: str, clients: int, pause: float, arguments: Sequence[str], directory: Path) -> None:
        self.outcome = Outcome()
        self._seed = seed
        self._clients = clients
        self._pause = pause
        self._numbers = count(1)
        chance = Random(f"{seed}, weather")
        ports = quiet_ports(6, chance)
        self._servers = Servers(ports[0], (ports[1], ports[2]), ports[3], ports[4], ports[5])
        self._candidate_seen = 0
        names = ("steady", "flapping-1", "flapping-2", "candidate", "hostile")
        seeds = ("", "", "", "", f"{seed}, hostile")
        self.upstreams = [
            Upstream(name, port, directory, given) for name, port, given in zip(names, ports, seeds, strict=False)
        ]
        for upstream in self.upstreams:
            upstream.start()
        (directory / "conf").mkdir()
        (directory / "conf" / "configuration.yaml").write_text(REST)
        self.gateway = Gateway(directory, *arguments)
        self.gateway.wait_ready()
        self._port = self.gateway.port
        fickle = [self.upstreams[1], self.upstreams[2], self.upstreams[4]]
        self._weather = Weather(self.gateway, self._servers, fickle, chance, self.outcome.weather)

    def round(self, seconds: float) -> Round:
        """Let clients and weather work, then let everything end, and measure what is left."""
        record, since = self.outcome.record, monotonic()
        before = sum(tally.all for tally in record.tallies.values())
        # The first configuration must be there before the first client is.
        self._weather.reload()
        seed = f"{self._seed}, round {len(self.outcome.rounds)}"
        traffic = Traffic(self._port, seed, self._clients, self._pause, record, self._numbers)
        try:
            self._weather.blow(seconds)
        except AssertionError as failed:
            self.outcome.faults.append(f"{failed}")
        finally:
            traffic.stop()
        self.outcome.faults += measures.unsettled(self.gateway)
        exchanges, mirrors = measures.counts(self.gateway)
        self._account_mirrors(mirrors)
        self._account_log(exchanges, mirrors)
        self.gateway.serve(REST)
        done = Round(
            monotonic() - since,
            sum(tally.all for tally in record.tallies.values()) - before,
            exchanges.total(),
            sum(accounts.sampled for accounts in mirrors.values()),
            measures.rest(self.gateway),
        )
        self.outcome.rounds.append(done)
        return done

    def _account_mirrors(self, mirrors: dict[str, Accounts]) -> None:
        """Hold the gateway's numbers against what the mirror has seen that nothing happens to."""
        faults = self.outcome.faults
        for name, accounts in mirrors.items():
            self.outcome.add(name, accounts)
        candidate = mirrors.get("candidate")
        if candidate is None:
            faults.append("there are no numbers of the mirror candidate")
            return
        seen = self._seen_by_candidate()
        new, self._candidate_seen = seen - self._candidate_seen, seen
        completed = sum(candidate.completed.values())
        if new != completed:
            faults.append(f"the candidate has had {new:,} shadows, and the gateway counts {completed:,} completed")
        for reason in (candidate.dropped.keys() | candidate.failed.keys()) - INNOCENT:
            faults.append(f"shadows for a mirror that works were lost: {reason}")

    def _account_log(self, exchanges: Counter[str], mirrors: dict[str, Accounts]) -> None:
        """Hold the gateway's numbers against its access log: a line for each exchange and each shadow."""
        expected = {**exchanges, **{name: mirrors[name].sampled for name in STAYING if name in mirrors}}
        paths = [*self._weather.rotated, self.gateway.access_path]

        def missing() -> dict[str, tuple[int, int]]:
            lines = measures.logged(paths)
            return {name: (number, lines[name]) for name, number in expected.items() if lines[name] != number}

        try:
            until(lambda: not missing(), seconds=LOG_SECONDS)
        except AssertionError:
            self.outcome.faults.append(f"counted, and lines in the access log: {missing()}")
        for path in self._weather.rotated:
            path.unlink()
        self._weather.rotated.clear()
        self._weather.rotate()
        for path in self._weather.rotated:
            path.unlink()
        self._weather.rotated.clear()

    def _seen_by_candidate(self) -> int:
        with connect(("127.0.0.1", self._servers.candidate)) as client:
            client.send(get("/counts/0"))
            return int(json.loads(client.answer().body)["whole"])

    def conclude(self) -> None:
        """Compare the last rest with the first, and look for what should not have been said."""
        rounds, faults = self.outcome.rounds, self.outcome.faults
        faults += rounds[-1].rest.worse_than(rounds[0].rest)
        for upstream in self.upstreams:
            if "Traceback" in upstream.complaints:
                faults.append(f"{upstream.name} could not understand what it was sent:\n{upstream.complaints[-2000:]}")
        if "Traceback" in self.gateway.said:
            faults.append(f"the gateway's log has a traceback:\n{self.gateway.said[-4000:]}")
        status = self.gateway.stop()
        if status:
            faults.append(f"the gateway ended with status {status}")


@contextmanager
def soaking(seed: str, clients: int, pause: float, arguments: Sequence[str] = ()) -> Iterator[Soak]:
    """Start a gateway and its upstreams; end them, whatever happens."""
    with TemporaryDirectory(prefix="shadowgate-soak-") as name, ExitStack() as stack:
        soak = Soak(seed, clients, pause, arguments, Path(name))
        stack.callback(soak.gateway.stop)
        for upstream in soak.upstreams:
            stack.callback(upstream.end)
        yield soak


def lengths(seconds: float) -> list[float]:
    """Return the lengths of the rounds: the first is the warm-up."""
    rounds = max(FEWEST_ROUNDS, round(seconds / LONGEST_ROUND))
    return [seconds / rounds] * rounds
