"""Commands that ask a running gateway: explain, dump and diff over the admin API, by TCP and by UNIX socket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.processes import Gateway

CONFIG = """
clusters: {c: "127.0.0.1:1", d: "127.0.0.1:2"}
routes:
- {name: web, hosts: a.test, to: c, mirror: {to: d, percent: 10}, filters: {header-rewrite: {request: {set: {
    authorization: s3cret}}}}}
"""


def shadowgate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shadowgate", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def admin(start_gateway: Callable[..., Gateway]) -> str:
    return f"unix:{start_gateway({'a.yaml': CONFIG}).admin_path}"


def test_a_running_gateway_explains_a_request(admin: str) -> None:
    found = shadowgate("explain", "GET", "http://a.test/x", "-H", "x: 1", "--admin", admin)
    assert found.returncode == 0, found.stderr
    assert "1. won: Route default/web: rule[0]" in found.stdout
    assert "     10% d" in found.stdout and "with Host a.test-shadow" in found.stdout
    nobody = shadowgate("explain", "http://b.test/", "--admin", admin, "-o", "json")
    assert nobody.returncode == 1
    assert json.loads(nobody.stdout)["answer"]["status"] == 404


def test_a_request_that_would_be_refused_is_refused(admin: str) -> None:
    refused = shadowgate("explain", "http://a.test/", "-H", "host: a b", "--admin", admin)
    assert refused.returncode == 1
    assert "refused with 400 before it is routed: Host is not a valid authority" in refused.stderr


def test_dump_and_diff_against_a_running_gateway(admin: str, directory: Path) -> None:
    dumped = shadowgate("dump", "--admin", admin)
    assert dumped.returncode == 0, dumped.stderr
    assert "name: web" in dumped.stdout and "s3cret" not in dumped.stdout
    same, other = directory / "same.yaml", directory / "other.yaml"
    same.write_text(CONFIG)
    other.write_text(CONFIG.replace("percent: 10", "percent: 20"))
    assert shadowgate("diff", admin, str(same)).returncode == 0
    differs = shadowgate("diff", admin, str(other))
    assert differs.returncode == 1
    assert "mirror d: policy: {random: {percent: 10}} -> {random: {percent: 20}}" in differs.stdout
    assert "1 difference\n" in differs.stdout
    assert shadowgate("diff", admin, admin).returncode == 0


def test_over_tcp_and_where_nobody_answers(start_gateway: Callable[..., Gateway], directory: Path) -> None:
    gateway = start_gateway({"a.yaml": CONFIG})
    url = f"http://127.0.0.1:{gateway.port}"
    # The gateway's own port speaks HTTP and is no admin API.
    for command in (["dump"], ["explain", "http://a.test/"]):
        wrong = shadowgate(*command, "--admin", url)
        assert wrong.returncode == 3
        assert wrong.stderr.startswith(f"shadowgate: no gateway answers at {url}: ")
    nobody = shadowgate("diff", f"unix:{directory / 'nobody'}", str(gateway.configuration))
    assert nobody.returncode == 3
    assert nobody.stderr.count("\n") == 1


def test_a_gateway_with_a_token_tells_those_who_have_it(
    start_gateway: Callable[..., Gateway], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = directory / "token"
    token.write_text("open-sesame\n")
    gateway = start_gateway({"a.yaml": CONFIG}, "--admin-token-file", str(token))
    admin = f"unix:{gateway.admin_path}"
    without = shadowgate("dump", "--admin", admin)
    assert without.returncode == 3
    assert "it asks for its token; name the file in SHADOWGATE_ADMIN_TOKEN_FILE" in without.stderr
    monkeypatch.setenv("SHADOWGATE_ADMIN_TOKEN_FILE", str(token))
    assert "name: web" in shadowgate("dump", "--admin", admin).stdout
    monkeypatch.setenv("SHADOWGATE_ADMIN_TOKEN_FILE", str(directory / "none"))
    nowhere = shadowgate("dump", "--admin", admin)
    assert (nowhere.returncode, "No such file or directory" in nowhere.stderr) == (3, True)


@pytest.mark.parametrize("command", [("-m", "shadowgate", "run"), ("-m", "twisted", "--log-level=error", "shadowgate")])
def test_a_gateway_that_strangers_could_ask_does_not_start(directory: Path, command: tuple[str, ...]) -> None:
    (directory / "a.yaml").write_text(CONFIG)
    ended = subprocess.run(
        [sys.executable, *command, "--config", str(directory), "--listen", "tcp:0", "--admin", "tcp:0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    said = (ended.stdout + ended.stderr).strip()
    assert said.startswith("shadowgate: the admin API on tcp:0 could be asked by other machines: give it ")
    assert "\n" not in said
