"""Kubernetes Service: a name, its ports, and which pods stand behind it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.health_checks import annotated_check
from shadowgate.bundled.dialects.objects import EVERY_KEY
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import all_names, service_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Cluster, ClusterPort, Endpoint
from shadowgate.plugin import Document
from shadowgate.plugin.checks import Unfit, kubernetes, reading

_HTTP = 80


def port_number(_instance: Any, _attribute: Attribute[Any], value: int | str | None) -> None:
    """Validate a port that may be a name or left out."""
    if isinstance(value, int) and not 1 <= value <= 65535:
        raise Unfit(reading.RANGE, "a port is a number from 1 to 65535")


@frozen
class ServicePort:
    """``spec.ports[]``; without a target the port is the same on the pods."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    port: int = field(validator=port_number)
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = field(default=None, validator=port_number)
    app_protocol: str = ""


@frozen
class ServiceSpec:
    """``spec``."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    type: str = "ClusterIP"
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] = field(factory=dict)
    external_name: str = ""
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Service:
    """The whole object."""

    ignored_keys: ClassVar[Container[str]] = EVERY_KEY

    spec: ServiceSpec

    def translate(self, document: Document, scope: Scope) -> Iterator[Cluster]:
        spec, inner = self.spec, scope.inside("spec")
        ports = tuple(
            ClusterPort(port.port, port.name, port.target_port, port.app_protocol)
            for port in spec.ports
            if port.protocol == "TCP"
        )
        endpoints: tuple[Endpoint, ...] = ()
        if spec.type == "ExternalName":
            if not spec.external_name:
                inner.error(
                    "externalName is missing", spec.position, expected="a host name", check=kubernetes.EXTERNAL_NAME
                )
                return
            # Another name for a host elsewhere: its port is the one asked for.
            endpoints = (Endpoint(spec.external_name, 0 if ports else _HTTP, position=spec.position),)
        elif not ports:
            message = "there is no TCP port, so nothing can be sent to it"
            inner.inside("ports").warning(message, spec.position, check=kubernetes.NO_TCP_PORT)
            return
        name = service_name(document.name, scope.namespace)
        yield Cluster(
            name,
            endpoints,
            aliases=tuple(alias for alias in all_names(name) if alias != name),
            ports=ports,
            namespace=scope.namespace,
            selector=None if endpoints else spec.selector or None,
            routed=True,
            health=annotated_check(document, scope),
            position=scope.document,
        )
