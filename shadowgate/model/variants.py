"""Variants of an application: what is said of them, what probes ask, and which of them are there now.

Which routes and weights come of it is decided in ``config``; asking happens at run time.
"""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.model.clusters import Endpoint
from shadowgate.model.policies import HealthCheck
from shadowgate.model.routing import Destination, Match, Rule


@frozen
class Probe:
    """One condition for a variant to be there.

    ``http`` and ``tcp`` ask as ``check`` says, at ``endpoint`` or else at the endpoints of the variant's cluster, of
    which one has to be well; ``dns`` looks the name ``target`` up, ``file`` looks whether the path ``target`` exists.
    ``rise`` and ``fall`` of the check hold for all kinds.  ``stable`` is how many seconds nothing may be amiss before
    the variant counts as there.
    """

    kind: Literal["http", "tcp", "dns", "file"]
    check: HealthCheck
    target: str = ""
    endpoint: Endpoint | None = field(default=None, hash=False)
    stable: float = 0.0
    position: Position = field(default=NOWHERE, eq=False)

    def __str__(self) -> str:
        where = str(self.endpoint or self.target) + (self.check.path or "")
        return f"{self.kind} probe of {where}" if where else f"{self.kind} probe"


@frozen
class Variant:
    """One version: where its requests go, and what has to hold for it to be there, which is always so without probes.

    ``weight`` is its share or, of a mirror, the percentage that is copied; None where nothing was said.  ``matches``
    choose the requests of a canary.
    """

    name: str
    destination: Destination
    weight: int | None = None
    matches: tuple[Match, ...] = ()
    probes: tuple[Probe, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Variants:
    """An application in the native form, its primary first.

    ``rule`` has what holds for all its requests: filters, timeouts, retries.
    """

    name: str
    hosts: tuple[str, ...]
    pattern: Literal["mirror", "canary", "blue-green"]
    variants: tuple[Variant, ...]
    rule: Rule = field(factory=Rule)
    listeners: tuple[str, ...] = ()
    namespace: str = "default"
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Presence:
    """Whether a variant is there, and why not; ``weight`` is None where that is yet to be decided."""

    name: str
    available: bool
    reason: str = ""
    weight: int | None = None


@frozen
class Availability:
    """Which variants of an application are there; in a Configuration, all of them, with their weights."""

    name: str
    namespace: str
    variants: tuple[Presence, ...]
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def weights(self) -> tuple[int, ...]:
        return tuple(each.weight or 0 for each in self.variants)

    def __str__(self) -> str:
        return self.name if self.namespace == "default" else f"{self.namespace}/{self.name}"
