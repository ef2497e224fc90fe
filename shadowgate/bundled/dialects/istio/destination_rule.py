"""Istio's DestinationRule: the subsets of a host, and how its endpoints are balanced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from attrs import field, fields, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, report_unserved
from shadowgate.bundled.dialects.istio.values import check_label
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import canonical, is_address, is_host
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import Document, Node

# LEAST_CONN is the older name of LEAST_REQUEST; saying nothing means the same (Istio ``LoadBalancerSettings``).
_BALANCERS: Mapping[str, str] = {
    "UNSPECIFIED": "least-request",
    "LEAST_REQUEST": "least-request",
    "LEAST_CONN": "least-request",
    "ROUND_ROBIN": "round-robin",
    "RANDOM": "random",
}


@frozen
class LoadBalancer:
    """Istio ``LoadBalancerSettings``."""

    simple: Literal["UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN", "ROUND_ROBIN", "RANDOM", "PASSTHROUGH"] | None = None
    consistent_hash: Node | None = field(default=None, metadata=UNSERVED)
    locality_lb_setting: Node | None = field(default=None, metadata=UNSERVED)
    zone_aware_lb_setting: Node | None = field(default=None, metadata=UNSERVED)
    warmup: Node | None = field(default=None, metadata=UNSERVED)
    warmup_duration_secs: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> PluginUse | None:
        report_unserved(self, scope)
        if self.simple is None:
            return None
        if self.simple == "PASSTHROUGH":
            message = "PASSTHROUGH goes where the client was already going, which a gateway cannot know"
            expected = ", ".join(_BALANCERS)
            scope.inside("simple").error(message, self.position, expected=f"one of {expected}")
            return None
        return PluginUse(_BALANCERS[self.simple], None, self.position)


@frozen
class ClientTLS:
    """Istio ``ClientTLSSettings``; of a mesh's own certificates a gateway outside it knows nothing."""

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] = "DISABLE"
    client_certificate: Node | None = None
    private_key: Node | None = None
    ca_certificates: Node | None = None
    ca_crl: Node | None = field(default=None, metadata={"key": "caCrl"})
    credential_name: Node | None = None
    subject_alt_names: Node | None = None
    sni: Node | None = None
    insecure_skip_verify: Node | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def check(self, scope: Scope) -> None:
        inner = scope.inside("mode")
        if self.mode in ("SIMPLE", "MUTUAL"):
            # Without it, what was meant to be encrypted would go out in the clear.
            inner.error(f"TLS to endpoints ({self.mode}) is not supported yet", self.position)
        elif self.mode == "ISTIO_MUTUAL":
            inner.warning("the mesh's own TLS is not served yet: requests go out without TLS", self.position)
        else:
            inner.warning("tls is not served yet; requests go out without TLS, as DISABLE says", self.position)


@frozen
class TrafficPolicy:
    """Istio ``TrafficPolicy``."""

    load_balancer: LoadBalancer | None = None
    connection_pool: Node | None = field(default=None, metadata=UNSERVED)
    outlier_detection: Node | None = field(default=None, metadata=UNSERVED)
    tls: ClientTLS | None = None
    port_level_settings: Node | None = field(default=None, metadata=UNSERVED)
    tunnel: Node | None = field(default=None, metadata=UNSERVED)
    proxy_protocol: Node | None = field(default=None, metadata=UNSERVED)
    retry_budget: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> PluginUse | None:
        report_unserved(self, scope)
        names = (attribute.name for attribute in fields(type(self)) if attribute.name != "position")
        if all(getattr(self, name) is None for name in names):
            scope.error("the policy is empty", self.position, expected="loadBalancer, for example")
        if self.tls is not None:
            self.tls.check(scope.inside("tls"))
        return None if self.load_balancer is None else self.load_balancer.translate(scope.inside("loadBalancer"))


@frozen
class Subset:
    """Istio ``Subset``; without labels it has all endpoints."""

    name: str
    labels: Mapping[str, str] = field(factory=dict)
    traffic_policy: TrafficPolicy | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.Subset:
        check_label("a subset's name", self.name, self.position, scope.inside("name"))
        policy = self.traffic_policy
        balancer = None if policy is None else policy.translate(scope.inside("trafficPolicy"))
        return model.Subset(self.name, self.labels, model.TrafficPolicy(balancer), position=self.position)


@frozen
class DestinationRule:
    """Istio ``DestinationRule``, what stands below ``spec``."""

    host: str
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: Node | None = field(default=None, metadata=UNSERVED)
    workload_selector: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.ClusterPolicy]:
        report_unserved(self, scope)
        host = self.host
        if host != "*" and not is_address(host) and not is_host(host.removeprefix("*.")):
            scope.inside("host").error("this is not a host name", self.position, found=f'"{host}"')
        self._check_names(scope.inside("subsets"))
        subsets = tuple(subset.translate(scope.inside(f"subsets[{at}]")) for at, subset in enumerate(self.subsets))
        policy = self.traffic_policy
        yield model.ClusterPolicy(
            host=canonical(host, scope.namespace),
            subsets=subsets,
            policy=model.TrafficPolicy(None if policy is None else policy.translate(scope.inside("trafficPolicy"))),
            name=document.name,
            namespace=scope.namespace,
            position=scope.document,
        )

    def _check_names(self, scope: Scope) -> None:
        seen: dict[str, Subset] = {}
        for index, subset in enumerate(self.subsets):
            first = seen.setdefault(subset.name, subset)
            if first is not subset:
                message = f'the subset "{subset.name}" is said a second time; the first is at {first.position}'
                scope.inside(f"[{index}].name").error(message, subset.position)
