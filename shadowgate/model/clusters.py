"""Where requests can go: clusters, their endpoints and subsets, and what says which endpoints exist."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.model.use import PluginUse


@frozen
class Endpoint:
    """One address that answers: an IP, a host name, or ``unix:/path`` with port 0."""

    address: str
    port: int = 0
    labels: Mapping[str, str] = field(factory=dict)
    weight: int = 1
    position: Position = field(default=NOWHERE, eq=False)

    def __str__(self) -> str:
        if self.address.startswith("unix:"):
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@frozen
class Subset:
    """The endpoints of a cluster that carry all of ``labels`` (DestinationRule ``subsets[]``)."""

    name: str
    labels: Mapping[str, str]
    balancer: PluginUse | None = None
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class ClusterPort:
    """A port that clients of the cluster name: ``number`` outside, ``target`` (number or name) on the endpoints."""

    number: int
    name: str = ""
    target: int | str | None = None


@frozen
class Cluster:
    """A named group of endpoints.

    ``name`` is canonical, ``aliases`` other names it is found under.  ``routed`` clusters get a route of their own
    on every alias that no Route names, as a mesh does for its services.  ``selector`` picks Workloads of the same
    namespace in addition to the endpoints given.
    """

    name: str
    endpoints: tuple[Endpoint, ...] = ()
    subsets: tuple[Subset, ...] = ()
    balancer: PluginUse | None = None
    aliases: tuple[str, ...] = ()
    ports: tuple[ClusterPort, ...] = ()
    namespace: str = "default"
    selector: Mapping[str, str] | None = None
    routed: bool = False
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class EndpointSet:
    """Endpoints said apart from their cluster (EndpointSlice, Endpoints): added to the cluster of this name.

    ``port_names`` maps a port's name to its number; an endpoint here has port 0 until it is joined with the
    cluster's port of that name.  A cluster's port that is not named here is not served by these endpoints.
    """

    cluster: str
    endpoints: tuple[Endpoint, ...]
    port_names: Mapping[str, int] = field(factory=dict)
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Workload:
    """Something that runs and has labels (Pod, WorkloadEntry): an endpoint of every cluster that selects it.

    ``port_names`` maps the names of its container ports to numbers, for a cluster port whose target is a name.
    ``service_ports`` maps names of the cluster's own ports to numbers and goes before their targets (WorkloadEntry
    ``ports``).
    """

    name: str
    namespace: str
    endpoint: Endpoint
    port_names: Mapping[str, int] = field(factory=dict)
    service_ports: Mapping[str, int] = field(factory=dict)
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class ClusterPolicy:
    """Subsets and balancing said apart from the cluster (DestinationRule): joined by ``host``."""

    host: str
    subsets: tuple[Subset, ...] = ()
    balancer: PluginUse | None = None
    name: str = ""
    namespace: str = "default"
    position: Position = field(default=NOWHERE, eq=False)
