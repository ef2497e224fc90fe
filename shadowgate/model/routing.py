"""How a request finds its destinations: listeners, routes, rules, matches, and the mirrors beside them."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.model.settings import MirrorLimits, Timeouts
from shadowgate.model.use import PluginUse


@frozen
class Listener:
    """A place to accept clients: ``endpoint`` is a Twisted server endpoint string (``tcp:8000``)."""

    name: str
    endpoint: str
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class PathMatch:
    """A condition on the path: the one kind of condition that the route table indexes.

    ``prefix`` is a plain string prefix (Istio), ``segments`` a prefix by whole path elements (Gateway API),
    ``regex`` an RE2 expression that matches the whole path.
    """

    kind: Literal["exact", "prefix", "segments", "regex"]
    value: str
    ignore_case: bool = False
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Match:
    """All of its conditions hold; ``conditions`` are matcher plugins."""

    path: PathMatch | None = None
    conditions: tuple[PluginUse, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Destination:
    """Where a share of the traffic goes.  ``filters`` run only for requests that go there."""

    cluster: str
    subset: str | None = None
    port: int | None = None
    weight: int = 1
    filters: tuple[PluginUse, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)

    def __str__(self) -> str:
        text = self.cluster if self.subset is None else f"{self.cluster}/{self.subset}"
        return text if self.port is None else f"{text}:{self.port}"


@frozen
class Mirror:
    """Where copies go, which requests are copied, and what a copy looks like.

    ``policy`` is the mirror-policy plugin that samples; None copies everything.  ``suffix`` overrides the gateway's
    shadow suffix ("" leaves the Host alone), ``host`` replaces the whole Host.  ``filters`` change the copy alone.
    """

    destination: Destination
    name: str = ""
    policy: PluginUse | None = None
    suffix: str | None = None
    host: str | None = None
    filters: tuple[PluginUse, ...] = ()
    observers: tuple[PluginUse, ...] = ()
    limits: MirrorLimits | None = None
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Rule:
    """The first rule of a route one of whose matches holds decides; no matches hold always.

    ``balancer`` is the plugin that chooses among ``destinations``; None is ``weight``.
    """

    matches: tuple[Match, ...] = ()
    destinations: tuple[Destination, ...] = ()
    filters: tuple[PluginUse, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    balancer: PluginUse | None = None
    timeouts: Timeouts | None = None
    name: str = ""
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Route:
    """Rules for some hosts.

    ``hosts`` are exact names, ``*.suffix`` or ``*``, without ports; ``listeners`` are names, empty for all.
    """

    name: str
    hosts: tuple[str, ...]
    rules: tuple[Rule, ...]
    listeners: tuple[str, ...] = ()
    kind: str = "Route"
    namespace: str = "default"
    position: Position = field(default=NOWHERE, eq=False)
