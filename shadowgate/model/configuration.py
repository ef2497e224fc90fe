"""One whole configuration: what ``config`` hands to ``compiler``."""

from __future__ import annotations

from attrs import frozen

from shadowgate.model.clusters import Cluster, ClusterPolicy, EndpointSet, Workload
from shadowgate.model.routing import Listener, Route

Fragment = Listener | Route | Cluster | ClusterPolicy | EndpointSet | Workload
"""What a dialect may make of a document."""


@frozen
class Configuration:
    """Clusters have their endpoints and subsets, every reference has been looked up and reported."""

    listeners: tuple[Listener, ...] = ()
    routes: tuple[Route, ...] = ()
    clusters: tuple[Cluster, ...] = ()
