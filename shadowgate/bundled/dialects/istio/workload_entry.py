"""Istio's WorkloadEntry: one address that answers, as a document of its own or as an endpoint of a ServiceEntry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import Attribute, evolve, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.labels import check_labels
from shadowgate.bundled.dialects.istio.locality import check_locality
from shadowgate.bundled.dialects.istio.ranges import count
from shadowgate.bundled.dialects.istio.unserved import WITHOUT_EFFECT, report_unserved
from shadowgate.bundled.dialects.istio.values import port_number
from shadowgate.bundled.dialects.objects import read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_address, is_host, is_service_record
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Node
from shadowgate.plugin.checks import istio_destinations

_UNIX: Final = "unix:"
_PLACE_LABELS: Final = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
    "topology.istio.io/network",
)


def _ports(instance: Any, attribute: Attribute[Any], value: Mapping[str, int]) -> None:
    for number in value.values():
        port_number(instance, attribute, number)


@frozen
class WorkloadEntry:
    """Istio ``WorkloadEntry``, what stands below ``spec`` or in a list of endpoints."""

    address: str = ""
    ports: Mapping[str, int] = field(factory=dict, validator=_ports)
    labels: Mapping[str, str] = field(factory=dict)
    network: str = ""
    locality: str = ""
    weight: int = field(default=0, validator=count)
    service_account: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def unix(self) -> bool:
        return self.address.startswith(_UNIX)

    @property
    def service_record(self) -> bool:
        return is_service_record(self.address)

    @property
    def named(self) -> bool:
        return self.service_record or (not is_address(self.address) and is_host(self.address))

    @property
    def endpoint(self) -> model.Endpoint:
        """The endpoint, at a port that is still to be found; a weight of 0 is none given, which counts as 1."""
        labels = {**self._place_labels(), **self.labels}
        address = f"{_UNIX}/{self.address.removeprefix(_UNIX).lstrip('/')}" if self.unix else self.address
        return model.Endpoint(address, 0, labels, self.weight or 1, self.locality, position=self.position)

    def check(self, scope: Scope) -> None:
        report_unserved(self, scope)
        check_labels(self.labels, self.position, scope.inside("labels"))
        check_locality(self.locality, self.position, scope.inside("locality"))
        inner, check = scope.inside("address"), istio_destinations.ENDPOINT_ADDRESS
        if not self.address:
            inner.error("there is no address", self.position, expected="an IP address or a host name", check=check)
        elif self.unix:
            self._check_unix(scope)
        elif not is_address(self.address) and not self.named:
            message, expected = "this is neither an IP address nor a host name", "an address without a port"
            inner.error(message, self.position, found=f'"{self.address}"', expected=expected, check=check)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Workload]:
        """Yield the workload; labels of the document's metadata go before those of the spec, as in Istio."""
        self.check(scope)
        labels = read_metadata(document, scope.report).labels
        endpoint = self.endpoint
        yield model.Workload(
            document.name,
            scope.namespace,
            evolve(endpoint, labels={**endpoint.labels, **labels}),
            service_ports=self.ports,
            position=scope.document,
        )

    def _check_unix(self, scope: Scope) -> None:
        path = self.address.removeprefix(_UNIX)
        if not path.startswith("/"):
            message, check = "the path of a Unix socket begins with /", istio_destinations.ENDPOINT_ADDRESS
            scope.inside("address").error(message, self.position, found=f'"{self.address}"', check=check)
        if self.ports:
            message = "a Unix socket has no ports"
            scope.inside("ports").error(message, self.position, check=istio_destinations.ENDPOINT_PORTS)

    def _place_labels(self) -> dict[str, str]:
        """Return what Istio itself adds to the labels of endpoints, so that subsets can select by place."""
        region, zone, subzone = (*self.locality.split("/", 2), "", "")[:3]
        values = (region, zone, subzone, self.network)
        return {key: value for key, value in zip(_PLACE_LABELS, values, strict=True) if value}
