"""``make demo`` as a person meets it: what it shows, how it ends, what it leaves behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

TIMEOUT = 60


@contextmanager
def demo(temporary: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "shadowgate.demo", *arguments],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} never came:\n{seen}")


def test_the_show_tells_what_each_party_saw_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "--once", "--port", str(any_port())) as process:
        shown, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, shown
    assert "asked as httpbin:8000" in shown
    assert shown.count("Host: httpbin:8000") == shown.count("Host: httpbin-shadow:8000") == 3
    assert shown.count('"GET /headers HTTP/1.1" 200') == shown.count('"POST /post HTTP/1.1" 200') == 2
    assert "\x1b" not in shown, "colour is for terminals"
    assert max(map(len, shown.splitlines())) <= 100
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, "--port", str(port)) as process:
            shown, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert shown == f"shadowgate demo: port {port} is in use; name another: make demo PORT=8080 (or --port 8080)\n"


def test_it_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    port = any_port()
    with demo(tmp_path, "--port", str(port)) as process:
        read_until(process, "Serving until Ctrl-C")
        with urlopen(Request(f"http://127.0.0.1:{port}/user-agent", headers={"Host": "httpbin:8000"})) as answer:
            assert b"urllib" in answer.read()
        read_until(process, "Host: httpbin-shadow:8000")
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, shown
    assert "nothing is left running" in shown
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
