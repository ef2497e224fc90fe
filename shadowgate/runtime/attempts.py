"""What an exchange knows of its attempts: how many, where, and what of the request is kept to be sent again."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from shadowgate.compiler.snapshot import ClusterTarget
from shadowgate.http.framing import NO_BODY
from shadowgate.http.head import IDEMPOTENT, RequestHead
from shadowgate.plugin import Attempt, Retries
from shadowgate.runtime import outcomes
from shadowgate.runtime.core import Core
from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.stats import Tally

RESELECTIONS = 5
"""How often a balancer is asked again for an endpoint that was not tried, as Istio has Envoy do it."""


class Attempts:
    """``count`` attempts were begun, ``again`` of them because the retry policy said so.

    ``tried`` are the endpoints that the next one had better not go to.  At most ``room`` bytes of the body are kept;
    a longer one cannot be sent again.
    """

    __slots__ = ("_budgeted", "_kept", "_left", "_room", "again", "count", "tried")

    def __init__(self, room: int) -> None:
        self.count = 0
        self.again = 0
        self.tried: tuple[str, ...] = ()
        self._room = self._left = room
        self._kept: list[bytes] | None = []
        self._budgeted: ClusterTarget | None = None

    # The request

    @property
    def repeatable(self) -> bool:
        """Whether everything that was sent is still here, and nothing of an answer has come."""
        return self._kept is not None

    def may_follow(self, head: RequestHead) -> bool:
        """Whether the request may be sent again, without asking anybody, when its connection turns out dead."""
        return self._kept is not None and head.method in IDEMPOTENT

    def expendable(self, head: RequestHead, length: int) -> bool:
        """Whether nothing is lost with a connection that turns out dead: a request without a body is kept as it is."""
        return length == NO_BODY and self.may_follow(head)

    def remember(self, data: bytes) -> None:
        """Keep what was sent, while there is room."""
        kept = self._kept
        if kept is not None:
            self._left -= len(data)
            if self._left < 0:
                self._kept = None
            else:
                kept.append(data)

    def forget(self) -> None:
        """The request will not be sent again."""
        self._kept = None

    def replay(self) -> bytes:
        """Return what was sent, to be sent again."""
        kept, self._kept = self._kept or (), []
        self._left = self._room
        return b"".join(kept)

    # The next attempt

    def decide(self, retries: Retries, attempt: Attempt, cluster: ClusterTarget, results: Tally) -> float | None:
        """Return the seconds until the next attempt, its place in the retry budget taken; None when there is none.

        What the policy wanted and what came of it is counted in ``results``; what it raises is the caller's.
        """
        if self.again >= retries.most:
            return None
        wanted = retries.decide(attempt)
        if wanted is None:
            return None
        delay = max(0.0, wanted)
        if not self.repeatable:
            results["not_repeatable"] += 1
        elif not self._spend(cluster):
            results["over_budget"] += 1
        else:
            results["made"] += 1
            return delay
        return None

    def pick_elsewhere(self, cluster: ClusterTarget, head: RequestHead) -> Any:
        """Return an endpoint that was not tried, if there is one (Envoy ``previous_hosts``), or not the one just tried.

        A balancer may insist: one that prefers those with little to do comes up with a dead endpoint again and again.
        """
        for _ in range(1 + RESELECTIONS):
            endpoint = cluster.pick(head)
            if endpoint is None or endpoint.name not in self.tried:
                return endpoint
        return cluster.pick_other(self.tried) or cluster.pick_other(self.tried[-1:]) or endpoint

    def settle(self) -> None:
        """Give the place in the budget back: the retry is over."""
        if self._budgeted is not None:
            self._budgeted.retrying -= 1
            self._budgeted = None

    def _spend(self, cluster: ClusterTarget) -> bool:
        self.settle()
        if not cluster.may_retry():
            return False
        cluster.retrying += 1
        self._budgeted = cluster
        self.again += 1
        return True


def decide(
    core: Core, tries: Attempts, retries: Retries, attempt: Attempt, cluster: ClusterTarget, results: Tally
) -> float | None:
    """Return what :meth:`Attempts.decide` does; a policy that raises lets the attempt stand."""
    try:
        return tries.decide(retries, attempt, cluster, results)
    except Exception:
        core.plugin_failures.note("retry", "the retry policy raised; the attempt stands")
        return None


def last_word(retries: Retries | None, outcome: Outcome) -> Outcome:
    """Return how an attempt that broke off is answered when no other one follows."""
    if retries is None or not retries.unanswered or outcome.status != outcomes.UPSTREAM_RESET.status:
        return outcome
    return evolve(outcome, status=retries.unanswered)
