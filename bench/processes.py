"""The processes that are measured, and what the kernel knows of them (Linux: ``/proc``)."""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PATIENCE = 60.0
"""Seconds until something that should be there is given up."""


class Child:
    """A Python process that listens on a loopback port."""

    def __init__(self, arguments: Sequence[str], port: int, *, quiet: bool = False) -> None:
        self.port = port
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        said = subprocess.DEVNULL if quiet else None
        self.process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, stdin=subprocess.DEVNULL, stderr=said
        )

    def connect(self) -> Connection:
        """Return a connection, waiting until there is somebody to accept it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return Connection(self.port)
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, of all threads."""
        return cpu_of(self.process.pid)

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(_stat(self.process.pid)[21]) * PAGE

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


def accepts(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process accepts connections; ``OSError`` when it has ended before."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def family(pid: int) -> list[int]:
    """Return a process with all its children and theirs."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def cpu_of_family(pid: int) -> float:
    """Return the seconds of processor time of a process and its children, by the scheduler's fine clock."""
    ran = 0
    for each in family(pid):
        for task in Path(f"/proc/{each}/task").iterdir():
            # Documentation/scheduler/sched-stats: nanoseconds on the processor come first.
            ran += int((task / "schedstat").read_text().split()[0])
    return ran / 1e9


def memory_of_family(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    return sum(int(_stat(each)[21]) * PAGE for each in family(pid))


def cpu_of(pid: int) -> float:
    """Return the seconds of processor time that a process has used, in all its threads."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def _stat(pid: int) -> list[str]:
    # proc(5): the name, which is in parentheses, may have spaces; these fields come after it.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class Connection:
    """One client on a keep-alive connection, one request at a time; answers are small and have a Content-Length."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, host: str, path: str) -> bytes:
        """Return the whole answer."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = b""
        while True:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError(f"closed after {answer!r}")
            answer += data
            head, end, body = answer.partition(b"\r\n\r\n")
            if end and len(body) >= int(field(head, b"content-length") or b"0"):
                return answer

    def close(self) -> None:
        self._socket.close()


def field(head: bytes, name: bytes) -> bytes | None:
    """Return the value of a field of an answer's head."""
    for line in head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return None


@contextmanager
def upstream() -> Iterator[str]:
    """Run an upstream and give its address."""
    port = free_port()
    child = Child([str(ROOT / "bench" / "upstream.py"), str(port)], port)
    try:
        child.connect().close()
        yield f"127.0.0.1:{port}"
    finally:
        child.end()


@contextmanager
def gateway(text: str, *more: str) -> Iterator[tuple[Child, Path]]:
    """Run a gateway on a configuration, with ``more`` options; give it and the file, which may be replaced."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "configuration.yaml"
        path.write_text(text)
        options = ["-c", str(path), "-l", f"tcp:{port}:interface=127.0.0.1", "--admin", "none", "--access-log", "none"]
        child = Child(["-m", "shadowgate", "run", *options, *more], port)
        try:
            child.connect().close()
            yield child, path
        finally:
            child.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def machine() -> str:
    """Return what a figure depends on, in one line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"Python {platform.python_version()}, {os.cpu_count()} x {processor}, load average {load}"
