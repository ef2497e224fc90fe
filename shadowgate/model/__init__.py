"""What a user may say, whichever dialect it was said in: frozen values, no I/O and no callables.

Dialects produce these fragments, ``config`` puts them together into one :class:`Configuration`, ``compiler`` turns
that into a snapshot.  Names of hosts, paths and headers are text here; they become bytes in the compiler.
"""

from shadowgate.model.clusters import Cluster, ClusterPolicy, ClusterPort, Endpoint, EndpointSet, Subset, Workload
from shadowgate.model.configuration import Configuration, Fragment
from shadowgate.model.policies import (
    NO_POLICY,
    ConnectionPool,
    HealthCheck,
    Locality,
    OutlierDetection,
    RetryBudget,
    TcpKeepalive,
    TrafficPolicy,
    Warmup,
)
from shadowgate.model.routing import (
    OWN,
    ClientNetwork,
    Delegate,
    Destination,
    Listener,
    Match,
    Mirror,
    PathMatch,
    Route,
    Rule,
)
from shadowgate.model.settings import Limits, MirrorLimits, Settings, Timeouts
from shadowgate.model.use import PluginUse

__all__ = [
    "NO_POLICY",
    "OWN",
    "ClientNetwork",
    "Cluster",
    "ClusterPolicy",
    "ClusterPort",
    "Configuration",
    "ConnectionPool",
    "Delegate",
    "Destination",
    "Endpoint",
    "EndpointSet",
    "Fragment",
    "HealthCheck",
    "Limits",
    "Listener",
    "Locality",
    "Match",
    "Mirror",
    "MirrorLimits",
    "OutlierDetection",
    "PathMatch",
    "PluginUse",
    "RetryBudget",
    "Route",
    "Rule",
    "Settings",
    "Subset",
    "TcpKeepalive",
    "Timeouts",
    "TrafficPolicy",
    "Warmup",
    "Workload",
]
