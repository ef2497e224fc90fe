"""Clusters put together from what was said about them in several places.

A cluster here gets the endpoints of its own, of its EndpointSets and of the Workloads that it selects, each at the
port that it is reached at, and the subsets and balancer of its ClusterPolicies.  What refers to clusters is looked at
in ``references``; nothing here knows a dialect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from attrs import evolve

from shadowgate.errors import Position
from shadowgate.model import (
    Cluster,
    ClusterPolicy,
    ClusterPort,
    Endpoint,
    EndpointSet,
    Subset,
    TrafficPolicy,
    Workload,
)
from shadowgate.model.policies import NO_POLICY
from shadowgate.plugin import Report
from shadowgate.plugin.spelling import did_you_mean, nearest

_CLUSTER_LOCAL: Final = ".svc.cluster.local"
_SUGGESTED_FROM: Final = 256
"""Names that an unknown one is compared with: a thousand wrong routes must not make loading slow."""

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
    for cluster in declared:
        served = _by_port(cluster, given.get(cluster.name, ()), _selected(cluster, by_label))
        hosts.setdefault(cluster.name, []).extend(served)
    _report_unused_sets(given, hosts, report)
    aliases = _aliases(hosts, report)
    said = _policies_by_host(policies, aliases, report)
    joined: list[Cluster] = []
    for host, ports in hosts.items():
        kept = _settle(host, ports, report)
        subsets, policy = _merge_policies(kept[0], said.get(host, ()), report)
        for cluster in kept:
            name = host if len(kept) == 1 else f"{host}{_PORT}{cluster.ports[0].number}"
            names = aliases[host] if len(kept) == 1 else (host, *aliases[host])
            joined.append(evolve(cluster, name=name, aliases=names, subsets=subsets, policy=policy))
    return tuple(joined)


def suggest_host(host: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown host: ``, did you mean "..."?``, or nothing.

    Of names in a mesh only the first label is compared: what they all share would make any two of them look alike.
    """
    known = tuple(islice(known, _SUGGESTED_FROM))
    if not host.endswith(_CLUSTER_LOCAL):
        return did_you_mean(host, known)
    by_label = {name.partition(".")[0]: name for name in known if name.endswith(_CLUSTER_LOCAL)}
    label = nearest(host.partition(".")[0], by_label)
    return "" if label is None else f', did you mean "{by_label[label]}"?'


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
        for endpoint in _at_port(cluster, port, sets, workloads):
            # A pod that an EndpointSlice lists as well is one endpoint: the pod's, which has the labels.
            found.setdefault((endpoint.address, endpoint.port), endpoint)
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
    for each in sets:
        name = "" if port is None else port.name
        if name in each.port_names:
            for endpoint in each.endpoints:
                yield _reached_at(endpoint, each.port_names[name])


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
                report.warning(message, each.position)
            elif each.endpoints and names.isdisjoint(each.port_names):
                message = f"these endpoints serve no port of {host}, whose ports are found by their names"
                found, expected = _quoted(each.port_names) or "no ports", _quoted(names)
                report.warning(message, each.position, found=found, expected=expected)


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
                report.info(f"{host} has no endpoints here; those of {where} serve it", cluster.position)
            continue
        rival = next((each for each in kept if _same_port(each, cluster)), None)
        if rival is None:
            kept.append(cluster)
        else:
            report.error(f"{host} is said a second time; the first is at {rival.position}", cluster.position)
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
                report.warning(message, clusters[0].position)
        aliases[host] = tuple(alias for alias in wanted if holders[alias] == host)
    return aliases


# Policies


def _policies_by_host(
    policies: Iterable[ClusterPolicy], aliases: Mapping[str, tuple[str, ...]], report: Report
) -> dict[str, list[ClusterPolicy]]:
    """Return the policies of each host: those that name it, else those of the longest wildcard that covers it.

    Istio DestinationRule ``host``: the most specific one decides, several on one host are merged.
    """
    said: dict[str, list[ClusterPolicy]] = {}
    for policy in policies:
        said.setdefault(policy.host, []).append(policy)
    wildcards = sorted((host for host in said if host.startswith("*")), key=len, reverse=True)
    chosen: dict[str, list[ClusterPolicy]] = {}
    for host, others in aliases.items():
        exact = [policy for name in (host, *others) for policy in said.get(name, ())]
        wildcard = next((each for each in wildcards if covers(each, host)), "")
        chosen[host] = exact or said.get(wildcard, [])
    known = {name for host, others in aliases.items() for name in (host, *others)}
    for host, unused in said.items():
        for policy in unused if host not in known and not host.startswith("*") else ():
            message = f'nothing is known of the host "{host}"{suggest_host(host, sorted(known))}'
            report.warning(message, policy.position, path=f"DestinationRule {policy.name}")
    return chosen


def covers(pattern: str, host: str) -> bool:
    """Return whether a host or wildcard (``*``, ``*.suffix``) stands for this host, which may be a wildcard, too."""
    return pattern in ("*", host) or (pattern.startswith("*.") and host != pattern and host.endswith(pattern[1:]))


def _merge_policies(
    cluster: Cluster, policies: Iterable[ClusterPolicy], report: Report
) -> tuple[tuple[Subset, ...], TrafficPolicy]:
    """Subsets add up and the first of a name stays; so does the first policy that says anything."""
    subsets = {subset.name: subset for subset in cluster.subsets}
    chosen = cluster.policy
    for said in policies:
        path = f"DestinationRule {said.name}"
        for subset in said.subsets:
            first = subsets.setdefault(subset.name, subset)
            if first is not subset:
                message = f'the subset "{subset.name}" of {said.host} is already said at {first.position}'
                report.warning(message + "; this one is passed over", subset.position, path=path)
        if chosen == NO_POLICY:
            chosen = said.policy
        elif said.policy != NO_POLICY and said.policy != chosen:
            report.warning(
                f"{said.host} already has a traffic policy; this one is passed over", said.position, path=path
            )
    return tuple(subsets.values()), chosen
