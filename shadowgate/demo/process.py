"""The gateway as the demonstration runs it: a process of its own, started as a user would and ended with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorProcess, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

PATIENCE = 10.0
"""Seconds that the gateway has to drain before it is killed."""


class GatewayProcess(ProcessProtocol):
    """``python -m shadowgate run …``, its output kept in a file.

    ``running`` is true from the start to the end of the process.
    """

    def __init__(self, clock: IReactorTime, log: Path) -> None:
        self.running = False
        self._clock = clock
        self._log = log
        self._ended: list[Deferred[None]] = []

    def start(self, reactor: IReactorProcess, arguments: list[str]) -> None:
        command = [sys.executable, "-m", "shadowgate", "run", *arguments]
        with self._log.open("wb") as output, open(os.devnull, "rb") as nothing:
            descriptors: Any = {0: nothing.fileno(), 1: output.fileno(), 2: output.fileno()}
            reactor.spawnProcess(self, command[0], command, env=os.environ, childFDs=descriptors)
        self.running = True

    def processEnded(self, reason: Failure) -> None:
        self.running = False
        waiting, self._ended = self._ended, []
        for deferred in waiting:
            deferred.callback(None)

    def ended(self) -> Deferred[None]:
        """Fires when the process is gone."""
        if not self.running:
            return succeed(None)
        deferred: Deferred[None] = Deferred()
        self._ended.append(deferred)
        return deferred

    def stop(self) -> Deferred[None]:
        """End the process in good order; fires when it is gone."""
        gone = self.ended()
        self._signal("TERM")
        last_resort = self._clock.callLater(PATIENCE, self._signal, "KILL")

        def forget(_: object) -> None:
            if last_resort.active():
                last_resort.cancel()

        return gone.addBoth(forget)

    def said(self) -> str:
        """What the process wrote, for when it did not do what it should."""
        return self._log.read_text(errors="replace").strip()

    def _signal(self, name: str) -> None:
        if self.running and self.transport is not None:
            self.transport.signalProcess(name)
