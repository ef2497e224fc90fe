"""The shapes of the native form: what may be written, as attrs classes that ``shadowgate.plugin.read`` fills.

Each class is one mapping of the YAML, its fields are the keys, and ``from_scalar`` is its short form.  What the forms
mean as a configuration is in ``native``.  A list of one may be written as its item throughout.
"""

# ruff: noqa: RUF009 - _doc is attrs.field with a sentence, not a value.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import Attribute, field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import ByteSize, Duration, Node, OneOrMany
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Scalar as ScalarNode

_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>[0-9]{1,5})")
_CLUSTER_NAME: Final = re.compile(r"[^\s:/]+")
_HOST: Final = re.compile(r"\*|(\*\.)?[^\s*/:]+|\[[0-9A-Fa-f:.]+\]")
_DESTINATION: Final = re.compile(r"(?P<cluster>[^\s:/]+)(?:/(?P<subset>[^\s:/]+))?(?::(?P<port>[0-9]{1,5}))?")


def _doc(text: str, **given: Any) -> Any:
    return field(metadata={"doc": text}, **given)


def _is_port(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and not 0 < value < 65536:
        raise ValueError(f"a port lies between 1 and 65535, not at {value}")


def _not_negative(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value < 0:
        raise ValueError("a weight cannot be negative")


def _one_at_least(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError("write 1 or more")


def _not_empty(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value == "":
        raise ValueError("this cannot be empty")


def _host_names(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    if not value:
        raise ValueError('name at least one host; "*" is all of them')
    for host in value:
        if not _HOST.fullmatch(host):
            raise ValueError(f'"{host}" is not a host name; write it without scheme and port, *.suffix, or "*"')


def is_cluster_name(text: str) -> bool:
    """Tell whether a destination could name such a cluster in its short form."""
    return _CLUSTER_NAME.fullmatch(text) is not None


@frozen
class EndpointForm:
    """An address that answers."""

    address: str = _doc("An IP address, a host name, or unix: with a path.", validator=_not_empty)
    port: int | None = _doc("The port; none with unix:.", default=None, validator=_is_port)
    labels: Mapping[str, str] = _doc("What subsets choose it by.", factory=dict)
    weight: int = _doc("Its share among the cluster's endpoints.", default=1, validator=_not_negative)
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        if self.address.startswith("unix:"):
            if self.port is not None:
                raise ValueError("an address that starts with unix: has no port")
        elif self.port is None:
            raise ValueError(f'the port of "{self.address}" is missing')

    @classmethod
    def from_scalar(cls, text: str) -> EndpointForm:
        if text.startswith("unix:/"):
            return cls(text)
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ValueError("write an address with its port: 127.0.0.1:8001, [::1]:8001, host:8001 or unix:/path")
        return cls(match["six"] or match["host"], int(match["port"]))


@frozen
class ClusterForm:
    """Endpoints that requests can go to."""

    endpoints: OneOrMany[EndpointForm] = _doc("The addresses.", default=())
    subsets: Mapping[str, Mapping[str, str]] = _doc("By name, the labels that a subset's endpoints have.", factory=dict)
    balancer: PluginUse | None = _doc("What chooses among the endpoints.", default=None)
    position: Position = NOWHERE

    @classmethod
    def from_scalar(cls, text: str) -> ClusterForm:
        return cls((EndpointForm.from_scalar(text),))


@frozen
class PathForm:
    """A condition on the path; exactly one of them."""

    exact: str | None = _doc("The whole path.", default=None)
    prefix: str | None = _doc("How the path begins, letter by letter.", default=None)
    segments: str | None = _doc("How the path begins, by whole elements: /api is not /apis.", default=None)
    regex: str | None = _doc("An RE2 expression that matches the whole path.", default=None)
    ignore_case: bool = _doc("Whether case is ignored.", default=False)
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        given = [name for name in ("exact", "prefix", "segments", "regex") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"give exactly one of exact, prefix, segments and regex; there is {found}")

    @classmethod
    def from_scalar(cls, text: str) -> PathForm:
        raise ValueError(f"say how the path is compared: {{prefix: {text}}} or {{exact: {text}}}")


@frozen
class MatchForm:
    """Conditions that all hold."""

    path: PathForm | None = _doc("A condition on the path.", default=None)
    method: Node | None = _doc("A method, several, or a condition as on headers.", default=None)
    headers: Mapping[str, Node] = _doc("By name, the value or the options of the matcher header.", factory=dict)
    query: Mapping[str, Node] = _doc("By name, the value or the options of the matcher query.", factory=dict)
    authority: Node | None = _doc("The host, or the options of the matcher authority.", default=None)
    scheme: Node | None = _doc("http or https.", default=None)
    when: OneOrMany[PluginUse] = _doc("Further matchers by name.", default=())
    position: Position = NOWHERE


@frozen
class DestinationForm:
    """Where requests go: ``cluster``, ``cluster/subset`` or either with ``:port`` in short."""

    cluster: str = _doc("The cluster's name.")
    subset: str | None = _doc("A subset of it.", default=None)
    port: int | None = _doc("One of the ports of a cluster that has several.", default=None, validator=_is_port)
    weight: int = _doc("Its share among the destinations.", default=1, validator=_not_negative)
    filters: OneOrMany[PluginUse] = _doc("Filters for requests that go there.", default=())
    position: Position = NOWHERE

    @classmethod
    def from_scalar(cls, text: str) -> DestinationForm:
        match = _DESTINATION.fullmatch(text)
        if match is None:
            raise ValueError("write a cluster's name, or cluster/subset")
        port = None if match["port"] is None else int(match["port"])
        return cls(match["cluster"], match["subset"], port)


@frozen
class MirrorLimitsForm:
    """The bounds of one mirror; what is left out keeps the gateway's own (``shadowgate.model.MirrorLimits``)."""

    buffer: ByteSize | None = _doc("Request bytes waiting for one shadow.", default=None)
    budget: ByteSize | None = _doc("Request bytes waiting for all of the mirror's shadows.", default=None)
    in_flight: int | None = _doc("Shadows under way at once.", default=None, validator=_one_at_least)
    response: ByteSize | None = _doc("Bytes of an answer that are read to keep the connection.", default=None)
    connect: Duration | None = _doc("Time to connect.", default=None)
    timeout: Duration | None = _doc("Time for a whole shadow.", default=None)
    breaker_failures: int | None = _doc(
        "Failures in a row that open the breaker.", default=None, validator=_one_at_least
    )
    breaker_pause: Duration | None = _doc("How long the breaker stays open.", default=None)


@frozen
class MirrorForm:
    """Where copies go; in short, only the destination."""

    to: DestinationForm = _doc("Where the copies go.")
    name: str = _doc("What metrics and logs call it.", default="")
    percent: ScalarNode | None = _doc("Share of the requests that is copied.", default=None)
    by: PluginUse | None = _doc("What chooses them: random, hash, counter or another mirror policy.", default=None)
    suffix: str | None = _doc('Put before the port of the copy\'s Host; "" leaves the Host alone.', default=None)
    host: str | None = _doc("The copy's whole Host.", default=None, validator=_not_empty)
    headers: MappingNode | None = _doc("What to set, add and remove in the copy.", default=None)
    filters: OneOrMany[PluginUse] = _doc("Filters for the copy alone.", default=())
    observers: OneOrMany[PluginUse] = _doc("Plugins told what became of each shadow.", default=())
    limits: MirrorLimitsForm | None = _doc("What the mirror may cost.", default=None)
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        if self.suffix is not None and self.host is not None:
            raise ValueError("suffix and host exclude each other: a replaced Host gets no suffix")

    @classmethod
    def from_scalar(cls, text: str) -> MirrorForm:
        return cls(DestinationForm.from_scalar(text))


@frozen
class TimeoutsForm:
    """How long requests may take; what is left out keeps the gateway's own (``shadowgate.model.Timeouts``)."""

    connect: Duration | None = _doc("Until the connection stands.", default=None)
    response: Duration | None = _doc("From the end of the request to the answer's head.", default=None)
    idle: Duration | None = _doc("Between two signs of life of a body.", default=None)


@frozen
class RuleForm:
    """What happens to the requests that one of the matches holds for."""

    name: str = _doc("What logs call it.", default="")
    match: OneOrMany[MatchForm] = _doc("Alternatives, one of which holds; none: always.", default=())
    to: OneOrMany[DestinationForm] = _doc("Where the requests go, by weight.", default=())
    balancer: PluginUse | None = _doc("What chooses among several destinations.", default=None)
    mirror: OneOrMany[MirrorForm] = _doc("Where copies go.", default=())
    filters: OneOrMany[PluginUse] = _doc("Filters for requests and answers.", default=())
    timeouts: TimeoutsForm | None = _doc("How long requests may take.", default=None)
    position: Position = NOWHERE


@frozen
class RouteForm(RuleForm):
    """A rule for some hosts, or several under ``rules``."""

    hosts: OneOrMany[str] = _doc("Host names without ports, *.suffix or *.", default=("*",), validator=_host_names)
    listeners: OneOrMany[str] = _doc("Names of listeners; none: all of them.", default=())
    rules: tuple[RuleForm, ...] = _doc("Several rules, the first that matches deciding.", default=())

    def __attrs_post_init__(self) -> None:
        loose = [key for key in ("match", "to", "balancer", "mirror", "filters", "timeouts") if getattr(self, key)]
        if self.rules and loose:
            raise ValueError(f"a route with rules has no {' and no '.join(loose)} of its own; write it inside a rule")


@frozen
class ListenerForm:
    """A place to accept clients; in short, only the endpoint."""

    endpoint: str = _doc("A Twisted server endpoint: tcp:8000, unix:/run/web.sock.", validator=_not_empty)
    name: str = _doc("What routes call it; the endpoint where nothing is said.", default="")
    position: Position = NOWHERE

    @classmethod
    def from_scalar(cls, text: str) -> ListenerForm:
        return cls(text)


@frozen
class NativeForm:
    """One document."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"apiVersion", "kind", "metadata"})

    clusters: Mapping[str, ClusterForm | tuple[EndpointForm, ...]] = _doc("Clusters by name.", factory=dict)
    routes: OneOrMany[RouteForm] = _doc("Routes, in the order in which they are tried.", default=())
    listeners: OneOrMany[ListenerForm] = _doc("Where to accept clients.", default=())
