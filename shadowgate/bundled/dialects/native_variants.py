"""Variants in the native form: what may be written below ``variants``, and what it is in the model."""

# ruff: noqa: RUF009 - doc is attrs.field with a sentence, not a value.

from __future__ import annotations

from typing import Any, Literal

from attrs import Attribute, evolve, frozen

from shadowgate.bundled.dialects.health_checks import HttpCheckForm
from shadowgate.bundled.dialects.native_clusters import EndpointForm
from shadowgate.bundled.dialects.native_forms import DestinationForm, MatchForm, TimeoutsForm, host_names
from shadowgate.bundled.dialects.native_parts import doc, one_at_least, some_time
from shadowgate.bundled.dialects.service_names import is_host
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Endpoint, HealthCheck, PluginUse, Probe
from shadowgate.plugin import Duration, OneOrMany
from shadowgate.plugin.checks import Unfit, reading, variants


def _a_name(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None and not is_host(value):
        raise Unfit(variants.PROBE, f'"{value}" is no name that could be looked up')


def _a_path(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None and not value.startswith("/"):
        raise Unfit(variants.PROBE, f'"{value}" depends on where the gateway was started; write a path from the root')


def _a_weight(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and value < 0:
        raise Unfit(reading.RANGE, "a weight cannot be negative")


@frozen
class HttpProbeForm(HttpCheckForm):
    """A request for a page; in short, only its path."""

    address: EndpointForm | None = doc(
        "Who is asked; nothing: the endpoints of the variant's cluster, of which one has to answer well.", default=None
    )


@frozen
class TcpProbeForm:
    """A connection that is made and closed; in short, only the address."""

    address: EndpointForm | None = doc(
        "Who is connected to; nothing: the endpoints of the variant's cluster, of which one has to be there.",
        default=None,
    )

    @classmethod
    def from_scalar(cls, text: str) -> TcpProbeForm:
        return cls(EndpointForm.from_scalar(text))


@frozen
class ProbeForm:
    """What has to hold for a variant to be there; exactly one of `http`, `tcp`, `dns` and `file`."""

    http: HttpProbeForm | None = doc("A page that has to answer.", default=None)
    tcp: TcpProbeForm | None = doc("An address that has to take connections.", default=None)
    dns: str | None = doc("A name that has to stand for an address.", default=None, validator=_a_name)
    file: str | None = doc("A file or directory that has to exist.", default=None, validator=_a_path)
    interval: Duration = doc("From one result to the next question.", default=Duration(2.0), validator=some_time)
    timeout: Duration = doc("For the whole answer.", default=Duration(1.0), validator=some_time)
    rise: int = doc(
        "Good results in a row that it comes with; the first result of all is enough.",
        default=2,
        validator=one_at_least,
    )
    fall: int = doc("Bad results in a row that it goes with.", default=3, validator=one_at_least)
    stable: Duration = doc("How long nothing may be amiss until it counts as there.", default=Duration(0.0))
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        given = [kind for kind in ("http", "tcp", "dns", "file") if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise Unfit(variants.PROBE, f"give exactly one of http, tcp, dns and file; there is {found}")

    def translate(self) -> Probe:
        check = HealthCheck(
            interval=self.interval, timeout=self.timeout, rise=self.rise, fall=self.fall, initially="unhealthy"
        )
        probe = Probe("tcp", check, stable=self.stable, position=self.position)
        if self.http is not None:
            return evolve(probe, kind="http", check=self.http.asks(check), endpoint=_endpoint(self.http.address))
        if self.dns is not None:
            return evolve(probe, kind="dns", target=self.dns)
        if self.file is not None:
            return evolve(probe, kind="file", target=self.file)
        return evolve(probe, endpoint=None if self.tcp is None else _endpoint(self.tcp.address))


def _endpoint(form: EndpointForm | None) -> Endpoint | None:
    return None if form is None else Endpoint(form.address, form.port or 0, position=form.position)


@frozen
class VariantForm:
    """One version of the application; in short, only where its requests go."""

    to: DestinationForm = doc("Where its requests, or copies of them, go.")
    name: str = doc("What events and metrics call it; where nothing is said, as what it goes to.", default="")
    weight: int | None = doc(
        "Its share beside the others, 1 where nothing is said. With the pattern `mirror`, the percentage of the "
        "requests that is copied, 100 where nothing is said.",
        default=None,
        validator=_a_weight,
    )
    match: OneOrMany[MatchForm] = doc("With the pattern `canary`, which requests go to it.", default=())
    probes: OneOrMany[ProbeForm] = doc(
        "What has to hold for it to be there, all of it; none: it always is.", default=()
    )
    position: Position = NOWHERE

    @classmethod
    def from_scalar(cls, text: str) -> VariantForm:
        return cls(DestinationForm.from_scalar(text))

    @property
    def title(self) -> str:
        return self.name or (f"{self.to.cluster}/{self.to.subset}" if self.to.subset else self.to.cluster)


@frozen
class VariantsForm:
    """An application whose versions come and go, the primary first; its routes follow them."""

    pattern: Literal["mirror", "canary", "blue-green"] = doc(
        "What becomes of the others while they are there: they get copies, the requests that match, or a share."
    )
    variants: tuple[VariantForm, ...] = doc("The versions.")
    hosts: OneOrMany[str] = doc("Host names without ports, *.suffix or *.", default=("*",), validator=host_names)
    listeners: OneOrMany[str] = doc("Names of listeners; none: all of them.", default=())
    filters: OneOrMany[PluginUse] = doc("Filters for requests and answers.", default=())
    timeouts: TimeoutsForm | None = doc("How long requests may take.", default=None)
    retry: PluginUse | None = doc(
        "Whether a failed attempt is followed by another; nothing: as `retry` has it.", default=None
    )
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        if not self.variants:
            raise Unfit(variants.EMPTY, "list the variants, the primary first")
        titles = [each.title for each in self.variants]
        twice = next((title for title in titles if titles.count(title) > 1), "")
        if twice:
            raise Unfit(variants.TWICE, f'two variants are called "{twice}"; give each a name of its own')
        for at, each in enumerate(self.variants):
            canary = self.pattern == "canary" and at > 0
            if canary and not each.match:
                message = f"nothing says which requests go to {each.title}; give it a match"
                raise Unfit(variants.PATTERN, message)
            if each.match and not canary:
                message = f"{each.title} cannot have a match: only canaries have, and never the primary"
                raise Unfit(variants.PATTERN, message)
            if self.pattern == "mirror" and at > 0 and (each.weight or 0) > 100:
                raise Unfit(variants.PATTERN, f"no more than 100 per cent can be copied to {each.title}")
