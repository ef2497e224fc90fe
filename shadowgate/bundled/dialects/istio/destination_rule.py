"""Istio's DestinationRule: the subsets of a host, and how its endpoints are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.labels import check_labels
from shadowgate.bundled.dialects.istio.traffic_policy import TrafficPolicy
from shadowgate.bundled.dialects.istio.unserved import UNSERVED
from shadowgate.bundled.dialects.istio.values import check_label
from shadowgate.bundled.dialects.istio.visibility import check_export_to, exported_to
from shadowgate.bundled.dialects.objects import read_metadata
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import canonical, is_address, is_host, is_service_record
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Node
from shadowgate.plugin.checks import istio_destinations


@frozen
class Subset:
    """Istio ``Subset``; without labels it has all endpoints."""

    name: str
    labels: Mapping[str, str] = field(factory=dict)
    traffic_policy: TrafficPolicy | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, base: model.TrafficPolicy, scope: Scope) -> model.Subset:
        """Return the subset; ``base`` is the policy of its host."""
        check_label("a subset's name", self.name, self.position, scope.inside("name"), istio_destinations.SUBSET_NAME)
        check_labels(self.labels, self.position, scope.inside("labels"))
        policy, inner = self.traffic_policy, scope.inside("trafficPolicy")
        return model.Subset(
            self.name,
            self.labels,
            model.NO_POLICY if policy is None else policy.translate(inner, base),
            {} if policy is None else policy.translate_ports(inner),
            position=self.position,
        )


@frozen
class DestinationRule:
    """Istio ``DestinationRule``, what stands below ``spec``."""

    host: str
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ()
    workload_selector: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, document: Document, scope: Scope) -> Iterator[model.ClusterPolicy]:
        self._check_host(scope.inside("host"))
        check_export_to(self.export_to, self.position, scope)
        if self.workload_selector is not None:
            message = "workloadSelector is not looked at: the rule holds for the gateway in any case"
            inner, check = scope.inside("workloadSelector"), istio_destinations.WORKLOADS_OF_RULE
            inner.warning(message, self.workload_selector.position, check=check)
        policy, inner = self.traffic_policy, scope.inside("trafficPolicy")
        base = model.NO_POLICY if policy is None else policy.translate(inner)
        yield model.ClusterPolicy(
            host=canonical(self.host, scope.namespace),
            subsets=tuple(self._subsets(base, scope.inside("subsets"))),
            policy=base,
            ports={} if policy is None else policy.translate_ports(inner),
            name=document.name,
            namespace=scope.namespace,
            created=read_metadata(document, scope.report).creation_timestamp,
            exported_to=exported_to(self.export_to, scope.namespace),
            position=scope.document,
        )

    def _check_host(self, scope: Scope) -> None:
        host = self.host
        if host == "*" or is_address(host) or is_service_record(host) or is_host(host.removeprefix("*.")):
            return
        message, check = "this is not a host name", istio_destinations.RULE_HOST
        scope.error(message, self.position, found=f'"{host}"', check=check)

    def _subsets(self, base: model.TrafficPolicy, scope: Scope) -> Iterator[model.Subset]:
        """Yield the subsets; of those with one name only the first."""
        seen: dict[str, Subset] = {}
        for index, subset in enumerate(self.subsets):
            inner = scope.inside(f"[{index}]")
            translated = subset.translate(base, inner)
            first = seen.setdefault(subset.name, subset)
            if first is subset:
                yield translated
            else:
                message = f'the subset "{subset.name}" is said a second time; the first is at {first.position}'
                inner.inside("name").error(message, subset.position, check=istio_destinations.SUBSET_TWICE)
