"""Objects applied to a running gateway with the commands of kubectl's tutorials, by one process and by several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from attrs import frozen

from harness.peers import Peer, peer
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import connect, get

V1 = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv1"
V2 = V1.replace(b"v1", b"v2")

IN_A_FILE = "apiVersion: v1\nkind: Service\nmetadata: {name: elsewhere}\nspec: {ports: [{port: 80}]}\n"


def entry(upstream: Peer, name: str = "web") -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: {name}   # whose
  labels: {{app: {name}}}
spec:
  hosts: [{name}.test]
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  resolution: STATIC
  endpoints: [{{address: 127.0.0.1, ports: {{http: {upstream.port}}}}}]
"""


@frozen
class Commands:
    """The command line, against one gateway."""

    gateway: Gateway

    def __call__(self, words: str, given: str = "", status: int = 0) -> str:
        """Run a command with this standard input; return what it says, its complaints where it is to fail."""
        done = subprocess.run(
            [sys.executable, "-m", "shadowgate", *words.split()],
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "SHADOWGATE_ADMIN": f"unix:{self.gateway.admin_path}"},
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout if status == 0 or not done.stderr else done.stderr

    def ask(self, host: str = "web.test") -> tuple[int, bytes]:
        """Ask the gateway several times, on as many connections; all answers are the same."""
        answers = {(each.status, each.body) for each in (self.gateway.ask(get("/", host)) for _ in range(6))}
        (answer,) = answers
        return answer


SEVERAL = pytest.mark.parametrize(
    "shadowgate", [(), ("--workers", "2")], ids=["one process", "two workers"], indirect=True
)


@pytest.fixture
def shadowgate(request: pytest.FixtureRequest, start_gateway: Callable[..., Gateway], directory: Path) -> Commands:
    extra: Sequence[str] = getattr(request, "param", ())
    return Commands(start_gateway({"a.yaml": IN_A_FILE}, "--store", str(directory / "store"), *extra))


@SEVERAL
def test_an_object_from_its_creation_to_its_end(shadowgate: Commands, directory: Path) -> None:
    with peer(V1) as v1, peer(V2) as v2:
        assert shadowgate.ask()[0] == 404
        assert shadowgate("create -f -", entry(v1)) == "serviceentry.networking.istio.io/web created\n"
        assert shadowgate.ask() == (200, b"v1")

        assert "(AlreadyExists): serviceentries.networking.istio.io" in shadowgate("create -f -", entry(v2), status=1)
        assert shadowgate.ask() == (200, b"v1")
        assert shadowgate("apply -f -", entry(v1)) == "serviceentry.networking.istio.io/web unchanged\n"
        assert shadowgate("diff -f -", entry(v1)) == ""

        changed = shadowgate("diff -f -", entry(v2), status=1)
        assert f"-      http: {v1.port}\n+      http: {v2.port}\n" in changed
        assert "cluster web.test: endpoint 127.0.0.1:" in changed
        assert shadowgate.ask() == (200, b"v1")
        assert shadowgate("apply -f -", entry(v2)) == "serviceentry.networking.istio.io/web configured\n"
        assert shadowgate.ask() == (200, b"v2")

        shown = yaml.safe_load(shadowgate("get se/web -o yaml"))
        assert shown["metadata"]["generation"] == 2
        assert shown["spec"]["endpoints"] == [{"address": "127.0.0.1", "ports": {"http": v2.port}}]
        assert list(shown) == ["apiVersion", "kind", "metadata", "spec"]

        assert shadowgate("delete se/web") == 'serviceentry.networking.istio.io "web" deleted\n'
        assert shadowgate.ask()[0] == 404
        missing = 'Error from server (NotFound): serviceentries.networking.istio.io "web" not found\n'
        assert shadowgate("delete se web", status=1) == missing
        assert shadowgate("get se/web", status=1) == missing
        assert list((directory / "store").rglob("*.yaml")) == []


def test_what_is_wrong_changes_nothing_and_is_told_where_it_was_written(shadowgate: Commands, directory: Path) -> None:
    with peer(V1) as v1:
        shadowgate("apply -f -", entry(v1))
        before = shadowgate.gateway.config()["generation"]
        wrong = entry(v1).replace("hosts:", "host:").replace("STATIC", "STATIK")
        told = shadowgate("apply -f -", wrong + "---\n" + entry(v1, "other"), status=1)
        assert "<stdin>:7:3: error" in told and 'unknown key "host", did you mean "hosts"' in told
        assert "<stdin>:9:" in told and '"STATIK"' in told
        assert told.endswith("Error from server (Invalid): nothing is changed\n")
        assert shadowgate.ask() == (200, b"v1")
        assert shadowgate.ask("other.test")[0] == 404
        assert shadowgate.gateway.config()["generation"] == before
        assert [path.name for path in (directory / "store").rglob("*.yaml")] == ["web.yaml"]


def test_objects_of_files_are_shown_and_left_to_their_files(shadowgate: Commands) -> None:
    file = shadowgate.gateway.configuration / "a.yaml"
    with peer(V1) as v1:
        shadowgate("apply -f -", entry(v1))
        table = [line.split() for line in shadowgate("get svc,se").splitlines()]
    assert table[0] == ["NAME", "AGE", "SOURCE"]
    assert table[1] == ["service/elsewhere", "<unknown>", f"{file}:1:1"]
    assert table[2][0::2] == ["serviceentry.networking.istio.io/web", "store"]
    assert f'(Forbidden): services "elsewhere" is at {file}:1:1' in shadowgate("delete svc/elsewhere", status=1)
    clash = shadowgate("apply -f -", IN_A_FILE.replace("80", "81"), status=1)
    assert clash.startswith("<stdin>:1:1: error [SG1004]: Service default/elsewhere") and f"{file}:1:1" in clash
    # And the other way round: the file is refused, and what is applied stays.
    shadowgate.gateway.write("b.yaml", entry(v1))
    until(lambda: not shadowgate.gateway.config()["last_load_ok"])
    (problem,) = (each for each in shadowgate.gateway.config()["problems"] if each["severity"] == "error")
    assert "b.yaml:1:1" in problem["message"] and "store" in problem["position"]
    # A file that is wrong at the moment stands in nobody's way.
    with peer(V2) as v2:
        shadowgate("apply -f -", entry(v2))
        assert shadowgate.ask() == (200, b"v2")


def test_objects_outlive_the_process_that_they_were_applied_to(
    shadowgate: Commands, start_gateway: Callable[..., Gateway], directory: Path
) -> None:
    with peer(V1) as v1:
        shadowgate("apply -f -", entry(v1))
        before = json.loads(shadowgate("get se/web -o json"))
        assert shadowgate.gateway.stop() == 0
        again = Commands(start_gateway({}, "--store", str(directory / "store")))
        assert again.ask() == (200, b"v1")
        assert json.loads(again("get se/web -o json")) == before


def test_two_gateways_do_not_share_a_store(shadowgate: Commands, directory: Path) -> None:
    (directory / "second").mkdir()
    second = Gateway(directory / "second", "--store", str(directory / "store"))
    assert second.ended() == 1
    assert "belongs to another gateway" in second.said


def test_without_a_store_objects_are_in_memory_and_the_commands_say_so(start_gateway: Callable[..., Gateway]) -> None:
    shadowgate = Commands(start_gateway({"a.yaml": IN_A_FILE}))
    with peer(V1) as v1:
        with connect(str(shadowgate.gateway.admin_path)) as wire:
            wire.send(get("/objects/apply", "admin", method="POST", body=entry(v1).encode()))
            answer = json.loads(wire.answer().body)
        assert [each["result"] for each in answer["results"]] == ["created"]
        assert answer["kept"] == "memory"
        assert shadowgate.ask() == (200, b"v1")
        assert "memory only" in shadowgate("get se/web")


def test_an_object_that_routes_by_many_workers_is_served_by_all_when_it_is_acknowledged(
    start_gateway: Callable[..., Gateway],
) -> None:
    shadowgate = Commands(start_gateway({"a.yaml": IN_A_FILE}, "--workers", "2"))
    with peer(V1) as v1, peer(V2) as v2, connect(str(shadowgate.gateway.admin_path)) as wire:
        for number in range(20):
            upstream = (v1, v2)[number % 2]
            wire.send(get("/objects/apply", "admin", method="POST", body=entry(upstream).encode()))
            assert wire.answer().status == 200
            assert shadowgate.ask() == (200, b"v%d" % (number % 2 + 1))
