"""The workers' processes: so many are to run, and one that ends, for whatever reason, is replaced.

The first replacement comes at once, as the sockets stay open and other workers accept meanwhile.  A worker that ends
soon again and again is given longer and longer pauses.  One that answers nothing for a time is ended.
What the workers serve is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from shadowgate.net.listeners import Key
from shadowgate.workers.channel import Gone, SupervisorEnd
from shadowgate.workers.merge import Plain, Sums

STEADY_SECONDS: Final = 10.0
"""A worker that lived so long did not end because of how it was started."""

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 30.0

BEAT_SECONDS: Final = 5.0
HUNG_SECONDS: Final = 30.0
"""A worker that does not answer for so long is taken for hung."""

GRACE_SECONDS: Final = 5.0
"""How long a process may go on after its connection ended."""

log = Logger(namespace="shadowgate")


class Process(Protocol):
    """What Twisted's process transport has for us."""

    pid: int | None

    def signalProcess(self, signal: str) -> None: ...


Launch = Callable[[SupervisorEnd, Callable[[str], None]], Process]
"""Starts a process on the other side of a connection; the function given is called with how it ended."""


@define(eq=False)
class Member:
    """One running worker.  ``generation`` is what it serves, 0 as long as it serves nothing."""

    number: int
    since: float
    end: SupervisorEnd = field(init=False)
    process: Process = field(init=False)
    pid: int = 0
    joined: bool = False
    """Whether it takes part in changes of the configuration."""
    generation: int = 0
    sockets: set[Key] = field(factory=set)
    """The listeners whose sockets it has."""
    metrics: Plain = ()
    """What it told last."""
    lost: bool = False
    status: str = ""

    def ask(self, what: str, *given: Any, **how: Any) -> Deferred[Any]:
        return self.end.ask(what, *given, **how)

    def kill(self) -> None:
        if not self.status:
            self.process.signalProcess("KILL")

    def __str__(self) -> str:
        return f"worker {self.number} (pid {self.pid})"


class Crew:
    """Keeps ``count`` workers running; ``arrived`` is called with each that was started."""

    def __init__(self, clock: IReactorTime, count: int, launch: Launch, arrived: Callable[[Member], object]) -> None:
        self.count = count
        self.members: dict[int, Member] = {}
        self.restarts = [0] * count
        self.departed = Sums()
        """What those counted who are not there any more."""
        self._clock = clock
        self._launch = launch
        self._arrived = arrived
        self._streaks = [0] * count
        self._stopping: Deferred[None] | None = None

    def start(self) -> None:
        for number in range(self.count):
            self._start(number)

    @property
    def joined(self) -> list[Member]:
        """Those that serve, or are about to."""
        return [member for member in self.members.values() if member.joined and not member.lost]

    def stop(self) -> Deferred[None]:
        """Replace nobody any more; fires when all have ended."""
        self._stopping = Deferred()
        self._look()
        return self._stopping

    def kill(self) -> None:
        """End everybody at once."""
        for member in self.members.values():
            member.kill()

    def watch(self, member: Member) -> None:
        """See to it that a worker answers, as long as it runs."""

        def beat(_: object) -> None:
            self._clock.callLater(BEAT_SECONDS, lambda: None if member.lost else self.watch(member))

        def silent(failure: Failure) -> None:
            failure.trap(Gone)
            if not member.lost:
                log.error("{member} does not answer; it is ended", member=member)
                member.kill()

        member.ask("state", seconds=HUNG_SECONDS).addCallbacks(beat, silent)

    def _start(self, number: int) -> None:
        if self._stopping is not None:
            return
        member = Member(number, self._clock.seconds())
        member.end = SupervisorEnd(
            self._clock,
            lambda event, value: self._heard(member, event, value),
            lambda: self._lost(member),
        )
        try:
            member.process = self._launch(member.end, lambda status: self._ended(member, status))
        except OSError as wrong:
            pause = self._pause(number)
            log.error(
                "no process for worker {number}: {wrong}; again in {pause:g} seconds",
                number=number,
                wrong=wrong,
                pause=pause,
            )
            self._clock.callLater(pause, self._start, number)
            return
        self.members[number] = member
        member.pid = member.process.pid or 0
        self._arrived(member)

    def _heard(self, member: Member, event: str, value: Any) -> None:
        if event == "last":
            member.metrics = value
        elif event == "log":
            level, lines = value
            for line in lines:
                log.emit(LogLevel.lookupByName(level), "worker {number}: {line}", number=member.number, line=str(line))

    def _lost(self, member: Member) -> None:
        member.lost = True
        # An orderly end closes the connection first.
        self._clock.callLater(GRACE_SECONDS, member.kill)
        self._settle(member)

    def _ended(self, member: Member, status: str) -> None:
        member.status = status
        self._settle(member)

    def _settle(self, member: Member) -> None:
        """When the process is gone and all that it said is read, put another in its place."""
        if not (member.lost and member.status):
            return
        number = member.number
        del self.members[number]
        self.departed.add(member.metrics, cumulative_only=True)
        if self._stopping is not None:
            self._look()
            return
        if self._clock.seconds() - member.since >= STEADY_SECONDS:
            self._streaks[number] = 0
        pause = self._pause(number)
        self.restarts[number] += 1
        log.warn(
            "{member} has ended: {status}; another takes its place {when}",
            member=member,
            status=member.status,
            when=f"in {pause:g} seconds" if pause else "now",
        )
        self._clock.callLater(pause, self._start, number)

    def _pause(self, number: int) -> float:
        """Return how long the next one is waited for; the first time in a row not at all."""
        streak, self._streaks[number] = self._streaks[number], self._streaks[number] + 1
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (streak - 1)) if streak else 0.0

    def _look(self) -> None:
        if self._stopping is not None and not self.members and not self._stopping.called:
            self._stopping.callback(None)
