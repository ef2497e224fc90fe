"""``Gateway.spec.listeners[]``: a port, the protocol there, for which hosts, and which routes it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.allowed_routes import AllowedRoutes
from shadowgate.bundled.dialects.gateway_api.forms import (
    at_most,
    group_name,
    hostname,
    kind_name,
    namespace_name,
    object_name,
    port_number,
    protocol_name,
    section_name,
)
from shadowgate.bundled.dialects.gateway_api.unserved import NOT_SERVED
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Condition
from shadowgate.plugin import Node
from shadowgate.plugin.checks import Unfit, gateway_api

_WITHOUT_TLS: Final = ("HTTP", "TCP", "UDP")
_WITHOUT_HOST: Final = ("TCP", "UDP")


@frozen
class CertificateRef:
    """``tls.certificateRefs[]``."""

    group: str = field(default="", validator=group_name)
    kind: str = field(default="Secret", validator=kind_name)
    name: str = field(default="", validator=object_name)
    namespace: str | None = field(default=None, validator=namespace_name)
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class ListenerTLS:
    """``tls``: read and checked, and not served yet."""

    mode: Literal["Terminate", "Passthrough"] = "Terminate"
    certificate_refs: tuple[CertificateRef, ...] = field(default=(), validator=at_most(64, "certificateRefs"))
    options: Node | None = None
    frontend_validation: Node | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.mode == "Terminate" and not self.certificate_refs and self.options is None:
            raise Unfit(gateway_api.LISTENER, "mode Terminate needs certificateRefs")


@frozen
class Listener:
    """One listener; those of one port differ in their hostnames."""

    name: str = field(validator=section_name)
    port: int = field(validator=port_number)
    protocol: str = field(validator=protocol_name)
    hostname: str = field(default="", validator=hostname)
    tls: ListenerTLS | None = field(default=None, metadata=NOT_SERVED)
    allowed_routes: AllowedRoutes = field(factory=AllowedRoutes)
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.protocol in _WITHOUT_TLS and self.tls is not None:
            raise Unfit(
                gateway_api.LISTENER, f"a listener for {self.protocol} has no tls; the protocol with it is HTTPS"
            )
        if self.protocol == "HTTPS" and self.tls is not None and self.tls.mode != "Terminate":
            raise Unfit(gateway_api.LISTENER, "HTTPS ends at the gateway: tls.mode is Terminate, or the protocol TLS")
        if self.protocol == "TLS" and self.tls is None:
            raise Unfit(gateway_api.LISTENER, "a listener for TLS needs tls with its mode")
        if self.protocol in _WITHOUT_HOST and self.hostname:
            raise Unfit(gateway_api.LISTENER, f"{self.protocol} knows no hostnames")

    def translate(self, scope: Scope) -> model.GatewayListener:
        routes = self.allowed_routes
        return model.GatewayListener(
            self.name,
            self.port,
            self.protocol,
            self.hostname,
            routes.served_kinds,
            routes.namespaces.from_,
            routes.namespaces.translated_selector,
            tuple(self._conditions(scope)),
            self.position,
        )

    def _conditions(self, scope: Scope) -> Iterator[Condition]:
        if self.protocol != "HTTP":
            secure = self.protocol in ("HTTPS", "TLS")
            message = "TLS is not served yet" if secure else f"only HTTP is served, not {self.protocol}"
            inner = scope.inside("protocol")
            inner.warning(f"{message}: this port is not opened", self.position, check=gateway_api.LISTENER_NOT_SERVED)
            yield Condition("Accepted", False, "UnsupportedProtocol", message)
        unknown = self.allowed_routes.unserved_kinds
        if unknown:
            message = f"{', '.join(unknown)} {'are' if len(unknown) > 1 else 'is'} not served here"
            inner, place = scope.inside("allowedRoutes.kinds"), self.allowed_routes.position
            inner.warning(message, place, check=gateway_api.ROUTE_KINDS)
            yield Condition("ResolvedRefs", False, "InvalidRouteKinds", message)
        yield from self._certificate_conditions()

    def _certificate_conditions(self) -> Iterator[Condition]:
        refs = () if self.tls is None else self.tls.certificate_refs
        wrong = [f"{ref.group}/{ref.kind}".lstrip("/") for ref in refs if (ref.group, ref.kind) != ("", "Secret")]
        if wrong:
            yield Condition(
                "ResolvedRefs", False, "InvalidCertificateRef", f"a certificate is in a Secret, not {wrong[0]}"
            )
