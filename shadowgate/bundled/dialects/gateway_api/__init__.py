"""The Kubernetes Gateway API as a dialect: gateway.networking.k8s.io, and Filter of shadowgate.io."""

from shadowgate.bundled.dialects.gateway_api.dialect import GatewayApiDialect

__all__ = ["GatewayApiDialect"]
