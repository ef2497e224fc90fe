"""Objects of the Kubernetes API as a dialect: those that say where services answer, and the rest by name."""

from shadowgate.bundled.dialects.kubernetes.dialect import KubernetesDialect

__all__ = ["KubernetesDialect"]
