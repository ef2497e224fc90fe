"""Whether what routes send requests to exists: clusters, ports and subsets.

What does not is a warning, because a route must be free to come before its service: until then that share of the
traffic is answered 503, and a mirror copies nothing.  In the native form, where clusters and routes are one piece, a
destination that does not exist is a mistake.  What the Gateway API's routes refer to is ``backends``' to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from shadowgate.config.clusters import host_of
from shadowgate.config.names import suggest_host
from shadowgate.model import Cluster, Configuration, Destination, Route
from shadowgate.plugin import Check, Report
from shadowgate.plugin.checks import references
from shadowgate.plugin.spelling import did_you_mean

NATIVE: Final = "Route"
"""The kind of routes in the native form."""

_SERVICE: Final = "Service"
_CLUSTER_LOCAL: Final = ".svc.cluster.local"


def check_references(configuration: Configuration, report: Report) -> None:
    """Report whatever the routes name and nobody has said, and clusters that no endpoint serves."""
    for route in configuration.routes:
        for rule in route.rules if not route.parents else ():
            for destination in rule.destinations:
                own = route.kind == NATIVE
                _check(destination, "its share of the requests is answered 503", route, configuration, report, own)
            for mirror in rule.mirrors:
                _check(mirror.destination, "nothing is mirrored there", route, configuration, report)
    _check_endpoints(configuration.clusters, _fronts(configuration.routes), report)


def _check(
    destination: Destination,
    consequence: str,
    route: Route,
    configuration: Configuration,
    report: Report,
    own: bool = False,
) -> None:
    def warn(check: Check, message: str, expected: str) -> None:
        report.warning(message, destination.position, path=_path(route), expected=expected, check=check)

    ports = configuration.named(destination.cluster)
    if not ports:
        known = (name for cluster in configuration.clusters for name in (cluster.name, *cluster.aliases))
        suggestion = suggest_host(destination.cluster, known)
        if own:
            message = f'there is no cluster "{destination.cluster}"{suggestion}'
            report.error(message, destination.position, path=_path(route), check=references.UNKNOWN_HOST)
            return
        message = f'nothing is known of the host "{destination.cluster}"{suggestion}; {consequence}'
        warn(references.UNKNOWN_HOST, message, "")
        return
    numbers = [str(port.number) for cluster in ports for port in cluster.ports]
    cluster = configuration.find(destination.cluster, destination.port)
    if cluster is None:
        message = f"{destination.cluster} has no port {destination.port}; {consequence}"
        warn(references.UNKNOWN_PORT, message, f"one of {', '.join(numbers)}")
        return
    if destination.port is not None and not numbers and route.kind == NATIVE:
        _check_own_port(destination.port, cluster, warn)
    if destination.port is None and len(numbers) > 1:
        # A mesh would take the port that the client dialled; a gateway listens elsewhere.
        message = f"{destination.cluster} has several ports and none is chosen; {numbers[0]} is taken"
        warn(references.PORT_NOT_CHOSEN, message, f"port.number: one of {', '.join(numbers)}")
    if destination.subset is not None:
        _check_subset(destination.subset, cluster, consequence, warn)


def _check_own_port(port: int, cluster: Cluster, warn: Callable[[Check, str, str], None]) -> None:
    """A cluster of the native form has no ports to choose from: each endpoint has its own."""
    ports = sorted({each.port for each in cluster.endpoints if each.port})
    if ports and ports != [port]:
        numbers = ", ".join(map(str, ports))
        message = f"port {port} chooses nothing in {cluster.name}: its endpoints are asked at their own, {numbers}"
        warn(references.UNKNOWN_PORT, message, "no port")


def _check_subset(name: str, cluster: Cluster, consequence: str, warn: Callable[[Check, str, str], None]) -> None:
    names = [subset.name for subset in cluster.subsets]
    subset = next((subset for subset in cluster.subsets if subset.name == name), None)
    if subset is None:
        message = f'{cluster.name} has no subset "{name}"{did_you_mean(name, names)}; {consequence}'
        warn(references.UNKNOWN_SUBSET, message, f"one of {', '.join(names)}" if names else "")
    elif cluster.endpoints and not any(subset.labels.items() <= each.labels.items() for each in cluster.endpoints):
        labels = ", ".join(f"{key}: {value}" for key, value in subset.labels.items())
        message = f'no endpoint of {cluster.name} is in the subset "{name}" ({labels}); {consequence}'
        warn(references.EMPTY_SUBSET, message, "")


def _fronts(routes: Iterable[Route]) -> set[str]:
    """Return the Services that only give routes their name: these say where requests for them go (GEP-1426)."""
    said = {
        (each.key.name, each.key.namespace) for route in routes for each in route.parents if each.key.kind == _SERVICE
    }
    if not said:
        return set()
    rules = [rule for route in routes for rule in route.rules]
    used = {each.cluster for rule in rules for each in rule.destinations}
    used |= {each.destination.cluster for rule in rules for each in rule.mirrors}
    return {f"{name}.{namespace}{_CLUSTER_LOCAL}" for name, namespace in said} - used


def _check_endpoints(clusters: Iterable[Cluster], fronts: set[str], report: Report) -> None:
    hosts: dict[str, list[Cluster]] = {}
    for cluster in clusters:
        if host_of(cluster) not in fronts:
            hosts.setdefault(host_of(cluster), []).append(cluster)
    for host, ports in hosts.items():
        empty = [cluster for cluster in ports if not cluster.endpoints]
        names = [host] if len(empty) == len(ports) else [cluster.name for cluster in empty]
        for name in names:
            message = f"{name} has no endpoints; requests to it are answered 503"
            report.warning(message, ports[0].position, check=references.NO_ENDPOINTS)


def _path(route: Route) -> str:
    return f"{route.kind} {route.name}".strip()
