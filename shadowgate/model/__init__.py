"""What a user may say, whichever dialect it was said in: frozen values, no I/O and no callables.

Dialects produce these fragments, ``config`` puts them together into one :class:`Configuration`, ``compiler`` turns
that into a snapshot.  Names of hosts, paths and headers are text here; they become bytes in the compiler.
"""

from shadowgate.model.clusters import Cluster, ClusterPolicy, ClusterPort, Endpoint, EndpointSet, Subset, Workload
from shadowgate.model.configuration import Configuration, Fragment
from shadowgate.model.routing import Destination, Listener, Match, Mirror, PathMatch, Route, Rule
from shadowgate.model.settings import Limits, MirrorLimits, Settings, Timeouts
from shadowgate.model.use import PluginUse

__all__ = [
    "Cluster",
    "ClusterPolicy",
    "ClusterPort",
    "Configuration",
    "Destination",
    "Endpoint",
    "EndpointSet",
    "Fragment",
    "Limits",
    "Listener",
    "Match",
    "Mirror",
    "MirrorLimits",
    "PathMatch",
    "PluginUse",
    "Route",
    "Rule",
    "Settings",
    "Subset",
    "Timeouts",
    "Workload",
]
