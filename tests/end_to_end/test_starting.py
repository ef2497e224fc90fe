"""How the gateway starts, under both of its names, and how it says why it cannot."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.peers import peer
from harness.processes import RUN, TWISTD, Child
from harness.wire import get

COMMANDS = pytest.mark.parametrize("command", [RUN, TWISTD], ids=["shadowgate run", "twistd shadowgate"])
GOOD = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'
LISTEN = "tcp:0:interface=127.0.0.1"


def run_to_the_end(directory: Path, *arguments: str, command: Sequence[str] = RUN) -> tuple[int, str]:
    """Run a command that is not to stay; return its exit status and what it said."""
    child = Child([*command, *arguments], directory / "said", cwd=directory)
    return child.ended(), child.said


@COMMANDS
def test_a_wrong_configuration_is_told_line_by_line(directory: Path, command: Sequence[str]):
    (directory / "a.yaml").write_text("clusters:\n  one: 127.0.0.1:1\nroutes:\n- to: one\n  mirorr: one\n")
    (directory / "b.yaml").write_text("clusters:\n  two: nonsense\nroutes: [\n")
    status, said = run_to_the_end(directory, "-c", str(directory), "-l", LISTEN, "--admin", "none", command=command)
    assert status == 1
    assert "Traceback" not in said
    assert f"{directory}/a.yaml:5:3: " in said
    assert 'did you mean "mirror"' in said
    assert re.search(r"/b\.yaml:\d+:\d+: ", said)


@COMMANDS
@pytest.mark.parametrize("option", ["--listen", "--admin"])
def test_a_port_in_use_is_one_line(directory: Path, command: Sequence[str], option: str):
    (directory / "a.yaml").write_text(GOOD.format("127.0.0.1:1"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        given = {"--listen": LISTEN, "--admin": "none", option: endpoint}
        arguments = [text for pair in given.items() for text in pair]
        status, said = run_to_the_end(directory, "-c", str(directory / "a.yaml"), *arguments, command=command)
    assert status == 1
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if f"cannot listen on {endpoint}" in line]
    assert len(lines) == 1 and "in use" in lines[0], said


@COMMANDS
def test_a_configuration_that_is_not_there_is_told(directory: Path, command: Sequence[str]):
    missing = directory / "missing.yaml"
    status, said = run_to_the_end(directory, "-c", str(missing), "-l", LISTEN, "--admin", "none", command=command)
    assert status == 1
    assert str(missing) in said and "Traceback" not in said


@COMMANDS
@pytest.mark.parametrize("wrong", ["--listen=tcp:nonsense", "--listen=carrier-pigeon:7", "--admin=tcp:"])
def test_an_endpoint_that_makes_no_sense_is_told(directory: Path, command: Sequence[str], wrong: str):
    (directory / "a.yaml").write_text(GOOD.format("127.0.0.1:1"))
    option = "--admin=none" if wrong.startswith("--listen") else f"--listen={LISTEN}"
    status, said = run_to_the_end(directory, "-c", str(directory / "a.yaml"), option, wrong, command=command)
    assert status == 1
    assert wrong.partition("=")[2] in said and "Traceback" not in said


@COMMANDS
def test_without_a_configuration_it_says_how_to_give_one(directory: Path, command: Sequence[str]):
    # With an admin API it would wait for objects.
    status, said = run_to_the_end(directory, "--admin=none", command=command)
    assert status != 0
    assert "--config" in said and "Traceback" not in said


@COMMANDS
def test_it_serves_and_stops_in_good_order(start_gateway, command: Sequence[str]):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, command=command)
        assert gateway.ask(get("/")).status == 200
        for path in ("/live", "/ready", "/metrics", "/config", "/"):
            assert gateway.admin(path).status == 200, path
        # twistd, having stopped in good order, ends by the signal that asked it to.
        assert gateway.stop() == (0 if command is RUN else -signal.SIGTERM)
        assert "Traceback" not in gateway.said
