"""Istio's ``trafficPolicy``, of a host, of a subset or of one of their ports."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, fields, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.connection_pool import ConnectionPool, RetryBudget
from shadowgate.bundled.dialects.istio.load_balancer import LoadBalancer
from shadowgate.bundled.dialects.istio.outlier import OutlierDetection
from shadowgate.bundled.dialects.istio.tls import ClientTLS
from shadowgate.bundled.dialects.istio.unserved import UNSUPPORTED
from shadowgate.bundled.dialects.istio.values import PortSelector
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Node
from shadowgate.plugin.checks import istio_destinations


@frozen
class PortTrafficPolicy:
    """Istio ``TrafficPolicy.PortTrafficPolicy``: what holds for one port, and nothing of the others'."""

    port: PortSelector | None = None
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = field(default=None, metadata=UNSUPPORTED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.TrafficPolicy:
        _check_empty(self, scope)
        return evolve(_blocks(self, scope, ejects=False), inherits=False)


@frozen
class TrafficPolicy:
    """Istio ``TrafficPolicy``."""

    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = field(default=None, metadata=UNSUPPORTED)
    port_level_settings: tuple[PortTrafficPolicy, ...] = ()
    tunnel: Node | None = field(default=None, metadata=UNSUPPORTED)
    proxy_protocol: Node | None = field(default=None, metadata=UNSUPPORTED)
    retry_budget: RetryBudget | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope, base: model.TrafficPolicy = model.NO_POLICY) -> model.TrafficPolicy:
        """Return the blocks that are said here; ``base`` is the host's policy, where this one is a subset's."""
        _check_empty(self, scope)
        for key, node in (("tunnel", self.tunnel), ("proxyProtocol", self.proxy_protocol)):
            if node is not None:
                message = f"{key} is not supported: the endpoints would be sent plain requests instead"
                scope.inside(key).error(message, node.position, check=istio_destinations.NO_TUNNEL)
        budget = self.retry_budget
        return evolve(
            _blocks(self, scope, ejects=base.outlier is not None),
            retry_budget=None if budget is None else budget.translate(scope.inside("retryBudget")),
        )

    def translate_ports(self, scope: Scope) -> Mapping[int, model.TrafficPolicy]:
        """Return the policies of single ports by number."""
        found: dict[int, model.TrafficPolicy] = {}
        for index, each in enumerate(self.port_level_settings):
            inner = scope.inside(f"portLevelSettings[{index}]")
            policy = each.translate(inner)
            if each.port is None:
                message = "there is no port"
                check = istio_destinations.PORT_OF_POLICY
                inner.error(message, each.position, expected="port.number", check=check)
            elif found.setdefault(each.port.number, policy) is not policy:
                message = f"port {each.port.number} is said a second time"
                inner.inside("port").error(message, each.position, check=istio_destinations.PORT_OF_POLICY)
        return found


def _blocks(policy: TrafficPolicy | PortTrafficPolicy, scope: Scope, *, ejects: bool) -> model.TrafficPolicy:
    """Return the blocks that both kinds of policy have."""
    outlier, pool, balancer = policy.outlier_detection, policy.connection_pool, policy.load_balancer
    made = model.NO_POLICY
    if balancer is not None:
        made = balancer.translate(scope.inside("loadBalancer"), ejects=ejects or outlier is not None)
    if policy.tls is not None:
        policy.tls.check(scope.inside("tls"))
    return evolve(
        made,
        pool=None if pool is None else pool.translate(scope.inside("connectionPool")),
        outlier=None if outlier is None else outlier.translate(scope.inside("outlierDetection")),
        position=policy.position,
    )


def _check_empty(policy: TrafficPolicy | PortTrafficPolicy, scope: Scope) -> None:
    names = (attribute.name for attribute in fields(type(policy)) if attribute.name not in ("port", "position"))
    if not any(getattr(policy, name) not in (None, ()) for name in names):
        message, expected = "the policy is empty", "loadBalancer, for example"
        scope.error(message, policy.position, expected=expected, check=istio_destinations.EMPTY_POLICY)
