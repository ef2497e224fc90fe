"""The demonstration's story: start everything, send a few requests, show who saw what, serve until stopped.

The two servers and the client live in this process and the gateway in one of its own, so that all that passes between
them goes over real sockets.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import treq
from attrs import define, field, frozen
from treq.client import HTTPClient
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import deferLater
from twisted.web.client import Agent, HTTPConnectionPool, ResponseNeverReceived
from twisted.web.http_headers import Headers

from shadowgate import __version__
from shadowgate.demo.httpbin import AccessLine, HttpbinSite
from shadowgate.demo.process import GatewayProcess
from shadowgate.demo.rules import write_rules
from shadowgate.demo.screen import Screen

HOST = "httpbin:8000"
"""The name that the tutorials ask for, whatever port the gateway listens on."""

REQUESTS = (("GET", "/headers", b""), ("POST", "/post", b'{"order": 42}'), ("GET", "/status/418", b""))

STARTING = 20.0
"""Seconds that the gateway may take until it says that it is ready."""

ARRIVING = 5.0
"""Seconds to wait for a server's access line."""


T = TypeVar("T")


class DemoError(Exception):
    """Why the demonstration cannot go on, in words for the person at the terminal."""


@frozen
class Ports:
    """Where the gateway is to listen, on the loopback interface."""

    gateway: int
    admin: int


@define
class Server:
    """One version of httpbin with the access lines of the show, by their request's id."""

    name: str
    port: int = 0
    lines: dict[str, AccessLine] = field(factory=dict)
    listening: IListeningPort | None = None

    def start(self, reactor: Any, written: Callable[[Server, AccessLine], None]) -> None:
        self.listening = reactor.listenTCP(
            0, HttpbinSite(reactor, lambda line: written(self, line)), interface="127.0.0.1"
        )
        self.port = int(getattr(self.listening.getHost(), "port", 0))


@define
class Demonstration:
    """Everything that runs, and the steps of the story.  ``live`` shows access lines as they are written."""

    reactor: Any
    screen: Screen
    ports: Ports
    directory: Path
    v1: Server = field(factory=lambda: Server("v1"))
    v2: Server = field(factory=lambda: Server("v2"))
    live: bool = False
    rules: Path = field(init=False)
    gateway: GatewayProcess = field(init=False)
    client: HTTPClient = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.gateway = GatewayProcess(self.reactor, self.directory / "gateway.log")
        self.client = HTTPClient(Agent(self.reactor, pool=HTTPConnectionPool(self.reactor, persistent=False)))

    async def start(self) -> None:
        for server in (self.v1, self.v2):
            server.start(self.reactor, self._written)
        configuration = self.directory / "config"
        configuration.mkdir()
        self.rules = write_rules(configuration, self.v1.port, self.v2.port)
        self.gateway.start(self.reactor, self._arguments(configuration))
        await self._ready()

    def _arguments(self, configuration: Path) -> list[str]:
        return [
            f"--config={configuration}",
            f"--listen=tcp:{self.ports.gateway}:interface=127.0.0.1",
            f"--admin=tcp:{self.ports.admin}:interface=127.0.0.1",
            f"--access-log={self.directory / 'access.log'}",
        ]

    async def stop(self) -> None:
        await self.gateway.stop()
        for server in (self.v1, self.v2):
            if server.listening is not None:
                await maybeDeferred(server.listening.stopListening)

    def introduce(self) -> None:
        self.screen.heading(f"ShadowGate {__version__}: one service mirrored to its next version")
        for name, port, remark in (
            ("gateway", self.ports.gateway, f"its admin API is at http://127.0.0.1:{self.ports.admin}"),
            ("httpbin v1", self.v1.port, "answers the clients"),
            ("httpbin v2", self.v2.port, "gets a copy of every request; its answers are dropped"),
        ):
            self.screen.party(name, f"http://127.0.0.1:{port}", remark)

    async def show(self) -> None:
        """Send the requests, each followed by what its three parties saw."""
        seen = []
        for number, (method, path, body) in enumerate(REQUESTS, 1):
            # An id of our own, which the gateway keeps: somebody else may be sending already.
            request_id = f"demo-{number}"
            started = self.reactor.seconds()
            response = await self.client.request(
                method,
                f"http://127.0.0.1:{self.ports.gateway}{path}",
                headers=Headers({"Host": [HOST], "User-Agent": ["demo"], "X-Request-Id": [request_id]}),
                data=body or None,
            )
            answer = await treq.content(response)
            took = (self.reactor.seconds() - started) * 1000
            self.screen.heading(f"{method} {path}")
            self.screen.said("client", f"{response.code}, {len(answer)} bytes in {took:.1f} ms{_host_told(answer)}")
            lines = [await self._line(server, request_id) for server in (self.v1, self.v2)]
            self.screen.access("v1", lines[0])
            self.screen.access("v2", lines[1])
            seen.append(lines)
        method, path, _ = REQUESTS[0]
        self.screen.heading(f"What the two servers received for {method} {path}")
        self.screen.side_by_side(*seen[0])

    async def _line(self, server: Server, request_id: str) -> AccessLine:
        """The shadow goes its own way, so its line may come after the client's answer."""
        give_up = self.reactor.seconds() + ARRIVING
        while request_id not in server.lines:
            if self.reactor.seconds() > give_up:
                raise DemoError(f"{server.name} got no request within {ARRIVING:.0f} seconds.\n{self.gateway.said()}")
            await deferLater(self.reactor, 0.01)
        return server.lines[request_id]

    def invite(self) -> None:
        """What to do next, for the person who now has a gateway running."""
        base = f"http://127.0.0.1:{self.ports.gateway}"
        admin = f"http://127.0.0.1:{self.ports.admin}"
        self.screen.heading("Your turn")
        for name, what in (
            ("send", f"curl -H 'Host: {HOST}' {base}/headers"),
            ("change", str(self.rules)),
            ("", "e.g. mirrorPercentage 50; a saved change is in service within two seconds"),
            ("look", f"{admin}/config    what is in service, and problems if a change was refused"),
            ("", f"{admin}/metrics   how many were sampled, sent, dropped, completed"),
            ("logs", f"{self.directory}/access.log and gateway.log"),
            ("read", "docs/start.md, docs/concepts/mirroring.md"),
        ):
            self.screen.said(name, what)

    async def serve(self) -> None:
        """Show each access line as it comes, until cancelled or the gateway is gone."""
        self.screen.heading("Serving until Ctrl-C; what v1 and v2 are asked follows")
        self.live = True
        await self.gateway.ended()
        raise DemoError(f"the gateway stopped.\n{self.gateway.said()}")

    def _written(self, server: Server, line: AccessLine) -> None:
        if self.live:
            self.screen.access(server.name, line)
        else:
            server.lines[line.header("x-request-id")] = line

    async def _ready(self) -> None:
        give_up = self.reactor.seconds() + STARTING
        while self.gateway.running and self.reactor.seconds() < give_up:
            try:
                response = await self.client.get(f"http://127.0.0.1:{self.ports.admin}/ready")
                await treq.content(response)
                if response.code == 200:
                    return
            except (ConnectError, ResponseNeverReceived):
                pass  # Not listening yet.
            await deferLater(self.reactor, 0.05)
        raise DemoError(f"the gateway did not start.\n{self.gateway.said()}")


def _host_told(answer: bytes) -> str:
    """What the answering server says that it was asked for, if this answer tells."""
    try:
        return f", asked as {json.loads(answer)['headers']['Host']}"
    except (ValueError, KeyError, TypeError):
        return ""


def is_free(wanted: int) -> bool:
    """Whether this loopback port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return False
        return True


def any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _workplace() -> Iterator[Path]:
    with TemporaryDirectory(prefix="shadowgate-demo-") as directory:
        yield Path(directory)


async def demonstrate(reactor: Any, screen: Screen, ports: Ports, once: bool) -> None:
    """Run the whole story; whatever happens, nothing is left running and no file behind."""
    with _workplace() as directory:
        demonstration = Demonstration(reactor, screen, ports, directory)
        try:
            await demonstration.start()
            demonstration.introduce()
            await demonstration.show()
            if not once:
                demonstration.invite()
                await demonstration.serve()
        finally:
            await demonstration.stop()


def until_interrupted(reactor: Any, story: Deferred[None]) -> Deferred[None]:
    """Let Ctrl-C cancel the story, and hold the process until it has tidied up."""

    def interrupt() -> Deferred[None]:
        tidy: Deferred[None] = Deferred()

        def told(result: T) -> T:
            tidy.callback(None)
            return result

        story.addBoth(told)
        story.cancel()
        return tidy

    reactor.addSystemEventTrigger("before", "shutdown", interrupt)
    return story
