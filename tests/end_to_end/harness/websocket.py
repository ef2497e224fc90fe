"""A real WebSocket server, and real clients of a gateway."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from harness.processes import Gateway
from harness.waiting import DEADLINE

Behaviour = Callable[[ServerConnection], None]


def echo(connection: ServerConnection) -> None:
    """Send every message back, and end when the client does."""
    for message in connection:
        connection.send(message)


@contextmanager
def websocket_server(behaviour: Behaviour = echo, **given: Any) -> Iterator[str]:
    """Run a server; gives its address as an endpoint of the native form."""

    def behave(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):  # a client that leaves is part of the game
            behaviour(connection)

    options = {"compression": None, "max_size": None, "ping_interval": None, "logger": _quiet(), **given}
    server: Server = serve(behave, "127.0.0.1", 0, **options)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()
        thread.join(DEADLINE)


def websocket(gateway: Gateway, path: str = "/chat", **given: Any) -> ClientConnection:
    """Connect a client through the gateway."""
    options = {"compression": None, "max_size": None, "ping_interval": None, "proxy": None, **given}
    return connect(f"ws://127.0.0.1:{gateway.port}{path}", **options)


def _quiet() -> logging.Logger:
    """What goes wrong on purpose is no news."""
    logger = logging.getLogger("harness.websocket")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
