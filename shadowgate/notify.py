"""Tells the service manager how the gateway is: systemd's notification protocol, sd_notify(3).

Without a manager that asked for it (``NOTIFY_SOCKET``) nothing here does anything.  The gateway is looked at, never
told: a reload needs no announcement, as what is in service stays until the new configuration serves.
"""

from __future__ import annotations

import socket
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final, Protocol

from attrs import define, field
from twisted.internet.task import LoopingCall

from shadowgate.compiler.snapshot import Snapshot

LOOK: Final = 0.5
"""Seconds between two looks, and the most that READY comes late."""


class Serving(Protocol):
    """Whatever puts configurations in service."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def ready(self) -> bool: ...

    @property
    def last_load_ok(self) -> bool: ...


@define(eq=False)
class Manager:
    """The manager's socket.  ``watchdog`` says that it wants a sign of life now and then."""

    address: str
    watchdog: bool = False
    _socket: socket.socket = field(factory=lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), init=False)

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Manager | None:
        """Return who wants to be told, and take it out of the environment: child processes have nothing to say."""
        address = environment.pop("NOTIFY_SOCKET", "")
        watchdog = environment.pop("WATCHDOG_USEC", "")
        environment.pop("WATCHDOG_PID", None)
        if not address.startswith(("/", "@")):
            return None
        return cls("\0" + address[1:] if address.startswith("@") else address, bool(watchdog))

    def tell(self, *assignments: str) -> None:
        """Send some of ``READY=1``, ``STATUS=...``; a manager that does not listen is none of the clients' concern."""
        with suppress(OSError):
            self._socket.sendto("\n".join(assignments).encode(), socket.MSG_DONTWAIT, self.address)


@define(eq=False)
class Announcer:
    """Looks at ``serving`` and tells the manager what has changed."""

    serving: Serving
    manager: Manager
    _ready: bool = field(default=False, init=False)
    _status: str = field(default="", init=False)

    def start(self, reactor: Any) -> None:
        """Begin once the reactor runs; end with it."""
        looking = LoopingCall(self.look)
        looking.clock = reactor
        reactor.addSystemEventTrigger("after", "startup", looking.start, LOOK)
        reactor.addSystemEventTrigger("before", "shutdown", self.manager.tell, "STOPPING=1", "STATUS=draining")

    def look(self) -> None:
        told = ["WATCHDOG=1"] if self.manager.watchdog else []
        if not self._ready and self.serving.ready:
            self._ready = True
            told.append("READY=1")
        status = self._describe()
        if status != self._status and self.serving.ready:
            self._status = status
            told.append(f"STATUS={status}")
        if told:
            self.manager.tell(*told)

    def _describe(self) -> str:
        told = f"generation {self.serving.snapshot.generation} in service"
        return told if self.serving.last_load_ok else f"{told}; the configuration read last has errors"


def announce(serving: Serving, reactor: Any, environment: MutableMapping[str, str]) -> None:
    """Keep the manager informed that the environment names, if it names one."""
    manager = Manager.from_environment(environment)
    if manager is not None:
        Announcer(serving, manager).start(reactor)
