"""What the end-to-end tests run against: gateways in processes of their own, and the real httpbin as v1 and v2."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.processes import RUN, Gateway, Httpbin

StartGateway = Callable[..., Gateway]

# A shell's background job ignores SIGINT, and so would every process that is started here, some to be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a name short enough for UNIX sockets, which have about a hundred letters."""
    with TemporaryDirectory(prefix="shadowgate-") as name:
        yield Path(name)


@pytest.fixture
def start_gateway(directory: Path) -> Iterator[StartGateway]:
    """Starts a gateway on the given files and waits until it is ready; it is stopped after the test."""
    started: list[Gateway] = []

    def start(files: dict[str, str], *arguments: str, command: Sequence[str] = RUN) -> Gateway:
        (directory / "conf").mkdir(exist_ok=True)
        for name, text in files.items():
            (directory / "conf" / name).write_text(text)
        gateway = Gateway(directory, *arguments, command=command)
        started.append(gateway)
        gateway.wait_ready()
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """One gateway for all tests of a module, each of which puts its own configuration in service."""
    with TemporaryDirectory(prefix="shadowgate-") as name:
        running = Gateway(Path(name))
        try:
            running.wait_ready()
            yield running
            assert "Traceback" not in running.said, running.said
        finally:
            assert running.stop() == 0, running.said


@pytest.fixture(scope="session")
def httpbins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Httpbin, Httpbin]]:
    """httpbin v1 and v2."""
    directory = tmp_path_factory.mktemp("httpbin")
    versions = Httpbin("v1", directory), Httpbin("v2", directory)
    try:
        for version in versions:
            version.wait_ready()
        yield versions
    finally:
        for version in versions:
            version.stop()
