"""Where requests can go: clusters, their endpoints and subsets, and what says which endpoints exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.model.policies import NO_POLICY, HealthCheck, TrafficPolicy


@frozen
class Endpoint:
    """One address that answers: an IP, a host name, or ``unix:/path`` with port 0.

    ``locality`` is ``region/zone/subzone``, empty where nobody said.
    """

    address: str
    port: int = 0
    labels: Mapping[str, str] = field(factory=dict)
    weight: int = 1
    locality: str = ""
    position: Position = field(default=NOWHERE, eq=False)

    def __str__(self) -> str:
        if self.address.startswith("unix:"):
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@frozen
class Subset:
    """The endpoints of a cluster that carry all of ``labels`` (DestinationRule ``subsets[]``).

    ``policy`` is over the cluster's, block by block; ``ports`` likewise for single ports.
    """

    name: str
    labels: Mapping[str, str]
    policy: TrafficPolicy = NO_POLICY
    ports: Mapping[int, TrafficPolicy] = field(factory=dict)
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class ClusterPort:
    """A port that clients of the cluster name: ``number`` outside, ``target`` (number or name) on the endpoints.

    ``protocol`` is what is spoken there, as a Service says it (``appProtocol``); empty where nobody says.
    """

    number: int
    name: str = ""
    target: int | str | None = None
    protocol: str = ""


@frozen
class Cluster:
    """A named group of endpoints.

    ``name`` is canonical, ``aliases`` other names it is found under.  ``resolution`` says whether addresses are taken
    as they are or looked up: ``dns`` by address records, ``dns-srv`` by service records.  ``routed`` clusters get a
    route of their own on every alias that no Route names, as a mesh does for its services.  ``selector`` picks
    Workloads of the same namespace in addition to the endpoints given.  ``exported_to`` are the namespaces whose
    clients know of it, ``*`` for all.  ``health`` says how the endpoints are asked whether they are well.
    """

    name: str
    endpoints: tuple[Endpoint, ...] = ()
    subsets: tuple[Subset, ...] = ()
    policy: TrafficPolicy = NO_POLICY
    aliases: tuple[str, ...] = ()
    ports: tuple[ClusterPort, ...] = ()
    namespace: str = "default"
    selector: Mapping[str, str] | None = None
    routed: bool = False
    resolution: Literal["static", "dns", "dns-srv"] = "static"
    exported_to: tuple[str, ...] = ("*",)
    health: HealthCheck | None = None
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class EndpointSet:
    """Endpoints said apart from their cluster (EndpointSlice, Endpoints): added to the cluster of this name.

    ``port_names`` maps a port's name to its number; an endpoint here has port 0 until it is joined with the
    cluster's port of that name.  A cluster's port that is not named here is not served by these endpoints.  ``ending``
    still answer and are on their way out: they serve where the cluster has no others (Kubernetes KEP-1669).
    """

    cluster: str
    endpoints: tuple[Endpoint, ...]
    port_names: Mapping[str, int] = field(factory=dict)
    position: Position = field(default=NOWHERE, eq=False)
    ending: tuple[Endpoint, ...] = ()


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
    """Subsets and policies said apart from the cluster (DestinationRule): joined by ``host``.

    ``ports`` holds whole policies for single ports (``portLevelSettings``), which take nothing from ``policy``.
    ``created`` is the time of its creation (RFC 3339), empty where nobody knows; ``exported_to`` as for a Cluster.
    """

    host: str
    subsets: tuple[Subset, ...] = ()
    policy: TrafficPolicy = NO_POLICY
    ports: Mapping[int, TrafficPolicy] = field(factory=dict)
    name: str = ""
    namespace: str = "default"
    created: str = ""
    exported_to: tuple[str, ...] = ("*",)
    position: Position = field(default=NOWHERE, eq=False)
