"""How a request finds its destinations: listeners, routes, rules, matches, and the mirrors beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import field

from shadowgate.errors import NOWHERE, Position
from shadowgate.fixed import fixed
from shadowgate.model.gateways import Condition, ParentReference, Reference
from shadowgate.model.settings import MirrorLimits
from shadowgate.model.use import PluginUse

OWN: Final = "mesh"
"""Among the listeners of a Route: the gateway's own, ``--listen`` and the native form's (Istio's reserved gateway)."""


@fixed
class Listener:
    """A place to accept clients.

    ``endpoint`` is a Twisted server endpoint string (``tcp:8000``); where it is empty, ``port`` is a TCP port on the
    address that the gateway binds.  Several listeners of one place share its socket; ``hosts`` are the names that
    this one serves there, as a Route writes them.  ``gateway`` is the object that it belongs to (``namespace/name``).

    ``bind`` is the address of the port, where it is not the gateway's.  ``namespaces`` are those whose routes it
    serves, empty for all.  ``rule`` is what happens to requests for its hosts in place of any route.  A listener
    without a place (neither endpoint nor port) is known and never opened.
    """

    name: str
    endpoint: str = ""
    port: int | None = None
    hosts: tuple[str, ...] = ("*",)
    gateway: str = ""
    bind: str = ""
    namespaces: tuple[str, ...] = ()
    rule: Rule | None = None
    position: Position = field(default=NOWHERE, eq=False)


@fixed
class ClientNetwork:
    """Labels of the clients in some networks (CIDR), for conditions on where a request comes from.

    The labels of a client are those of the narrowest network that it is in.
    """

    networks: tuple[str, ...]
    labels: Mapping[str, str]
    position: Position = field(default=NOWHERE, eq=False)


@fixed
class PathMatch:
    """A condition on the path: the one kind of condition that the route table indexes.

    ``prefix`` is a plain string prefix (Istio), ``segments`` a prefix by whole path elements (Gateway API),
    ``regex`` an RE2 expression that matches the whole path.
    """

    kind: Literal["exact", "prefix", "segments", "regex"]
    value: str
    ignore_case: bool = False
    position: Position = field(default=NOWHERE, eq=False)


@fixed
class Match:
    """All of its conditions hold; ``conditions`` are matcher plugins.

    ``name`` is joined to the rule's in logs; ``stat_prefix`` names the series that its requests are counted in.
    ``listeners`` and ``port`` select where it holds: gateways by name, and the port that a listener was declared with.
    ``config`` uses both up.
    """

    path: PathMatch | None = None
    conditions: tuple[PluginUse, ...] = ()
    name: str = ""
    stat_prefix: str = ""
    listeners: tuple[str, ...] = ()
    port: int | None = None
    position: Position = field(default=NOWHERE, eq=False)


@fixed
class Destination:
    """Where a share of the traffic goes.  ``filters`` run only for requests that go there.

    ``mirrors`` get copies of the requests that go there, beside the mirrors of the rule.  ``balancer`` is the plugin
    that chooses among its endpoints for this rule; None is the cluster's own.

    ``reference`` is the object behind it where a namespace's owner must allow that (Gateway API).  ``failure`` says
    why the share is answered 500, empty where it is not: ``config`` fills it in.
    """

    cluster: str
    subset: str | None = None
    port: int | None = None
    weight: int = 1
    filters: tuple[PluginUse, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)
    reference: Reference | None = None
    failure: str = ""
    mirrors: tuple[Mirror, ...] = ()
    balancer: PluginUse | None = None

    def __str__(self) -> str:
        text = self.cluster if self.subset is None else f"{self.cluster}/{self.subset}"
        return text if self.port is None else f"{text}:{self.port}"


@fixed
class Mirror:
    """Where copies go, which requests are copied, and what a copy looks like.

    ``policy`` is the mirror-policy plugin that samples; None copies everything.  ``suffix`` overrides the gateway's
    shadow suffix ("" leaves the Host alone), and ``keeps_host`` is that where neither says anything; ``host`` replaces
    the whole Host.  ``filters`` change the copy alone.
    ``handshakes`` says that it also gets the requests that ask for another protocol; without it they are not copied.
    """

    destination: Destination
    name: str = ""
    policy: PluginUse | None = None
    suffix: str | None = None
    keeps_host: bool = False
    host: str | None = None
    filters: tuple[PluginUse, ...] = ()
    observers: tuple[PluginUse, ...] = ()
    limits: MirrorLimits | None = None
    handshakes: bool = False
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def label(self) -> str:
        """What it is called in metrics and logs: its name, or where it goes."""
        return self.name or str(self.destination)


@fixed
class Delegate:
    """Another Route, without hosts of its own, whose rules stand in this rule's place (Istio ``delegate``)."""

    name: str
    namespace: str
    position: Position = field(default=NOWHERE, eq=False)


@fixed
class Rule:
    """The first rule of a route one of whose matches holds decides; no matches hold always.

    ``balancer`` is the plugin that chooses among ``destinations``; None is ``weight``.  ``retry`` is the retry-policy
    plugin; None never tries again, but for an idle connection that turns out dead.  ``timeouts`` are fields of
    :class:`Timeouts` by name; those that are not said are the gateway's, and so is a timeout of None.

    ``failure`` says why all its requests are answered 500 (a filter that is unknown, no destination at all), and
    ``conditions`` are what its text settles of its Route's conditions.

    ``said`` names the fields (and keys of filters) that were written, where a rule may take over those of another
    that delegates to it; ``config`` uses it up.
    """

    matches: tuple[Match, ...] = ()
    destinations: tuple[Destination, ...] = ()
    filters: tuple[PluginUse, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    balancer: PluginUse | None = None
    retry: PluginUse | None = None
    timeout: float | None = None
    attempt_timeout: float | None = None
    timeouts: Mapping[str, float] | None = None
    delegate: Delegate | None = None
    said: tuple[str, ...] = ()
    name: str = ""
    position: Position = field(default=NOWHERE, eq=False)
    failure: str = ""
    conditions: tuple[Condition, ...] = ()


@fixed
class Route:
    """Rules for some hosts.

    ``hosts`` are exact names, ``*.suffix`` or ``*``, without ports.  ``listeners`` are names of listeners or of
    gateways; empty for the gateway's own (``--listen`` and the native form's), which beside others are ``OWN``.

    ``created`` is when the object was made (RFC 3339, "" where nobody says): such routes of one host are merged oldest
    first, their rules that match everything last.  With None the order of reading holds.  One that is not ``named`` by
    its writer is called after its first host, and told from others of that name by its number among them.

    A Route with ``parents`` is attached to them and to nothing else, and its rules are ranked with those of all such
    routes by how specific their matches are (Gateway API).  One that ``takes_defaults`` has all default Gateways among
    its parents.
    """

    name: str
    hosts: tuple[str, ...]
    rules: tuple[Rule, ...]
    listeners: tuple[str, ...] = ()
    kind: str = "Route"
    namespace: str = "default"
    created: str | None = None
    position: Position = field(default=NOWHERE, eq=False)
    named: bool = True
    parents: tuple[ParentReference, ...] = ()
    takes_defaults: bool = False
    generation: int | None = None
