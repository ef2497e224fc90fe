"""Clusters put together from what was said about them in several places.

A cluster here gets the endpoints of its own, of its EndpointSets and of the Workloads that it selects, each at the
port that it is reached at, and what its ClusterPolicies say of that port.  Which policies those are is decided in
``policies``, what refers to clusters is looked at in ``references``; nothing here knows a dialect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve

from shadowgate.config.names import known_here, not_known_here, suggest_host
from shadowgate.config.policies import merge_policies, policies_by_host
from shadowgate.errors import Position
from shadowgate.model import Cluster, ClusterPolicy, ClusterPort, Endpoint, EndpointSet, Workload
from shadowgate.plugin import Report
from shadowgate.plugin.checks import istio_destinations, references

_PORT: Final = "|"
"""Between host and port in the name of a cluster that has several ports; no host name can contain it."""

_Label = tuple[str, str, str]
"""Namespace, key and value."""


def host_of(cluster: Cluster) -> str:
    """Return the name that a joined cluster shares with those of its host's other ports."""
    return cluster.name.partition(_PORT)[0]


def join_clusters(
    declared: Iterable[Cluster],
    sets: Iterable[EndpointSet],
    workloads: Iterable[Workload],
    policies: Iterable[ClusterPolicy],
    report: Report,
) -> tuple[Cluster, ...]:
    """Return one cluster for each name and port, in the order in which the names first appear."""
    given: dict[str, list[EndpointSet]] = {}
    for each in sets:
        given.setdefault(each.cluster, []).append(each)
    by_label = _by_label(workloads)
    hosts: dict[str, list[Cluster]] = {}
    for cluster in _exported(declared, report):
        served = _by_port(cluster, given.get(cluster.name, ()), _selected(cluster, by_label))
        hosts.setdefault(cluster.name, []).extend(served)
    _report_unused_sets(given, hosts, report)
    aliases = _aliases(hosts, report)
    said = policies_by_host(policies, hosts, aliases, report)
    joined: list[Cluster] = []
    for host, ports in hosts.items():
        kept = _settle(host, ports, report)
        merged = merge_policies(kept, said[host], report)
        for cluster in kept:
            number = cluster.ports[0].number if cluster.ports else None
            name = host if len(kept) == 1 else f"{host}{_PORT}{number}"
            names = aliases[host] if len(kept) == 1 else (host, *aliases[host])
            here = merged.at_port(number)
            joined.append(evolve(cluster, name=name, aliases=names, subsets=here.subsets, policy=here.policy))
    return tuple(joined)


def _exported(declared: Iterable[Cluster], report: Report) -> Iterator[Cluster]:
    """Yield the clusters that the gateway may know of (Istio ServiceEntry ``exportTo``)."""
    silent: set[Position] = set()
    for cluster in declared:
        if known_here(cluster.exported_to):
            yield cluster
        elif cluster.position not in silent:
            silent.add(cluster.position)
            message = f"{cluster.name}: {not_known_here(cluster.exported_to)}"
            report.warning(message, cluster.position, check=istio_destinations.NOT_EXPORTED)


# Endpoints


def _by_label(workloads: Iterable[Workload]) -> Mapping[_Label, Sequence[Workload]]:
    found: dict[_Label, list[Workload]] = {}
    for workload in workloads:
        for key, value in workload.endpoint.labels.items():
            found.setdefault((workload.namespace, key, value), []).append(workload)
    return found


def _selected(cluster: Cluster, by_label: Mapping[_Label, Sequence[Workload]]) -> Sequence[Workload]:
    """Return the workloads that have all labels of the selector; an empty one selects nothing (Kubernetes Service)."""
    if not cluster.selector:
        return ()
    wanted = cluster.selector.items()
    candidates = min((by_label.get((cluster.namespace, key, value), ()) for key, value in wanted), key=len)
    return [workload for workload in candidates if wanted <= workload.endpoint.labels.items()]


def _by_port(cluster: Cluster, sets: Sequence[EndpointSet], workloads: Sequence[Workload]) -> Iterator[Cluster]:
    """Yield the cluster once for each of its ports, with the endpoints that serve that port."""
    for port in cluster.ports or (None,):
        found: dict[tuple[str, int], Endpoint] = {}
        for endpoint in [*_at_port(cluster, port, sets, workloads)] or _ending(port, sets):
            # A pod that an EndpointSlice lists as well is one endpoint: the pod's, which has the labels.
            first = found.setdefault((endpoint.address, endpoint.port), endpoint)
            if endpoint.locality and not first.locality:
                found[endpoint.address, endpoint.port] = evolve(first, locality=endpoint.locality)
        yield evolve(cluster, ports=() if port is None else (port,), endpoints=tuple(found.values()))


def _at_port(
    cluster: Cluster, port: ClusterPort | None, sets: Sequence[EndpointSet], workloads: Sequence[Workload]
) -> Iterator[Endpoint]:
    for endpoint in cluster.endpoints:
        yield _reached_at(endpoint, endpoint.port or _target(port))
    for workload in workloads:
        number = workload.endpoint.port if port is None else _workload_port(workload, port)
        if number is not None:
            yield _reached_at(workload.endpoint, number)
    for each, number in _serving(port, sets):
        for endpoint in each.endpoints:
            yield _reached_at(endpoint, number)


def _ending(port: ClusterPort | None, sets: Sequence[EndpointSet]) -> Iterator[Endpoint]:
    for each, number in _serving(port, sets):
        for endpoint in each.ending:
            yield _reached_at(endpoint, number)


def _serving(port: ClusterPort | None, sets: Sequence[EndpointSet]) -> Iterator[tuple[EndpointSet, int]]:
    """Yield the sets that serve a port of the cluster, each with the number there: they are found by the name."""
    name = "" if port is None else port.name
    for each in sets:
        if name in each.port_names:
            yield each, each.port_names[name]


def _reached_at(endpoint: Endpoint, port: int) -> Endpoint:
    return endpoint if endpoint.address.startswith("unix:") else evolve(endpoint, port=port)


def _target(port: ClusterPort | None) -> int:
    if port is None:
        return 0
    return port.target if isinstance(port.target, int) else port.number


def _workload_port(workload: Workload, port: ClusterPort) -> int | None:
    if port.name in workload.service_ports:
        return workload.service_ports[port.name]
    if isinstance(port.target, str):
        return workload.port_names.get(port.target)
    return _target(port)


def _report_unused_sets(
    given: Mapping[str, Sequence[EndpointSet]], hosts: Mapping[str, Sequence[Cluster]], report: Report
) -> None:
    """Tell of endpoints that nobody asks for, and of those that serve no port because the ports' names differ."""
    for host, sets in given.items():
        names = {port.name for cluster in hosts.get(host, ()) for port in cluster.ports}
        for each in sets:
            if host not in hosts:
                message = f"there is no {host} to give these endpoints to{suggest_host(host, hosts)}"
                report.warning(message, each.position, check=references.LOOSE_ENDPOINTS)
            elif each.endpoints and names.isdisjoint(each.port_names):
                message = f"these endpoints serve no port of {host}, whose ports are found by their names"
                found, expected = _quoted(each.port_names) or "no ports", _quoted(names)
                report.warning(message, each.position, found=found, expected=expected, check=references.LOOSE_ENDPOINTS)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names))


# Names


def _settle(host: str, ports: Sequence[Cluster], report: Report) -> list[Cluster]:
    """Choose among several declarations of one host: those that know no endpoint give way to those that do."""
    alive = {cluster.position for cluster in ports if cluster.endpoints}
    kept: list[Cluster] = []
    silent: set[Position] = set()
    for cluster in ports:
        if alive and cluster.position not in alive:
            if cluster.position not in silent:
                silent.add(cluster.position)
                where = ", ".join(map(str, sorted(alive)))
                message = f"{host} has no endpoints here; those of {where} serve it"
                report.info(message, cluster.position, check=references.GIVES_WAY)
            continue
        rival = next((each for each in kept if _same_port(each, cluster)), None)
        if rival is None:
            kept.append(cluster)
        else:
            message = f"{host} is said a second time; the first is at {rival.position}"
            report.error(message, cluster.position, check=references.SAID_TWICE)
    return kept


def _same_port(one: Cluster, other: Cluster) -> bool:
    return not one.ports or not other.ports or one.ports[0].number == other.ports[0].number


def _aliases(hosts: Mapping[str, Sequence[Cluster]], report: Report) -> dict[str, tuple[str, ...]]:
    """Return each host's aliases; one that is another host's name, or was another's alias before, is not kept."""
    holders = {host: host for host in hosts}
    aliases: dict[str, tuple[str, ...]] = {}
    for host, clusters in hosts.items():
        wanted = dict.fromkeys(alias for cluster in clusters for alias in cluster.aliases if alias != host)
        for alias in wanted:
            holder = holders.setdefault(alias, host)
            if holder != host:
                first = hosts[holder][0].position
                message = f'{host} is not found as "{alias}": that is {holder}, said at {first}'
                report.warning(message, clusters[0].position, check=references.NAME_TAKEN)
        aliases[host] = tuple(alias for alias in wanted if holders[alias] == host)
    return aliases
