"""One whole configuration: what ``config`` hands to ``compiler``."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from shadowgate.model.clusters import Cluster, ClusterPolicy, EndpointSet, Workload
from shadowgate.model.gateways import FilterDefinition, Gateway, GatewayClass, Namespace, ReferenceGrant, Status
from shadowgate.model.routing import ClientNetwork, Listener, Route
from shadowgate.model.variants import Availability, Variants

Fragment = (
    Listener
    | Route
    | Cluster
    | ClusterPolicy
    | EndpointSet
    | Workload
    | ClientNetwork
    | GatewayClass
    | Gateway
    | Namespace
    | ReferenceGrant
    | FilterDefinition
    | Variants
    | Availability
)
"""What a dialect may make of a document."""


@frozen
class Configuration:
    """Clusters have their endpoints and subsets, every reference has been looked up and reported.

    A cluster here serves one port at most: what was said with several ports stands here once for each, under the
    same aliases, in the order of the ports.  Its endpoints carry the port that they are reached at.

    ``variants`` are the applications whose probes are to be asked, ``availability`` says of those and of all others
    which variants are there; the routes that follow from it are among ``routes``.
    """

    listeners: tuple[Listener, ...] = ()
    routes: tuple[Route, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    statuses: tuple[Status, ...] = ()
    variants: tuple[Variants, ...] = ()
    availability: tuple[Availability, ...] = ()
    _by_name: Mapping[str, tuple[Cluster, ...]] = field(init=False, repr=False, eq=False)

    def find(self, name: str, port: int | None = None) -> Cluster | None:
        """Return the cluster that a destination means, or None when there is no such name or no such port.

        Without a port it is the first; a cluster that declares no port serves any.
        """
        for cluster in self._by_name.get(name, ()):
            if port is None or not cluster.ports or any(declared.number == port for declared in cluster.ports):
                return cluster
        return None

    def named(self, name: str) -> tuple[Cluster, ...]:
        """Return the clusters of this name or alias, one for each port."""
        return self._by_name.get(name, ())

    @_by_name.default
    def _index(self) -> Mapping[str, tuple[Cluster, ...]]:
        found: dict[str, list[Cluster]] = {}
        for cluster in self.clusters:
            for name in dict.fromkeys((cluster.name, *cluster.aliases)):
                found.setdefault(name, []).append(cluster)
        return {name: tuple(clusters) for name, clusters in found.items()}
