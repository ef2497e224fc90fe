"""Clusters in the native form: what may be written below ``clusters``, and what it is in the model."""

# ruff: noqa: RUF009 - doc is attrs.field with a sentence, not a value.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from attrs import Attribute, frozen

from shadowgate.bundled.dialects.health_checks import HealthForm
from shadowgate.bundled.dialects.native_parts import (
    a_percentage,
    doc,
    is_port,
    not_empty,
    not_negative,
    some_time,
)
from shadowgate.bundled.dialects.native_resilience import EjectionForm, PoolForm, RetryBudgetForm
from shadowgate.bundled.dialects.service_names import is_service_record
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Cluster, Endpoint, PluginUse, Subset, TrafficPolicy, Warmup
from shadowgate.plugin import Document, Duration, OneOrMany, Report, Scalar, read
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin.checks import Unfit, native, reading
from shadowgate.plugin.scalars import duration

_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>[0-9]{1,5})")
_LOCALITY: Final = re.compile(r"[^\s/*]+(/[^\s/*]+){0,2}")


def _is_locality(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    if value and not _LOCALITY.fullmatch(value):
        raise Unfit(native.LOCALITY, "write region, region/zone or region/zone/subzone")


def _aggression(_instance: Any, _attribute: Attribute[float], value: float) -> None:
    if value < 1:
        raise Unfit(reading.RANGE, "aggression is 1 or more")


@frozen
class EndpointForm:
    """An address that answers."""

    address: str = doc("An IP address, a host name, or unix: with a path.", validator=not_empty)
    port: int | None = doc("The port; none with unix:.", default=None, validator=is_port)
    labels: Mapping[str, str] = doc("What subsets choose it by.", factory=dict)
    weight: int = doc("Its share among the cluster's endpoints.", default=1, validator=not_negative)
    locality: str = doc("Where it is: region, region/zone or region/zone/subzone.", default="", validator=_is_locality)
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        if is_service_record(self.address):
            return
        if self.address.startswith("unix:"):
            if self.port is not None:
                raise Unfit(native.ENDPOINT, "an address that starts with unix: has no port")
        elif self.port is None:
            raise Unfit(native.ENDPOINT, f'the port of "{self.address}" is missing')

    @classmethod
    def from_scalar(cls, text: str) -> EndpointForm:
        if text.startswith("unix:/") or is_service_record(text):
            return cls(text)
        match = _ADDRESS.fullmatch(text)
        if match is None:
            message = "write an address with its port: 127.0.0.1:8001, [::1]:8001, host:8001 or unix:/path"
            raise Unfit(native.ENDPOINT, message)
        return cls(match["six"] or match["host"], int(match["port"]))


@frozen
class WarmupForm:
    """How an endpoint that has just come gets its share; in short, only the duration."""

    duration: Duration = doc("How long its share grows.", validator=some_time)
    minimum_percent: float = doc("The share of its weight that it begins with.", default=10.0, validator=a_percentage)
    aggression: float = doc("Above 1, its share grows faster at first.", default=1.0, validator=_aggression)

    @classmethod
    def from_scalar(cls, text: str) -> WarmupForm:
        return cls(duration(text))


@frozen
class SubsetForm:
    """Endpoints of a cluster by their labels; in short, only the labels."""

    labels: Mapping[str, str] = doc("What its endpoints have.")
    balancer: PluginUse | None = doc("What chooses among them, where that is not the cluster's.", default=None)
    position: Position = NOWHERE


@frozen
class ClusterForm:
    """Endpoints that requests can go to."""

    endpoints: OneOrMany[EndpointForm] = doc("The addresses.", default=())
    subsets: Mapping[str, MappingNode] = doc("By name, labels that endpoints have, or a subset.", factory=dict)
    balancer: PluginUse | None = doc("What chooses among the endpoints.", default=None)
    warmup: WarmupForm | None = doc("How an endpoint that has just come gets its share.", default=None)
    pool: PoolForm | None = doc("The most that may be used of it at once.", default=None)
    ejection: EjectionForm | None = doc("When an endpoint is left out for what requests met there.", default=None)
    health: HealthForm | None = doc("How endpoints are asked whether they are well.", default=None)
    retry_budget: RetryBudgetForm | None = doc("How many retries may be under way.", default=None)
    resolution: Literal["static", "dns", "dns-srv"] = doc(
        "Whether addresses are taken as they are, looked up, or looked up as service records.", default="static"
    )
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        for endpoint in self.endpoints:
            service = is_service_record(endpoint.address)
            if service and self.resolution != "dns-srv":
                message = f'"{endpoint.address}" is the name of service records; they need resolution: dns-srv'
                raise Unfit(native.RESOLUTION, message)
            if not service and self.resolution == "dns-srv":
                message = f'"{endpoint.address}" is no name of service records, such as _http._tcp.example.com'
                raise Unfit(native.RESOLUTION, message)

    @classmethod
    def from_scalar(cls, text: str) -> ClusterForm:
        return cls((EndpointForm.from_scalar(text),))


def cluster_of(name: str, form: ClusterForm | tuple[EndpointForm, ...], document: Document, report: Report) -> Cluster:
    """Return the cluster that a form amounts to."""
    if isinstance(form, tuple):
        form = ClusterForm(form, position=form[0].position if form else document.position)
    warmup = form.warmup
    policy = TrafficPolicy(
        form.balancer,
        None if warmup is None else Warmup(warmup.duration, warmup.minimum_percent, warmup.aggression),
        pool=None if form.pool is None else form.pool.translate(),
        outlier=None if form.ejection is None else form.ejection.translate(),
        retry_budget=None if form.retry_budget is None else form.retry_budget.translate(),
    )
    return Cluster(
        name,
        tuple(map(_endpoint, form.endpoints)),
        tuple(_subsets(form, policy, f"clusters.{name}.subsets", report)),
        policy,
        namespace=document.namespace,
        resolution=form.resolution,
        health=None if form.health is None else form.health.translate(),
        position=form.position,
    )


def _endpoint(form: EndpointForm) -> Endpoint:
    labels, weight, locality = form.labels, form.weight, form.locality
    return Endpoint(form.address, form.port or 0, labels, weight, locality, position=form.position)


def _subsets(form: ClusterForm, policy: TrafficPolicy, path: str, report: Report) -> Iterator[Subset]:
    for name, node in form.subsets.items():
        subset = read(SubsetForm, _long_form(node), report, f"{path}.{name}")
        if subset is not None:
            # A balancer of its own is no reason to warm up in another way.
            own = TrafficPolicy() if subset.balancer is None else TrafficPolicy(subset.balancer, policy.warmup)
            yield Subset(name, subset.labels, own, position=subset.position)


def _long_form(node: MappingNode) -> MappingNode:
    """Return a subset as a mapping with ``labels``; without them, the labels are all that is written."""
    if isinstance(node.get("labels"), MappingNode):
        return node
    return MappingNode(((Scalar("labels", node.position), node),), node.position)
