"""GatewayResource in a Site of somebody else's: the documentation's own example, run as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.peers import echo, once, peer, refused, silent
from harness.processes import ROOT, Child
from harness.waiting import until
from harness.wire import Cut, Wire, chunked, connect, get

EXAMPLE = re.search(r"```python\n(.*?)```", (ROOT / "docs/how-to/mount.md").read_text(), re.DOTALL)[1]
MIRRORED = 'clusters: {{upstream: "{0}", candidate: "{1}"}}\nroutes: [{{to: upstream, mirror: candidate}}]\n'


class Mounted:
    """The example as a process; ``clients`` connects to its Site."""

    def __init__(self, directory: Path, configuration: str) -> None:
        self.port = refused()
        (directory / "gateway.yaml").write_text(configuration)
        assert "tcp:8080" in EXAMPLE
        (directory / "site.py").write_text(EXAMPLE.replace("tcp:8080", f"tcp:{self.port}:interface=127.0.0.1"))
        command = ["-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=", "-y", "site.py"]
        self.child = Child(command, directory / "said", cwd=directory)

    def client(self) -> Wire:
        return connect(("127.0.0.1", self.port))

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.child.process.poll() is None, self.child.said
            try:
                with self.client() as client:
                    client.send(get("/beside", "h", "Connection: close"))
                    return client.answer().status == 404
            except OSError:
                return False

        until(ready, lambda: self.child.said)


@pytest.fixture
def mount(directory: Path) -> Iterator:
    """Starts the example on a configuration."""
    started: list[Mounted] = []

    def start(configuration: str) -> Mounted:
        mounted = Mounted(directory, configuration)
        started.append(mounted)
        mounted.wait_ready()
        return mounted

    yield start
    for mounted in started:
        mounted.child.stop()
        assert "Traceback" not in mounted.child.said, mounted.child.said


def test_requests_below_the_mount_are_served_and_mirrored(mount):
    with peer(echo) as upstream, peer(echo) as candidate:
        mounted = mount(MIRRORED.format(upstream, candidate))
        with mounted.client() as client:
            client.send(get("/api/one?x=1", "httpbin:8000", method="POST", body=b"hello"))
            assert client.answer().body == b"hello"
            client.send(
                get("/api/two", "httpbin:8000", "Transfer-Encoding: chunked", method="PUT") + chunked(b"a", b"b")
            )
            assert client.answer().body == b"ab"
        primary, shadow = upstream.next(), candidate.next()
        assert primary.start == shadow.start == b"POST /api/one?x=1 HTTP/1.1"
        assert (primary.body, shadow.body) == (b"hello", b"hello")
        assert (primary.get(b"host"), shadow.get(b"host")) == (b"httpbin:8000", b"httpbin-shadow:8000")
        assert shadow.get(b"x-forwarded-for") == b"127.0.0.1,127.0.0.1"
        assert shadow.get(b"x-envoy-internal") == b"true"
        assert primary.get(b"x-request-id") == shadow.get(b"x-request-id")
        assert candidate.next(2).body == b"ab"


def test_answers_of_every_framing_reach_the_client(mount):
    with peer(once(b"HTTP/1.1 200 OK\r\nX-Up: 1\r\n\r\nuntil the end")) as upstream, peer(silent) as candidate:
        mounted = mount(MIRRORED.format(upstream, candidate))
        with mounted.client() as client:
            client.send(get("/api/"))
            answer = client.answer()
            assert (answer.status, answer.get(b"x-up"), answer.body) == (200, b"1", b"until the end")
            client.send(get("/api/", method="HEAD"))
            assert client.answer(b"HEAD").status == 200
            client.send(get("/beside"))
            assert client.answer().status == 404


def test_a_big_body_goes_both_ways(mount):
    body = bytes(range(256)) * 20_000
    with peer(echo) as upstream, peer(silent) as candidate:
        mounted = mount(MIRRORED.format(upstream, candidate))
        with mounted.client() as client:
            client.send(get("/api/", method="PUT", body=body))
            assert client.answer().body == body


def test_an_upstream_in_trouble_is_told(mount):
    mounted = mount(MIRRORED.format(f"127.0.0.1:{refused()}", f"127.0.0.1:{refused()}"))
    with mounted.client() as client:
        for _ in range(2):
            client.send(get("/api/"))
            answer = client.answer()
            assert answer.status == 503 and answer.body.startswith(b"connect_refused: ")


def test_a_cut_answer_looks_cut(mount):
    short = once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    with peer(short) as upstream, peer(echo) as candidate:
        mounted = mount(MIRRORED.format(upstream, candidate))
        with mounted.client() as client, pytest.raises((Cut, ConnectionError)):
            client.send(get("/api/"))
            client.answer()


def test_the_upstream_is_released_when_the_client_leaves(mount):
    with peer(silent) as upstream, peer(silent) as candidate:
        mounted = mount(MIRRORED.format(upstream, candidate))
        with mounted.client() as client:
            client.send(get("/api/"))
            until(lambda: upstream.received, "the request")
            client.reset()
        until(lambda: upstream.ended, "the end of the upstream's connection")
