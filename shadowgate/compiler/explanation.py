"""What there is to tell about a request, as values; ``explain`` makes them, the command and the admin API show them."""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen

from shadowgate.compiler.search import Search
from shadowgate.config.view import Plain, View
from shadowgate.model import MirrorLimits, Timeouts


@frozen
class Answer:
    """What the client gets without any upstream being asked, and who says so."""

    status: int
    by: str
    headers: dict[str, str] = field(factory=dict)
    body: str = ""


@frozen
class Step:
    """One filter.  ``effect`` is what it did to the copy of this request; ``ran`` is whether it could be tried."""

    filter: Plain
    ran: bool
    effect: str = ""


@frozen
class Share:
    """One destination.  ``percent`` is None where a balancer other than ``weight`` chooses.

    ``authority`` and ``target`` are what goes upstream; ``problem`` says why nothing can.
    """

    destination: str
    weight: int
    percent: float | None
    cluster: str
    subset: str
    balancer: Plain | None
    endpoints: tuple[Plain, ...]
    filters: tuple[Step, ...]
    authority: str
    target: str
    answer: Answer | None
    problem: str
    position: str


@frozen
class Copy:
    """One mirror.  ``odds`` is None where its policy has no percentage; ``hosts`` are the copy's, one for each Host
    that a destination gives the request.  ``only`` is the destination that it comes with, None for all of them.
    """

    mirror: str
    destination: str
    odds: float | None
    policy: Plain | None
    hosts: tuple[str, ...]
    endpoints: tuple[Plain, ...]
    filters: tuple[Step, ...]
    observers: tuple[Plain, ...]
    limits: MirrorLimits
    problem: str
    position: str
    only: str | None = None


@frozen
class Explanation:
    """Everything that is decided about a request before it is sent.

    ``certain`` is False when a filter that was not run stands in front of what is told after it; ``retries`` is how
    many further attempts there can be.
    """

    request: str
    search: Search
    rule: str = ""
    position: str = ""
    filters: tuple[Step, ...] = ()
    certain: bool = True
    answer: Answer | None = None
    balancer: Plain | None = None
    destinations: tuple[Share, ...] = ()
    retry: Plain | None = None
    retries: int = 0
    timeouts: Timeouts | None = None
    mirrors: tuple[Copy, ...] = ()

    @property
    def found(self) -> bool:
        """Whether a rule takes the request."""
        return self.search.winner is not None

    def plain(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return View().part(evolve(self, search=evolve(self.search, winner=None)))
