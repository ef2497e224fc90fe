"""Istio's ServiceEntry: hosts that no cluster's registry knows, and where they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final, Literal

from attrs import Attribute, evolve, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.health_checks import annotated_check
from shadowgate.bundled.dialects.istio.unserved import WITHOUT_EFFECT, report_unserved
from shadowgate.bundled.dialects.istio.values import port_number
from shadowgate.bundled.dialects.istio.visibility import check_export_to, exported_to
from shadowgate.bundled.dialects.istio.workload_entry import WorkloadEntry
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import (
    all_names,
    canonical,
    is_address,
    is_host,
    is_label,
    is_service_record,
    plain,
)
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Node
from shadowgate.plugin.checks import istio_destinations, istio_routing
from shadowgate.plugin.spelling import did_you_mean

# What requests to such a port are sent as, today, is HTTP/1.1 in the clear.  TCP and no protocol at all may be HTTP.
_SPOKEN: Final = ("HTTP", "TCP", "")
_PROTOCOLS: Final = (
    *("HTTP", "HTTPS", "HTTP2", "GRPC", "GRPC-WEB", "TCP", "TLS", "MONGO", "MYSQL", "REDIS", "UDP"),
    *("AUTO", "HBONE", "HTTP_PROXY"),
)
_BY_NAME: Final = ("DNS", "DNS_ROUND_ROBIN")


def _optional_port(instance: Any, attribute: Attribute[Any], value: int | None) -> None:
    if value:  # 0 is none, as in protocol buffers
        port_number(instance, attribute, value)


@frozen
class ServicePort:
    """Istio ``ServicePort``."""

    number: int = field(validator=port_number)
    name: str
    protocol: str = ""
    target_port: int | None = field(default=None, validator=_optional_port)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.ClusterPort:
        if not is_label(self.name):
            message, check = "the name of a port must be a DNS label", istio_destinations.SERVICE_PORTS
            scope.inside("name").error(message, self.position, found=f'"{self.name}"', check=check)
        protocol, inner = self.protocol.upper(), scope.inside("protocol")
        if protocol and protocol not in _PROTOCOLS:
            message = f'"{self.protocol}" is not a protocol{did_you_mean(self.protocol, _PROTOCOLS)}'
            expected = f"one of {', '.join(_PROTOCOLS)}"
            inner.error(message, self.position, expected=expected, check=istio_destinations.SERVICE_PROTOCOL)
        elif protocol not in _SPOKEN:
            message = f"{self.protocol} is not served yet: requests go to this port as HTTP/1.1 without TLS"
            inner.warning(message, self.position, check=istio_destinations.PROTOCOL_NOT_SPOKEN)
        return model.ClusterPort(self.number, self.name, self.target_port or None)


@frozen
class WorkloadSelector:
    """Istio ``WorkloadSelector`` of a ServiceEntry."""

    labels: Mapping[str, str] = field(factory=dict)


@frozen
class ServiceEntry:
    """Istio ``ServiceEntry``, what stands below ``spec``."""

    hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = field(default=(), metadata=WITHOUT_EFFECT)
    ports: tuple[ServicePort, ...] = ()
    location: Literal["MESH_EXTERNAL", "MESH_INTERNAL"] = "MESH_EXTERNAL"
    resolution: Literal["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"] = "NONE"
    endpoints: tuple[WorkloadEntry, ...] = ()
    workload_selector: WorkloadSelector | None = None
    export_to: tuple[str, ...] = ()
    subject_alt_names: Node | None = field(default=None, metadata=WITHOUT_EFFECT)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.Cluster]:
        report_unserved(self, scope)
        self._check_hosts(scope.inside("hosts"))
        self._check_addresses(scope.inside("addresses"))
        check_export_to(self.export_to, self.position, scope)
        self._check_ports(scope.inside("ports"))
        self._check_endpoints(scope)
        ports = self._translate_ports(scope)
        health = annotated_check(document, scope)
        if self._unlocated(scope):
            return
        for host in dict.fromkeys(self.hosts):
            name = canonical(host, scope.namespace)
            names = dict.fromkeys((plain(host), *all_names(name)))
            cluster = model.Cluster(
                name,
                aliases=tuple(alias for alias in names if alias != name),
                namespace=scope.namespace,
                routed=True,
                resolution=self._looked_up(host),
                exported_to=exported_to(self.export_to, scope.namespace),
                health=health,
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

    def _looked_up(self, host: str) -> Literal["static", "dns", "dns-srv"]:
        """Return how the addresses of a host are found; names of service records are never anything else."""
        if self.resolution not in _BY_NAME:
            return "static"
        names = [entry.address for entry in self.endpoints if entry.named] if self.endpoints else [host]
        if any(map(is_service_record, names)):
            return "dns-srv"
        return "dns" if names or self.workload_selector is not None else "static"

    def _unlocated(self, scope: Scope) -> bool:
        """Whether nothing says where requests could go: Istio would send them where the client was going anyway."""
        inner = scope.inside("resolution")
        if self.resolution == "DYNAMIC_DNS":
            message = (
                "DYNAMIC_DNS looks up whatever name a client asks for, which would make an open proxy of a gateway"
            )
            expected = "DNS with names of hosts, or STATIC with endpoints"
            inner.error(message, self.position, expected=expected, check=istio_destinations.DYNAMIC_DNS)
            return True
        if self.workload_selector is not None or self.endpoints or self.resolution != "NONE":
            return False
        message = "resolution NONE does not say where the hosts are; a gateway cannot serve them"
        expected = "DNS, or STATIC with endpoints"
        inner.warning(message, self.position, expected=expected, check=istio_destinations.NO_ENDPOINTS_SAID)
        return True

    def _endpoints(self, host: str, port: model.ClusterPort) -> Iterator[model.Endpoint]:
        target = port.target if isinstance(port.target, int) else port.number
        if not self.endpoints and self.resolution != "STATIC":
            yield model.Endpoint(host, target, position=self.position)
        for entry in self.endpoints:
            yield evolve(entry.endpoint, port=0 if entry.unix else entry.ports.get(port.name, target))

    def _check_hosts(self, scope: Scope) -> None:
        if not self.hosts:
            expected = "a list of names"
            scope.error("there are no hosts", self.position, expected=expected, check=istio_destinations.SERVICE_HOST)
        by_name = self.resolution in _BY_NAME and not self.endpoints and self.workload_selector is None
        for index, host in enumerate(self.hosts):
            if is_service_record(host) or is_host(host if by_name else host.removeprefix("*.")):
                continue
            expected = "a name that can be looked up" if by_name else 'a name without port, or "*." before a name'
            message, check = "this is not a host name", istio_destinations.SERVICE_HOST
            scope.inside(f"[{index}]").error(message, self.position, found=f'"{host}"', expected=expected, check=check)

    def _check_addresses(self, scope: Scope) -> None:
        """Report what is no address; requests are routed by their Host, so that addresses decide nothing here."""
        if self.addresses:
            message = "addresses has no effect on a gateway, which routes by the Host of a request"
            scope.info(message, self.position, check=istio_routing.NO_EFFECT)
        for index, address in enumerate(self.addresses):
            inner = scope.inside(f"[{index}]")
            if is_address(address):
                continue
            if not _is_network(address):
                message, check = "this is no address", istio_destinations.SERVICE_ADDRESS
                inner.error(message, self.position, found=f'"{address}"', expected="an IP address", check=check)
            elif self.resolution not in ("NONE", "STATIC"):
                message = f"a network cannot stand beside resolution {self.resolution}"
                check = istio_destinations.SERVICE_ADDRESS
                inner.error(message, self.position, found=f'"{address}"', expected="an IP address", check=check)

    def _check_ports(self, scope: Scope) -> None:
        check = istio_destinations.SERVICE_PORTS
        if not self.ports:
            expected = "a list of number, name and protocol"
            scope.error("there are no ports", self.position, expected=expected, check=check)
        for index, port in enumerate(self.ports):
            inner = scope.inside(f"[{index}]")
            for earlier in self.ports[:index]:
                if port.number == earlier.number:
                    inner.inside("number").error(f"port {port.number} is said twice", port.position, check=check)
                if port.name == earlier.name:
                    message = f'two ports are named "{port.name}"'
                    inner.inside("name").error(message, port.position, check=check)

    def _check_endpoints(self, scope: Scope) -> None:
        self._check_origin(scope)
        for index, entry in enumerate(self.endpoints):
            self._check_endpoint(entry, scope.inside(f"endpoints[{index}]"))
        records = [entry for entry in self.endpoints if entry.service_record]
        others = [entry for entry in self.endpoints if not entry.service_record]
        if self.resolution in _BY_NAME and records and others:
            message = "service records are all endpoints of a host or none"
            inner, check = scope.inside("endpoints"), istio_destinations.SERVICE_RECORDS
            inner.error(message, others[0].position, found=f'"{others[0].address}"', check=check)

    def _check_origin(self, scope: Scope) -> None:
        """Report endpoints that come from two places or from none."""
        check = istio_destinations.ENDPOINTS_OR_SELECTOR
        if self.endpoints and self.workload_selector is not None:
            scope.error("endpoints and workloadSelector exclude each other", self.position, check=check)
        elif self.workload_selector is not None and not self.workload_selector.labels:
            inner = scope.inside("workloadSelector.labels")
            inner.error("a selector without labels selects nothing", self.position, check=check)
        if self.endpoints and self.resolution == "NONE":
            expected = "STATIC for addresses, DNS for host names"
            message = "endpoints have no use with resolution NONE, which is the default"
            scope.inside("resolution").error(message, self.position, expected=expected, check=check)
        if len(self.endpoints) > 1 and self.resolution == "DNS_ROUND_ROBIN":
            inner = scope.inside("endpoints")
            inner.error("DNS_ROUND_ROBIN has one endpoint at most", self.position, check=check)

    def _check_endpoint(self, entry: WorkloadEntry, scope: Scope) -> None:
        entry.check(scope)
        if self.resolution == "STATIC" and entry.named:
            message = "STATIC endpoints have IP addresses; resolution DNS looks up names"
            check = istio_destinations.ENDPOINT_ADDRESS
            scope.inside("address").error(message, entry.position, found=f'"{entry.address}"', check=check)
        if entry.unix:
            if self.resolution in _BY_NAME:
                message, check = "a Unix socket needs resolution STATIC", istio_destinations.ENDPOINT_ADDRESS
                scope.inside("address").error(message, entry.position, found=f'"{entry.address}"', check=check)
            if len(self.ports) != 1:
                message = "with a Unix socket there must be exactly one port"
                scope.error(message, entry.position, check=istio_destinations.ENDPOINT_PORTS)
        known = dict.fromkeys(port.name for port in self.ports)
        for name in entry.ports:
            if name not in known:
                message = f'the ServiceEntry has no port named "{name}"{did_you_mean(name, known)}'
                inner, check = scope.inside(f"ports.{name}"), istio_destinations.ENDPOINT_PORTS
                inner.error(message, entry.position, expected=f"one of {', '.join(known)}", check=check)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
