"""The processes under test: the gateway, and httpbin under gunicorn.  Each is ended by its own process id."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen
from prometheus_client.parser import text_string_to_metric_families

from harness.waiting import DEADLINE, until
from harness.wire import Message, Wire, connect, get

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parents[1]
TREE = Path(os.environ.get("SHADOWGATE_TREE", ROOT))
"""Where the gateway under test is taken from: the source, or what was built of it."""

RUN = ("-m", "shadowgate", "run")
TWISTD = ("-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=", "shadowgate")


def whole_lines(text: str) -> list[str]:
    """Return the lines of a file that somebody is writing to, without one that has only begun.

    However it is written, what is appended becomes visible page by page (ext4): a reader sees 4096 bytes of it first.
    """
    return text[: text.rfind("\n") + 1].splitlines()


class Child:
    """A Python process, its output kept in a file."""

    def __init__(self, arguments: Sequence[str | Path], log: Path, **given: Any) -> None:
        self.log = log
        # Not from the working directory, which may be the source.
        path = os.pathsep.join((str(TREE), str(HERE)))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                **given,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Hold the process, so that what happens meanwhile is all there, in this order, when it goes on."""
        state = Path(f"/proc/{self.process.pid}/stat")
        self.signal(signal.SIGSTOP)
        try:
            until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "the process's stop")
            yield
        finally:
            self.signal(signal.SIGCONT)

    def ended(self) -> int:
        """Wait for the end and return the exit status."""
        return self.process.wait(DEADLINE)

    def stop(self) -> int:
        """End the process in good order; return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@frozen
class Accounts:
    """One mirror's numbers."""

    sampled: int
    sent: int
    connecting: int
    answering: int
    dropped: dict[str, int]
    completed: dict[str, int]
    failed: dict[str, int]

    @property
    def balanced(self) -> bool:
        """Whether every shadow is accounted for, once none is under way."""
        return (
            not self.connecting
            and not self.answering
            and self.sampled == self.sent + sum(self.dropped.values())
            and self.sent == sum(self.completed.values()) + sum(self.failed.values())
        )


class Gateway(Child):
    """``shadowgate run`` on a directory of its own, with a free port, and its admin API on a UNIX socket."""

    def __init__(self, directory: Path, *arguments: str, command: Sequence[str] = RUN, **given: Any) -> None:
        self.configuration = directory / "conf"
        self.configuration.mkdir(exist_ok=True)
        self.admin_path = directory / "admin"
        self.access_path = directory / "access.log"
        options = ["--config", self.configuration, "--admin", f"unix:{self.admin_path}"]
        if "--listen" not in arguments:
            options += ["--listen", "tcp:0:interface=127.0.0.1"]
        if "--access-log" not in arguments:
            options += ["--access-log", self.access_path]
        super().__init__([*command, *options, *arguments], directory / "gateway.log", **given)

    # Clients

    def wait_ready(self) -> None:
        until(self._ready, lambda: self.said)

    def _ready(self) -> bool:
        assert self.process.poll() is None, f"the gateway ended with {self.process.returncode}: {self.said}"
        try:
            return self.admin("/ready").status == 200
        except OSError:
            return False

    @property
    def port(self) -> int:
        return int(self.config()["listeners"][0]["address"].rpartition(":")[2])

    def connect(self) -> Wire:
        return connect(("127.0.0.1", self.port))

    def ask(self, request: bytes, method: bytes = b"GET") -> Message:
        """Send one request on a connection of its own and return the answer."""
        with self.connect() as client:
            client.send(request)
            return client.answer(method)

    # Configuration

    def write(self, name: str, text: str) -> None:
        """Put a file in place at once, as an editor or a deployment would."""
        fresh = self.configuration / f".{name}.new"
        fresh.write_text(text)
        fresh.replace(self.configuration / name)

    def serve(self, text: str) -> None:
        """Put one configuration in service and have it looked at now."""
        before = self.config()["generation"]
        self.write("configuration.yaml", text)
        self.signal(signal.SIGHUP)
        until(
            lambda: (now := self.config())["generation"] > before or not now["last_load_ok"],
            lambda: f"a new generation: {self.said}",
        )
        now = self.config()
        assert now["last_load_ok"], now["problems"]

    # What it tells

    def admin(self, path: str) -> Message:
        with connect(str(self.admin_path)) as client:
            client.send(get(path, "admin", "Connection: close"))
            return client.answer()

    def config(self) -> dict[str, Any]:
        return dict(json.loads(self.admin("/config").body))

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of this name that have these labels."""
        return sum(sample.value for sample in self._samples(name) if labels.items() <= sample.labels.items())

    def _samples(self, name: str) -> list[Any]:
        families = text_string_to_metric_families(self.admin("/metrics").body.decode())
        return [sample for family in families for sample in family.samples if sample.name == name]

    def accounts(self, mirror: str) -> Accounts:
        text = self.admin("/metrics").body.decode()
        samples = [
            sample
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.labels.get("mirror") == mirror
        ]

        def by(name: str, label: str) -> dict[str, int]:
            return {
                sample.labels[label]: int(sample.value)
                for sample in samples
                if sample.name == f"shadowgate_mirror_{name}"
            }

        phases = by("in_flight", "phase")
        return Accounts(
            by("sampled_total", "mirror").get(mirror, 0),
            by("sent_total", "mirror").get(mirror, 0),
            phases.get("connecting", 0),
            phases.get("answering", 0),
            by("dropped_total", "reason"),
            by("completed_total", "class"),
            by("failed_total", "reason"),
        )

    def settled_accounts(self, mirror: str, sampled: int) -> Accounts:
        """Return a mirror's numbers when so many requests were sampled and none of their shadows is under way."""
        return until(
            lambda: now if (now := self.accounts(mirror)).sampled == sampled and now.balanced else None,
            lambda: f"accounts that add up: {self.accounts(mirror)}",
        )  # type: ignore[return-value]

    def access(self, path: Path | None = None) -> list[dict[str, Any]]:
        path = path or self.access_path
        return [json.loads(line) for line in whole_lines(path.read_text())] if path.exists() else []

    def memory(self, key: str = "VmRSS") -> int:
        """Return bytes of memory: VmRSS now, or VmHWM for the most there ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{key}:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


class Httpbin(Child):
    """The real httpbin under gunicorn, as the tutorials run it, with Host at the front of its access lines."""

    def __init__(self, version: str, directory: Path) -> None:
        self.version = version
        log_format = '%({host}i)s %(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
        super().__init__(
            [
                "-m",
                "gunicorn",
                "-b",
                "127.0.0.1:0",
                f"--access-logformat={log_format}",
                "--access-logfile=-",
                "httpbin:app",
            ],
            directory / f"{version}.log",
        )

    def wait_ready(self) -> None:
        found = until(lambda: re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", self.said), lambda: self.said)
        self.port = int(found[1])
        until(lambda: "Booting worker" in self.said, lambda: self.said)

    def lines(self) -> list[str]:
        """Return the access lines so far."""
        return [line for line in whole_lines(self.said) if ' HTTP/1.1" ' in line]
