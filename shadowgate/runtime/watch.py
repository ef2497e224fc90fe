"""Keeps watch over one cluster's endpoints while it is in service: acts on what ``outliers`` and ``health`` decide.

It ejects, lets back in and has probes sent.  Which endpoints are used then is up to whoever follows it, who is told of
each change.  Shadows are never heard here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall

from shadowgate.model import Endpoint, HealthCheck, OutlierDetection
from shadowgate.plugin import Environment
from shadowgate.runtime import health, outliers
from shadowgate.runtime.discovery import is_name
from shadowgate.runtime.health import Checked
from shadowgate.runtime.outcomes import NO_SOCKET
from shadowgate.runtime.outliers import Record
from shadowgate.runtime.stats import ClusterStats

SOON: Final = 1.0
"""The first probes are sent within so many seconds, each at a moment of its own; or within one interval if shorter."""
JITTER: Final = 0.1
"""How much of its interval a probe may be early or late, so that many do not fall together."""
MOST_PROBES: Final = 64
"""Probes of one cluster that are under way at once; further ones wait for ``TURN`` seconds."""
TURN: Final = 0.1


class Probing(Protocol):
    """A probe under way."""

    def cancel(self) -> None:
        """Give it up; nothing more is told."""


Probe = Callable[[Endpoint, HealthCheck, Callable[[str], None]], Probing]
"""Asks an endpoint and tells the result once, never before it returns: what is wrong, or nothing."""


class Watched(Protocol):
    """What is seen of ``clusters.EndpointState``."""

    name: str
    endpoint: Endpoint
    since: float
    record: Record | None
    checked: Checked | None


Changed = Callable[[Watched, bool], None]
"""Told of an endpoint that has become well (True) or ceased to be (False)."""


class Watch:
    """Looks at clients' attempts where there is an ``outlier``, and at probes where there is a ``check``.

    It lasts as long as configurations that say the same follow one another, so that a new one interrupts nothing.
    """

    def __init__(
        self,
        name: str,
        outlier: OutlierDetection | None,
        check: HealthCheck | None,
        env: Environment,
        probe: Probe,
        stats: ClusterStats,
    ) -> None:
        self.name = name
        self.outlier = outlier
        self.check = check
        self._env = env
        self._probe = probe
        self._stats = stats
        self._followers: dict[Changed, Sequence[Watched]] = {}
        self._members: dict[Watched, None] = {}
        self._sweeping: IDelayedCall | None = None
        self._due: dict[Watched, IDelayedCall] = {}
        self._probing: dict[Watched, Probing] = {}

    def follow(self, changed: Changed, members: Sequence[Watched]) -> None:
        """Watch over these endpoints, and no longer over what the same follower named before."""
        self._followers[changed] = members
        self._gather()

    def leave(self, changed: Changed) -> None:
        """Watch over nothing on this follower's account; after the last one, nothing moves."""
        if self._followers.pop(changed, None) is not None:
            self._gather()

    def _gather(self) -> None:
        before, self._members = self._members, {each: None for all in self._followers.values() for each in all}
        for member in before:
            if member not in self._members:
                self._let_go(member)
        if self.check is not None:
            for member in self._members:
                if member not in before and not is_name(member.endpoint.address):
                    self._plan(member, self.check, self._env.random.random() * min(SOON, self.check.interval))
        if self._sweeping is not None and not self._members:
            self._sweeping.cancel()
            self._sweeping = None

    def _tell(self, member: Watched, well: bool) -> None:
        for changed in list(self._followers):
            changed(member, well)

    # From exchanges

    def answered(self, member: Watched, status: int) -> None:
        """An attempt of a client's request got an answer."""
        if self.outlier is not None and member.record is not None:
            reason = outliers.answered(member.record, self.outlier, status)
            if reason:
                self._eject(member, member.record, self.outlier, reason)

    def failed(self, member: Watched, outcome: str) -> None:
        """An attempt of a client's request ended without one."""
        if self.outlier is not None and member.record is not None:
            reason = outliers.failed(member.record, self.outlier, outcome)
            if reason:
                self._eject(member, member.record, self.outlier, reason)

    # Ejections

    def _eject(self, member: Watched, record: Record, outlier: OutlierDetection, reason: str) -> None:
        ejected = sum(1 for each in self._members if each.record is not None and each.record.ejected)
        if record.ejected or member not in self._members:
            return
        if not outliers.may_eject(outlier, ejected, len(self._members)):
            self._stats.withheld += 1
            return
        seconds = outliers.eject(record, outlier, reason, self._env.clock.seconds())
        self._stats.ejections[reason] += 1
        self._env.log.warn(
            "{endpoint} of {cluster} is ejected for {seconds:g} s: {reason}",
            endpoint=member.name,
            cluster=self.name,
            seconds=seconds,
            reason=reason,
        )
        if self._sweeping is None:
            self._sweeping = self._env.clock.callLater(outlier.interval, self._sweep, outlier)
        self._tell(member, False)

    def _sweep(self, outlier: OutlierDetection) -> None:
        now = self._env.clock.seconds()
        records = [(each, each.record) for each in self._members if each.record is not None]
        back = [each for each, record in records if outliers.sweep(record, now)]
        # There is something to do for whoever is out, or was and is not forgiven yet.
        again = any(record.times for _, record in records)
        self._sweeping = self._env.clock.callLater(outlier.interval, self._sweep, outlier) if again else None
        for member in back:
            self._env.log.info("{endpoint} of {cluster} is let in again", endpoint=member.name, cluster=self.name)
            self._tell(member, True)

    # Probes

    def _plan(self, member: Watched, check: HealthCheck, seconds: float) -> None:
        self._due[member] = self._env.clock.callLater(seconds, self._ask, member, check)

    def _ask(self, member: Watched, check: HealthCheck) -> None:
        if len(self._probing) >= MOST_PROBES:
            self._plan(member, check, TURN)
            return
        del self._due[member]
        self._probing[member] = self._probe(member.endpoint, check, partial(self._told, member, check))

    def _told(self, member: Watched, check: HealthCheck, reason: str) -> None:
        del self._probing[member]
        jitter = JITTER * (2 * self._env.random.random() - 1)
        self._plan(member, check, check.interval * (1 + jitter))
        if reason == NO_SOCKET.name:
            return  # there was no probe
        self._stats.probes["bad" if reason else "good"] += 1
        checked = member.checked
        if checked is None or not health.told(checked, check, reason):
            return
        if checked.healthy:
            self._env.log.info("{endpoint} of {cluster} is well again", endpoint=member.name, cluster=self.name)
        else:
            self._env.log.warn(
                "{endpoint} of {cluster} is not well: {reason}",
                endpoint=member.name,
                cluster=self.name,
                reason=reason,
            )
        self._tell(member, checked.healthy)

    def _let_go(self, member: Watched) -> None:
        due, probing = self._due.pop(member, None), self._probing.pop(member, None)
        if due is not None:
            due.cancel()
        if probing is not None:
            probing.cancel()

    def __repr__(self) -> str:
        return f"<Watch {self.name}, {len(self._members)} endpoints, {len(self._probing)} probes under way>"


def is_well(member: Watched) -> bool:
    """Whether nothing is held against an endpoint."""
    record, checked = member.record, member.checked
    return (record is None or not record.ejected) and (checked is None or checked.healthy)
