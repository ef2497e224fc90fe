"""Kubernetes EndpointSlice and Endpoints: the addresses behind a Service, found by a controller or written by hand."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from shadowgate.bundled.dialects.kubernetes.service import port_number
from shadowgate.bundled.dialects.kubernetes.topology import locality_of
from shadowgate.bundled.dialects.objects import EVERY_KEY, read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_address, is_host, service_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Endpoint, EndpointSet
from shadowgate.plugin import Document
from shadowgate.plugin.checks import kubernetes

SERVICE_LABEL: Final = "kubernetes.io/service-name"


@frozen
class EndpointPort:
    """A port of a slice or subset; the name is that of the Service's port."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    name: str = ""
    port: int | None = field(default=None, validator=port_number)
    protocol: str = "TCP"


@frozen
class Conditions:
    """What is not said counts as ready, and who serves while it ends is not (``EndpointConditions``)."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool = False

    @property
    def serves(self) -> bool:
        """Whether requests would be answered there, ending or not."""
        if self.serving is not None:
            return self.serving
        return self.terminating or self.ready is not False

    @property
    def takes_requests(self) -> bool:
        """Whether new requests are to go there."""
        return self.serves and not self.terminating if self.ready is None else self.ready


@frozen
class SliceEndpoint:
    """``endpoints[]`` of a slice; only the older topology knows the region of a zone."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    addresses: tuple[str, ...]
    conditions: Conditions = field(factory=Conditions)
    zone: str = ""
    topology: Mapping[str, str] = field(factory=dict)
    deprecated_topology: Mapping[str, str] = field(factory=dict)
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def locality(self) -> str:
        return locality_of({**self.topology, **self.deprecated_topology}, self.zone)


@frozen
class EndpointSlice:
    """The whole object; its addresses are IP addresses or, with ``addressType: FQDN``, host names."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    address_type: str = ""
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    def translate(self, document: Document, scope: Scope) -> Iterator[EndpointSet]:
        service = read_metadata(document, scope.report).labels.get(SERVICE_LABEL, "")
        if not service:
            inner = scope.inside("metadata.labels")
            message = f"without the label {SERVICE_LABEL} these endpoints belong to no Service"
            inner.warning(message, scope.document, check=kubernetes.NO_SERVICE)
            return
        ready: list[Endpoint] = []
        ending: list[Endpoint] = []
        for index, each in enumerate(self.endpoints):
            conditions, inner = each.conditions, scope.inside(f"endpoints[{index}]")
            if conditions.takes_requests or (conditions.serves and conditions.terminating):
                found = (_endpoint(one, each.position, inner, self.address_type == "FQDN") for one in each.addresses)
                placed = (evolve(one, locality=each.locality) for one in found)
                (ready if conditions.takes_requests else ending).extend(placed)
        yield evolve(_endpoint_set(service, ready, self.ports, scope), ending=tuple(ending))


@frozen
class Address:
    """``addresses[]`` of a subset."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    ip: str
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class EndpointSubset:
    """``subsets[]``; ``notReadyAddresses`` are what is not read."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    addresses: tuple[Address, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


@frozen
class Endpoints:
    """The whole object; it has the name of its Service."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    subsets: tuple[EndpointSubset, ...] = ()

    def translate(self, document: Document, scope: Scope) -> Iterator[EndpointSet]:
        for index, subset in enumerate(self.subsets):
            inner = scope.inside(f"subsets[{index}]")
            endpoints = [
                _endpoint(address.ip, address.position, inner.inside(f"addresses[{at}]"), named=False)
                for at, address in enumerate(subset.addresses)
            ]
            yield _endpoint_set(document.name, endpoints, subset.ports, scope)


def _endpoint(address: str, position: Position, scope: Scope, named: bool) -> Endpoint:
    if not (is_host(address) if named else is_address(address)):
        what = "a host name" if named else "an IP address"
        scope.error(f"this is not {what}", position, found=f'"{address}"', check=kubernetes.ADDRESS)
    return Endpoint(address, position=position)


def _endpoint_set(
    service: str, endpoints: Iterable[Endpoint], ports: Iterable[EndpointPort], scope: Scope
) -> EndpointSet:
    numbers = {port.name: port.port for port in ports if port.protocol == "TCP" and port.port is not None}
    return EndpointSet(service_name(service, scope.namespace), tuple(endpoints), numbers, scope.document)
