"""What happens around the gateway while clients are there: servers come and go, and configurations change.

Everything is done by the process id of what was started here.
"""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Final

from attrs import define, field

from harness.processes import Child, Gateway
from harness.waiting import DEADLINE, until
from soak.configurations import BROKEN, Servers, busy

HERE: Final = Path(__file__).parents[1]


class Upstream:
    """One server process on a port of its own, that can be ended, started again and held."""

    def __init__(self, name: str, port: int, directory: Path, seed: str = "") -> None:
        self.name = name
        self.port = port
        self._directory = directory
        self._arguments = ["-m", "soak.server", port, *([seed] if seed else [])]
        self._lives = 0
        self._child: Child | None = None

    def start(self) -> None:
        self._lives += 1
        log = self._directory / f"{self.name}-{self._lives}.log"
        self._child = Child([str(part) for part in self._arguments], log, cwd=HERE)
        until(self._listens, lambda: log.read_text())

    def end(self) -> None:
        """End it as a crash would."""
        child, self._child = self._child, None
        if child is not None:
            child.process.kill()
            child.process.wait(DEADLINE)

    def hold(self, seconds: float) -> None:
        """Let it stand still for a while: it accepts nothing, reads nothing and says nothing."""
        if self._child is not None:
            with self._child.suspended():
                sleep(seconds)

    @property
    def complaints(self) -> str:
        """What it has written: it writes only about requests that it could not understand."""
        logs = sorted(self._directory.glob(f"{self.name}-*.log"))
        return "".join(log.read_text(errors="replace") for log in logs)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@define(eq=False)
class Weather:
    """Changes one thing after another; ``done`` counts what was done."""

    gateway: Gateway
    servers: Servers
    fickle: list[Upstream]
    chance: Random
    done: dict[str, int] = field(factory=dict)
    rotated: list[Path] = field(factory=list)
    _other: bool = False
    _reload_at: float = 0.0

    def blow(self, seconds: float) -> None:
        """Go on for so long; everything is up again at the end."""
        end = monotonic() + seconds
        while (now := monotonic()) < end:
            if now >= self._reload_at:
                self.chance.choices((self.reload, self.reload_broken, self.rotate), (6, 1, 3))[0]()
                self._reload_at = monotonic() + self.chance.uniform(1.0, 3.0)
            self.chance.choice((self.restart, self.hold, self.calm))()

    def reload(self) -> None:
        self._count("reloads")
        self._other = not self._other
        self.gateway.serve(busy(self.servers, self._other))

    def reload_broken(self) -> None:
        """Offer what cannot be served; it must be refused, and what was there must stay."""
        self._count("refused reloads")
        before = self.gateway.config()["generation"]
        self.gateway.write("configuration.yaml", BROKEN)
        self.gateway.signal(signal.SIGHUP)
        until(lambda: not self.gateway.config()["last_load_ok"], "the refusal of a broken configuration")
        assert self.gateway.config()["generation"] == before
        self.gateway.write("configuration.yaml", busy(self.servers, self._other))
        self.gateway.signal(signal.SIGHUP)
        until(lambda: self.gateway.config()["last_load_ok"], "the configuration that was there before")

    def rotate(self) -> None:
        self._count("log rotations")
        path = self.gateway.access_path
        moved = path.with_suffix(f".{self.done['log rotations']}")
        path.rename(moved)
        self.rotated.append(moved)
        self.gateway.signal(signal.SIGUSR1)
        until(path.exists, "the new access log")

    def restart(self) -> None:
        self._count("crashes")
        upstream = self.chance.choice(self.fickle)
        upstream.end()
        sleep(self.chance.uniform(0, 0.7))
        upstream.start()

    def hold(self) -> None:
        self._count("standstills")
        self.chance.choice(self.fickle).hold(self.chance.uniform(0.1, 1.5))

    def calm(self) -> None:
        sleep(self.chance.uniform(0.05, 0.5))

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1


def quiet_ports(count: int, chance: Random) -> list[int]:
    """Return free ports that no outgoing connection is given: a server that is down must find its own again."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    while len(found) < count:
        port = chance.randrange(10_000, first)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found
