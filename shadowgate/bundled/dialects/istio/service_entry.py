"""Istio's ServiceEntry and WorkloadEntry: hosts that no cluster's registry knows, and where they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from attrs import Attribute, evolve, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, WITHOUT_EFFECT, report_unserved
from shadowgate.bundled.dialects.istio.values import port_number
from shadowgate.bundled.dialects.objects import read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import all_names, canonical, is_address, is_host
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Node
from shadowgate.plugin.spelling import did_you_mean

_UNIX: Final = "unix:"
# What requests to such a port are sent as, today, is HTTP/1.1 in the clear.
_OTHER_PROTOCOLS: Final = ("HTTPS", "TLS", "HTTP2", "GRPC", "GRPC-WEB")
_PLACE_LABELS: Final = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
    "topology.istio.io/network",
)


def _optional_port(instance: Any, attribute: Attribute[Any], value: int | None) -> None:
    if value is not None:
        port_number(instance, attribute, value)


def _ports(instance: Any, attribute: Attribute[Any], value: Mapping[str, int]) -> None:
    for number in value.values():
        port_number(instance, attribute, number)


def _weight(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value < 0:
        raise ValueError("a weight is 0 or more")


@frozen
class ServicePort:
    """Istio ``ServicePort``."""

    number: int = field(validator=port_number)
    name: str
    protocol: str = ""
    target_port: int | None = field(default=None, validator=_optional_port)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.ClusterPort:
        if self.protocol.upper() in _OTHER_PROTOCOLS:
            message = f"{self.protocol} is not served yet: requests go to this port as HTTP/1.1 without TLS"
            scope.inside("protocol").warning(message, self.position)
        return model.ClusterPort(self.number, self.name, self.target_port)


@frozen
class WorkloadEntry:
    """Istio ``WorkloadEntry``: a document of its own (below ``spec``), or an endpoint of a ServiceEntry."""

    address: str = ""
    ports: Mapping[str, int] = field(factory=dict, validator=_ports)
    labels: Mapping[str, str] = field(factory=dict)
    network: str = ""
    locality: str = ""
    weight: int = field(default=0, validator=_weight)
    service_account: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def unix(self) -> bool:
        return self.address.startswith(_UNIX)

    @property
    def named(self) -> bool:
        return not is_address(self.address) and is_host(self.address)

    @property
    def endpoint(self) -> model.Endpoint:
        """The endpoint, at a port that is still to be found; a weight of 0 is none given, which counts as 1."""
        labels = {**self._place_labels(), **self.labels}
        address = f"{_UNIX}/{self.address.removeprefix(_UNIX).lstrip('/')}" if self.unix else self.address
        return model.Endpoint(address, 0, labels, self.weight or 1, position=self.position)

    def check(self, scope: Scope) -> None:
        report_unserved(self, scope)
        inner = scope.inside("address")
        if not self.address:
            inner.error("there is no address", self.position, expected="an IP address or a host name")
        elif self.unix:
            if self.ports:
                scope.inside("ports").error("a Unix socket has no ports", self.position)
        elif not is_address(self.address) and not self.named:
            message = "this is neither an IP address nor a host name"
            inner.error(message, self.position, found=f'"{self.address}"', expected="an address without a port")

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

    def _place_labels(self) -> dict[str, str]:
        """Return what Istio itself adds to the labels of endpoints, so that subsets can select by place."""
        region, zone, subzone = (*self.locality.split("/", 2), "", "")[:3]
        values = (region, zone, subzone, self.network)
        return {key: value for key, value in zip(_PLACE_LABELS, values, strict=True) if value}


@frozen
class WorkloadSelector:
    """Istio ``WorkloadSelector`` of a ServiceEntry."""

    labels: Mapping[str, str]


@frozen
class ServiceEntry:
    """Istio ``ServiceEntry``, what stands below ``spec``."""

    hosts: tuple[str, ...] = ()
    addresses: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    ports: tuple[ServicePort, ...] = ()
    location: Literal["MESH_EXTERNAL", "MESH_INTERNAL"] = "MESH_EXTERNAL"
    resolution: Literal["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"] = "NONE"
    endpoints: tuple[WorkloadEntry, ...] = ()
    workload_selector: WorkloadSelector | None = None
    export_to: Node | None = field(default=None, metadata=UNSERVED)
    subject_alt_names: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Cluster]:
        report_unserved(self, scope)
        self._check_hosts(scope.inside("hosts"))
        self._check_ports(scope.inside("ports"))
        self._check_endpoints(scope)
        ports = self._translate_ports(scope)
        if self._unlocated(scope):
            return
        for host in dict.fromkeys(self.hosts):
            name = canonical(host, scope.namespace)
            names = dict.fromkeys((host.lower(), *all_names(name)))
            cluster = model.Cluster(
                name,
                aliases=tuple(alias for alias in names if alias != name),
                namespace=scope.namespace,
                routed=True,
                position=scope.document,
            )
            if self.workload_selector is not None:
                yield evolve(cluster, ports=ports, selector=self.workload_selector.labels)
            else:
                for port in ports:
                    yield evolve(cluster, ports=(port,), endpoints=tuple(self._endpoints(host, port)))

    def _translate_ports(self, scope: Scope) -> tuple[model.ClusterPort, ...]:
        ports = (port.translate(scope.inside(f"ports[{index}]")) for index, port in enumerate(self.ports))
        return tuple({port.number: port for port in ports}.values())

    def _unlocated(self, scope: Scope) -> bool:
        """Whether nothing says where requests could go: Istio would send them where the client was going anyway."""
        if self.workload_selector is not None or self.endpoints or self.resolution not in ("NONE", "DYNAMIC_DNS"):
            return False
        message = f"resolution {self.resolution} does not say where the hosts are; a gateway cannot serve them"
        scope.inside("resolution").warning(message, self.position, expected="DNS, or STATIC with endpoints")
        return True

    def _endpoints(self, host: str, port: model.ClusterPort) -> Iterator[model.Endpoint]:
        target = port.target if isinstance(port.target, int) else port.number
        if not self.endpoints and self.resolution != "STATIC":
            yield model.Endpoint(host, target, position=self.position)
        for entry in self.endpoints:
            yield evolve(entry.endpoint, port=0 if entry.unix else entry.ports.get(port.name, target))

    def _check_hosts(self, scope: Scope) -> None:
        if not self.hosts:
            scope.error("there are no hosts", self.position, expected="a list of names")
        by_name = self.resolution in ("DNS", "DNS_ROUND_ROBIN") and not self.endpoints
        for index, host in enumerate(self.hosts):
            if not is_host(host if by_name else host.removeprefix("*.")):
                expected = "a name that can be looked up" if by_name else 'a name without port, or "*." before a name'
                message = "this is not a host name"
                scope.inside(f"[{index}]").error(message, self.position, found=f'"{host}"', expected=expected)

    def _check_ports(self, scope: Scope) -> None:
        if not self.ports:
            scope.error("there are no ports", self.position, expected="a list of number, name and protocol")
        for index, port in enumerate(self.ports):
            for earlier in self.ports[:index]:
                if port.number == earlier.number:
                    scope.inside(f"[{index}].number").error(f"port {port.number} is said twice", port.position)
                if port.name == earlier.name:
                    scope.inside(f"[{index}].name").error(f'two ports are named "{port.name}"', port.position)

    def _check_endpoints(self, scope: Scope) -> None:
        if self.endpoints and self.workload_selector is not None:
            scope.error("endpoints and workloadSelector exclude each other", self.position)
        elif self.workload_selector is not None and not self.workload_selector.labels:
            scope.inside("workloadSelector.labels").error("a selector without labels selects nothing", self.position)
        if self.endpoints and self.resolution == "NONE":
            expected = "STATIC for addresses, DNS for host names"
            message = "endpoints have no use with resolution NONE, which is the default"
            scope.inside("resolution").error(message, self.position, expected=expected)
        if len(self.endpoints) > 1 and self.resolution == "DNS_ROUND_ROBIN":
            scope.inside("endpoints").error("DNS_ROUND_ROBIN has one endpoint at most", self.position)
        known = dict.fromkeys(port.name for port in self.ports)
        for index, entry in enumerate(self.endpoints):
            inner = scope.inside(f"endpoints[{index}]")
            entry.check(inner)
            if self.resolution == "STATIC" and entry.named:
                message = "STATIC endpoints have IP addresses; resolution DNS looks up names"
                inner.inside("address").error(message, entry.position, found=f'"{entry.address}"')
            if entry.unix and len(self.ports) != 1:
                inner.error("with a Unix socket there must be exactly one port", entry.position)
            for name in entry.ports:
                if name not in known:
                    message = f'the ServiceEntry has no port named "{name}"{did_you_mean(name, known)}'
                    expected = f"one of {', '.join(known)}"
                    inner.inside(f"ports.{name}").error(message, entry.position, expected=expected)
