"""Starts a worker's process and connects to it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from shadowgate.workers.channel import OneConnection, SupervisorEnd

CONTROL: Final = 3
"""The descriptor that a worker has its supervisor on."""


class _Process(ProcessProtocol):
    def __init__(self, ended: Callable[[str], None]) -> None:
        self._ended = ended

    def processEnded(self, reason: Failure) -> None:
        value: Any = reason.value
        if value.signal is not None:
            self._ended(f"killed by signal {value.signal}")
        else:
            self._ended(f"exit status {value.exitCode}")


def launch(reactor: Any, end: SupervisorEnd, ended: Callable[[str], None]) -> Any:
    """Start a worker and return Twisted's process transport; ``ended`` is called with how it ended.

    The worker runs on the same kind of reactor, finds the same modules, and writes to the same standard output.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        process = reactor.spawnProcess(
            _Process(ended),
            sys.executable,
            # Its own directory is no place to import from, wherever the supervisor was started.
            [sys.executable, "-P", "-m", "shadowgate.workers", type(reactor).__module__],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            childFDs={0: 0, 1: 1, 2: 2, CONTROL: theirs.fileno()},
        )
        reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, OneConnection(end))
    return process
