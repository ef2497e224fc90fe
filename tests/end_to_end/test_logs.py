"""Logs that nobody reads or that cannot be written: no request waits for them, and the process ends when it is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.peers import peer
from harness.processes import RUN, TREE, TWISTD, Gateway
from harness.waiting import until
from harness.wire import connect, get

GOOD = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'
WRONG = "routes:\n" + "  - {to: nowhere, mistake: 1}\n" * 1000
"""What there is to say of it is more than a pipe takes."""

COMMANDS = pytest.mark.parametrize("command", [RUN, TWISTD], ids=["shadowgate run", "twistd shadowgate"])
PROCESSES = pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "two workers"])


@pytest.fixture
def nobody(directory: Path) -> Iterator[int]:
    """The end of a pipe, at whose other end gateways say everything that they say; nobody reads it."""
    os.mkfifo(directory / "gateway.log")
    reader = os.open(directory / "gateway.log", os.O_RDONLY | os.O_NONBLOCK)
    yield reader
    os.close(reader)


def fill(gateway: Gateway) -> None:
    """Have it say more than a pipe takes."""
    before = (gateway.configuration / "a.yaml").read_text()
    gateway.write("a.yaml", WRONG)
    gateway.signal(signal.SIGHUP)
    until(lambda: not gateway.config()["last_load_ok"], "the mistakes")
    gateway.write("a.yaml", before)
    gateway.signal(signal.SIGHUP)
    until(lambda: gateway.config()["last_load_ok"], "no more mistakes")


@COMMANDS
def test_the_very_last_event_is_there(start_gateway, command: Sequence[str]):
    gateway = start_gateway({"a.yaml": GOOD.format("127.0.0.1:1")}, command=command)
    gateway.stop()
    assert gateway.said.splitlines()[-1].endswith(("Main loop terminated.", "Server Shut Down."))


@COMMANDS
@PROCESSES
def test_a_log_that_nobody_reads_holds_no_request(
    start_gateway, nobody: int, workers: tuple[str, ...], command: Sequence[str]
):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, *workers, command=command)
        for _ in range(2):
            fill(gateway)
            assert gateway.ask(get("/")).status == 200
        gateway.stop()
        assert len(os.read(nobody, 65536)) > 60_000  # it was full


@COMMANDS
@PROCESSES
def test_logs_that_can_neither_be_read_nor_written_do_not_keep_it_from_ending(
    start_gateway, nobody: int, workers: tuple[str, ...], command: Sequence[str]
):
    with peer() as upstream:
        options = (*workers, "--access-log", "/dev/full")
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, *options, command=command)
        fill(gateway)
        for _ in range(5):
            assert gateway.ask(get("/")).status == 200
        until(lambda: gateway.metric("shadowgate_log_lines_lost_total") == 5, "all lines to be counted as lost")
        gateway.stop()


def test_an_access_log_that_cannot_be_written_is_told_of_once(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, "--access-log", "/dev/full")
        for number in range(1, 4):
            assert gateway.ask(get("/")).status == 200
            until(lambda n=number: gateway.metric("shadowgate_log_lines_lost_total") == n, "a lost line")
        gateway.stop()
        assert gateway.said.count("cannot write /dev/full: [Errno 28] No space left on device") == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_whatever_is_closed_at_the_start_no_socket_gets_its_number(directory: Path, closed: str):
    with peer() as upstream:
        (directory / "a.yaml").write_text(GOOD.format(upstream))
        given = ["run", "-c", "a.yaml", "-l", "unix:clients", "--admin", "unix:admin", "--access-log", "-"]
        started = subprocess.Popen(
            ["sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "-m", "shadowgate", *given],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(TREE), "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until((directory / "clients").exists, "the listener")
            with connect(str(directory / "clients")) as client:
                client.send(get("/"))
                assert client.answer().status == 200
            files = [os.readlink(f"/proc/{started.pid}/fd/{number}") for number in range(3)]
            assert files == [os.devnull] * 3
        finally:
            started.terminate()
            assert started.wait(30) == 0
