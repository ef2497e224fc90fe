"""Kubernetes Pod: something that runs, with the labels by which Services and subsets select it."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import ClassVar, Final

from attrs import field, frozen

from shadowgate.bundled.dialects.kubernetes.service import port_number
from shadowgate.bundled.dialects.kubernetes.topology import locality_of
from shadowgate.bundled.dialects.objects import EVERY_KEY, read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_address
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Endpoint, Workload
from shadowgate.plugin import Document
from shadowgate.plugin.checks import kubernetes

_ENDED: Final = ("Succeeded", "Failed")


@frozen
class ContainerPort:
    """``containers[].ports[]``; a Service's target may be its name."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    container_port: int = field(validator=port_number)
    name: str = ""


@frozen
class PodContainer:
    """``spec.containers[]``."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    ports: tuple[ContainerPort, ...] = ()


@frozen
class PodSpec:
    """``spec``."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    containers: tuple[PodContainer, ...] = ()


@frozen
class PodIP:
    """``status.podIPs[]``."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    ip: str


@frozen
class Condition:
    """``status.conditions[]``."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    type: str
    status: str


@frozen
class PodStatus:
    """``status``."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    phase: str = ""
    pod_ip: str = field(default="", metadata={"key": "podIP"})
    pod_ips: tuple[PodIP, ...] = field(default=(), metadata={"key": "podIPs"})
    conditions: tuple[Condition, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def address(self) -> str:
        return self.pod_ip or next((each.ip for each in self.pod_ips), "")


@frozen
class Pod:
    """The whole object."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    spec: PodSpec = field(factory=PodSpec)
    status: PodStatus = field(factory=PodStatus)

    def translate(self, document: Document, scope: Scope) -> Iterator[Workload]:
        metadata = read_metadata(document, scope.report)
        reason = "it is being deleted" if metadata.deletion_timestamp else self._absence()
        if reason:
            scope.info(f"left out: {reason}", scope.document, check=kubernetes.LEFT_OUT)
            return
        address, position = self.status.address, self.status.position
        if not is_address(address):
            inner = scope.inside("status.podIP")
            inner.error("this is not an IP address", position, found=f'"{address}"', check=kubernetes.ADDRESS)
        ports = (port for container in self.spec.containers for port in container.ports if port.name)
        yield Workload(
            document.name,
            scope.namespace,
            Endpoint(address, labels=metadata.labels, locality=locality_of(metadata.labels), position=position),
            port_names={port.name: port.container_port for port in ports},
            position=scope.document,
        )

    def _absence(self) -> str:
        """Return why requests cannot go there, or nothing; a pod that does not speak of readiness is ready."""
        if not self.status.address:
            return "it has no address"
        if self.status.phase in _ENDED:
            return "it has ended"
        unready = any(each.type == "Ready" and each.status != "True" for each in self.status.conditions)
        return "it is not ready" if unready else ""
