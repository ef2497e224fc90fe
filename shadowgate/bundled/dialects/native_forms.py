"""The shapes of the native form: what may be written, as attrs classes that ``shadowgate.plugin.read`` fills.

Each class is one mapping of the YAML, its fields are the keys, and ``from_scalar`` is its short form.  What the forms
mean as a configuration is in ``native``.  A list of one may be written as its item throughout.
"""

# ruff: noqa: RUF009 - doc is attrs.field with a sentence, not a value.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import Attribute, frozen

from shadowgate.bundled.dialects.native_parts import doc, is_port, not_empty, not_negative, one_at_least
from shadowgate.bundled.networks import networks
from shadowgate.errors import NOWHERE, Position
from shadowgate.http.grammar import is_authority
from shadowgate.model import PluginUse
from shadowgate.plugin import ByteSize, Duration, Node, OneOrMany
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Scalar as ScalarNode
from shadowgate.plugin.checks import Unfit, native

_CLUSTER_NAME: Final = re.compile(r"[^\s:/]+")
_HOST: Final = re.compile(r"\*|(\*\.)?[^\s*/:]+|\[[0-9A-Fa-f:.]+\]")
_DESTINATION: Final = re.compile(r"(?P<cluster>[^\s:/]+)(?:/(?P<subset>[^\s:/]+))?(?::(?P<port>[0-9]{1,5}))?")


def host_names(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    """Validate the hosts of a route."""
    if not value:
        raise Unfit(native.HOST, 'name at least one host; "*" is all of them')
    for host in value:
        if not _HOST.fullmatch(host):
            message = f'"{host}" is not a host name; write it without scheme and port, *.suffix, or "*"'
            raise Unfit(native.HOST, message)


def host_suffix(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    """Validate what is put behind the name of a copy's Host."""
    if value is not None and (":" in value or not is_authority(f"a{value}".encode())):
        raise Unfit(native.COPY_HOST, f'"{value}" cannot stand in a Host; write letters, digits, dots and hyphens')


def whole_host(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    """Validate the Host that replaces a copy's."""
    if value is not None and not is_authority(value.encode()):
        raise Unfit(
            native.COPY_HOST, f'"{value}" is not a Host; write a name or an address, with :port where it has one'
        )


def is_cluster_name(text: str) -> bool:
    """Tell whether a destination could name such a cluster in its short form."""
    return _CLUSTER_NAME.fullmatch(text) is not None


@frozen
class PathForm:
    """A condition on the path; exactly one of them."""

    exact: str | None = doc("The whole path.", default=None)
    prefix: str | None = doc("How the path begins, letter by letter.", default=None)
    segments: str | None = doc("How the path begins, by whole elements: /api is not /apis.", default=None)
    regex: str | None = doc("An RE2 expression that matches the whole path.", default=None)
    ignore_case: bool = doc("Whether case is ignored.", default=False)
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        given = [name for name in ("exact", "prefix", "segments", "regex") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            message = f"give exactly one of exact, prefix, segments and regex; there is {found}"
            raise Unfit(native.PATH, message)

    @classmethod
    def from_scalar(cls, text: str) -> PathForm:
        raise Unfit(native.PATH, f"say how the path is compared: {{prefix: {text}}} or {{exact: {text}}}")


@frozen
class MatchForm:
    """Conditions that all hold."""

    path: PathForm | None = doc("A condition on the path.", default=None)
    method: Node | None = doc("A method, several, or a condition as on headers.", default=None)
    headers: Mapping[str, Node] = doc("By name, the value or the options of the matcher header.", factory=dict)
    query: Mapping[str, Node] = doc("By name, the value or the options of the matcher query.", factory=dict)
    authority: Node | None = doc("The host, or the options of the matcher authority.", default=None)
    scheme: Node | None = doc("http or https.", default=None)
    when: OneOrMany[PluginUse] = doc("Further matchers by name.", default=())
    position: Position = NOWHERE


@frozen
class DestinationForm:
    """Where requests go: ``cluster``, ``cluster/subset`` or either with ``:port`` in short."""

    cluster: str = doc("The cluster's name.")
    subset: str | None = doc("A subset of it.", default=None)
    port: int | None = doc("One of the ports of a cluster that has several.", default=None, validator=is_port)
    weight: int = doc("Its share among the destinations.", default=1, validator=not_negative)
    filters: OneOrMany[PluginUse] = doc("Filters for requests that go there.", default=())
    position: Position = NOWHERE

    @classmethod
    def from_scalar(cls, text: str) -> DestinationForm:
        match = _DESTINATION.fullmatch(text)
        if match is None:
            raise Unfit(native.DESTINATION, "write a cluster's name, or cluster/subset")
        port = None if match["port"] is None else int(match["port"])
        return cls(match["cluster"], match["subset"], port)


@frozen
class MirrorLimitsForm:
    """The bounds of one mirror; what is left out keeps the gateway's own (``shadowgate.model.MirrorLimits``)."""

    buffer: ByteSize | None = doc("Request bytes waiting for one shadow.", default=None)
    budget: ByteSize | None = doc("Request bytes waiting for all of the mirror's shadows.", default=None)
    in_flight: int | None = doc("Shadows under way at once.", default=None, validator=one_at_least)
    response: ByteSize | None = doc("Bytes of an answer that are read to keep the connection.", default=None)
    connect: Duration | None = doc("Time to connect.", default=None)
    timeout: Duration | None = doc("Time for a whole shadow.", default=None)
    breaker_failures: int | None = doc("Failures in a row that open the breaker.", default=None, validator=one_at_least)
    breaker_pause: Duration | None = doc("How long the breaker stays open.", default=None)


@frozen
class MirrorForm:
    """Where copies go; in short, only the destination."""

    to: DestinationForm = doc("Where the copies go.")
    name: str = doc("What metrics and logs call it.", default="")
    percent: ScalarNode | None = doc("Share of the requests that is copied.", default=None)
    by: PluginUse | None = doc("What chooses them: random, hash, counter or another mirror policy.", default=None)
    suffix: str | None = doc(
        'Put before the port of the copy\'s Host; "" leaves the Host alone.', default=None, validator=host_suffix
    )
    host: str | None = doc("The copy's whole Host.", default=None, validator=whole_host)
    headers: MappingNode | None = doc("What to set, add and remove in the copy.", default=None)
    filters: OneOrMany[PluginUse] = doc("Filters for the copy alone.", default=())
    observers: OneOrMany[PluginUse] = doc("Plugins told what became of each shadow.", default=())
    limits: MirrorLimitsForm | None = doc("What the mirror may cost.", default=None)
    upgrades: Literal["handshake"] | None = doc(
        "Whether requests that upgrade (WebSocket) are copied: their handshake alone, or nothing.", default=None
    )
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        if self.suffix is not None and self.host is not None:
            raise Unfit(native.MIRROR_HOST, "suffix and host exclude each other: a replaced Host gets no suffix")

    @classmethod
    def from_scalar(cls, text: str) -> MirrorForm:
        return cls(DestinationForm.from_scalar(text))


@frozen
class TimeoutsForm:
    """How long requests may take; what is left out keeps the gateway's own (``shadowgate.model.Timeouts``)."""

    connect: Duration | None = doc("Until the connection stands.", default=None)
    response: Duration | None = doc("From the end of the request to the answer's head.", default=None)
    idle: Duration | None = doc("Between two signs of life of a body.", default=None)
    request: Duration | None = doc("The whole request, all attempts included; nothing: no such bound.", default=None)
    attempt: Duration | None = doc("One attempt, up to its answer's head; nothing: no such bound.", default=None)


@frozen
class RuleForm:
    """What happens to the requests that one of the matches holds for."""

    name: str = doc("What logs call it.", default="")
    match: OneOrMany[MatchForm] = doc("Alternatives, one of which holds; none: always.", default=())
    to: OneOrMany[DestinationForm] = doc("Where the requests go, by weight.", default=())
    balancer: PluginUse | None = doc("What chooses among several destinations.", default=None)
    mirror: OneOrMany[MirrorForm] = doc("Where copies go.", default=())
    filters: OneOrMany[PluginUse] = doc("Filters for requests and answers.", default=())
    timeouts: TimeoutsForm | None = doc("How long requests may take.", default=None)
    retry: PluginUse | None = doc(
        "Whether a failed attempt is followed by another; nothing: as `retry` has it.", default=None
    )
    position: Position = NOWHERE


@frozen
class RouteForm(RuleForm):
    """A rule for some hosts, or several under ``rules``."""

    hosts: OneOrMany[str] = doc("Host names without ports, *.suffix or *.", default=("*",), validator=host_names)
    listeners: OneOrMany[str] = doc("Names of listeners; none: all of them.", default=())
    rules: tuple[RuleForm, ...] = doc("Several rules, the first that matches deciding.", default=())

    def __attrs_post_init__(self) -> None:
        loose = [
            key for key in ("match", "to", "balancer", "mirror", "filters", "timeouts", "retry") if getattr(self, key)
        ]
        if self.rules and loose:
            message = f"a route with rules has no {' and no '.join(loose)} of its own; write it inside a rule"
            raise Unfit(native.LOOSE, message)


@frozen
class ListenerForm:
    """A place to accept clients; in short, only the endpoint."""

    endpoint: str = doc("A Twisted server endpoint: tcp:8000, unix:/run/web.sock.", validator=not_empty)
    name: str = doc("What routes call it; the endpoint where nothing is said.", default="")
    position: Position = NOWHERE

    @classmethod
    def from_scalar(cls, text: str) -> ListenerForm:
        return cls(text)


@frozen
class ClientsForm:
    """Labels of the clients in some networks; a client has those of the narrowest network that it is in."""

    networks: OneOrMany[str] = doc("Networks or single addresses: 10.0.0.0/8, 192.0.2.1.", validator=networks)
    labels: Mapping[str, str] = doc("The labels of the clients there.", factory=dict)
    position: Position = NOWHERE
