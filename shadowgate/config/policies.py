"""Which policies hold for a host, and what they amount to at each of its ports (Istio DestinationRule).

They are looked for in the gateway's namespace, in the service's and in the root namespace; the first that has one for
the host decides, with its most specific host.  Several on one host are merged, the oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from shadowgate.config.names import NAMESPACE, covers, known_here, not_known_here, suggest_host
from shadowgate.model import NO_POLICY, Cluster, ClusterPolicy, Subset, TrafficPolicy
from shadowgate.plugin import Report
from shadowgate.plugin.checks import istio_destinations, references

ROOT: Final = "istio-system"
"""Istio's ``rootNamespace``: rules here hold for services of every namespace."""

_NEWEST: Final = "~"
"""Sorts behind every time: what nobody has created yet is the newest."""


@frozen
class HostPolicy:
    """What all that was said about one host amounts to; ``ports`` has whole policies for single ports."""

    subsets: tuple[Subset, ...] = ()
    policy: TrafficPolicy = NO_POLICY
    ports: Mapping[int, TrafficPolicy] = field(factory=dict)

    def at_port(self, number: int | None) -> HostPolicy:
        """Return what holds at one port of the host; a subset's policy is still over the host's.

        What is said for a port takes nothing from what is said for all of them, but for the retry budget, which
        cannot be said for a port (Istio ``MergeTrafficPolicy``).
        """
        policy = self.policy
        if number is not None and number in self.ports:
            policy = evolve(self.ports[number], retry_budget=policy.retry_budget, inherits=True)
        return HostPolicy(tuple(_subset_at(subset, number, policy) for subset in self.subsets), policy)


def _subset_at(subset: Subset, number: int | None, host: TrafficPolicy) -> Subset:
    if number is None or number not in subset.ports:
        return evolve(subset, ports={})
    budget = subset.policy.over(host).retry_budget
    return evolve(subset, policy=evolve(subset.ports[number], retry_budget=budget, inherits=False), ports={})


@frozen
class _Namespace:
    """The policies that one namespace has, by host."""

    by_host: Mapping[str, Sequence[ClusterPolicy]]

    def find(self, names: Sequence[str]) -> Sequence[ClusterPolicy]:
        """Return the policies of a host: those that call it by one of its names, else those of the best wildcard."""
        exact = [policy for name in names for policy in self.by_host.get(name, ())]
        if exact:
            return exact
        return next((self.by_host[each] for each in _wildcards(names[0]) if each in self.by_host), ())


def _wildcards(host: str) -> Iterator[str]:
    """Yield the wildcards that cover a host, the longest first."""
    rest = host
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f"*.{rest}"
    yield "*"


def policies_by_host(
    policies: Iterable[ClusterPolicy],
    hosts: Mapping[str, Sequence[Cluster]],
    aliases: Mapping[str, Sequence[str]],
    report: Report,
) -> Mapping[str, Sequence[ClusterPolicy]]:
    """Return what holds for each host, the oldest first; whatever holds nowhere is reported."""
    known = list(_exported(policies, report))
    namespaces = _by_namespace(known)
    chosen: dict[str, Sequence[ClusterPolicy]] = {}
    for host, clusters in hosts.items():
        names = (host, *aliases[host])
        found = (namespaces[place].find(names) for place in _places(clusters[0]) if place in namespaces)
        chosen[host] = sorted(next(filter(None, found), ()), key=_age)
    _report_unused(known, chosen, hosts, aliases, report)
    return chosen


def _exported(policies: Iterable[ClusterPolicy], report: Report) -> Iterator[ClusterPolicy]:
    for policy in policies:
        if known_here(policy.exported_to):
            yield policy
        else:
            message, check = not_known_here(policy.exported_to), istio_destinations.NOT_EXPORTED
            report.warning(message, policy.position, path=_path(policy), check=check)


def _by_namespace(policies: Iterable[ClusterPolicy]) -> dict[str, _Namespace]:
    found: dict[str, dict[str, list[ClusterPolicy]]] = {}
    for policy in policies:
        found.setdefault(policy.namespace, {}).setdefault(policy.host, []).append(policy)
    return {name: _Namespace(by_host) for name, by_host in found.items()}


def _places(cluster: Cluster) -> Sequence[str]:
    """Return the namespaces in which policies of a cluster are looked for, in their order."""
    return tuple(dict.fromkeys((NAMESPACE, cluster.namespace, ROOT)))


def _age(policy: ClusterPolicy) -> tuple[str, str, str]:
    return policy.created or _NEWEST, policy.name, policy.namespace


def _report_unused(
    policies: Iterable[ClusterPolicy],
    chosen: Mapping[str, Sequence[ClusterPolicy]],
    hosts: Mapping[str, Sequence[Cluster]],
    aliases: Mapping[str, Sequence[str]],
    report: Report,
) -> None:
    """Tell of policies that hold for nothing; a wildcard may be there for what comes later."""
    used = {id(policy) for found in chosen.values() for policy in found}
    holders = {name: host for host in hosts for name in (host, *aliases[host])}
    names = sorted(holders)
    for policy in policies:
        if id(policy) in used:
            continue
        wildcard = policy.host.startswith("*")
        if wildcard:
            host = next((each for each in hosts if covers(policy.host, each)), None)
        else:
            host = holders.get(policy.host)
        if host is None:
            if not wildcard:
                message = f'nothing is known of the host "{policy.host}"{suggest_host(policy.host, names)}'
                report.warning(message, policy.position, path=_path(policy), check=references.POLICY_WITHOUT_HOST)
        elif policy.namespace not in _places(hosts[host][0]):
            places = ", ".join(f'"{place}"' for place in _places(hosts[host][0]))
            message = f'rules for {host} are looked for in {places}, and this one is in "{policy.namespace}"'
            check = istio_destinations.RULE_NOT_LOOKED_AT
            report.warning(message + "; it is passed over", policy.position, path=_path(policy), check=check)
        elif not wildcard:
            first = chosen[host][0]
            message = f'the rule for {first.host} in "{first.namespace}" goes first; this one is passed over'
            check = istio_destinations.RULE_NOT_LOOKED_AT
            report.warning(message, policy.position, path=_path(policy), check=check)


def merge_policies(clusters: Sequence[Cluster], policies: Iterable[ClusterPolicy], report: Report) -> HostPolicy:
    """Return what the policies of one host, whose ports ``clusters`` are, amount to.

    Subsets add up and the first of a name stays; so does the first policy that says anything.
    """
    subsets = {subset.name: subset for subset in clusters[0].subsets}
    chosen = clusters[0].policy
    ports: Mapping[int, TrafficPolicy] = {}
    for said in policies:
        for subset in said.subsets:
            first = subsets.setdefault(subset.name, subset)
            if first is not subset:
                message = f'the subset "{subset.name}" of {said.host} is already said at {first.position}'
                message += "; this one is passed over"
                report.warning(message, subset.position, path=_path(said), check=references.POLICY_TWICE)
        if chosen == NO_POLICY and not ports:
            chosen, ports = said.policy, said.ports
        elif (said.policy != NO_POLICY or said.ports) and (said.policy != chosen or said.ports != ports):
            message = f"{said.host} already has a traffic policy; this one is passed over"
            report.warning(message, said.position, path=_path(said), check=references.POLICY_TWICE)
        _report_ports(said, clusters, report)
    return HostPolicy(tuple(subsets.values()), chosen, ports)


def _report_ports(said: ClusterPolicy, clusters: Sequence[Cluster], report: Report) -> None:
    """Tell of policies for ports that the host does not have; a wildcard's hosts may differ in their ports."""
    if said.host.startswith("*"):
        return
    known = [port.number for cluster in clusters for port in cluster.ports]
    for number, policy in [*said.ports.items(), *(item for subset in said.subsets for item in subset.ports.items())]:
        if number not in known:
            message = f"{said.host} has no port {number}, so that this holds for nothing"
            expected = f"one of {', '.join(map(str, known))}" if known else "a policy without a port"
            check = istio_destinations.PORT_UNKNOWN
            report.warning(message, policy.position, path=_path(said), expected=expected, check=check)


def _path(policy: ClusterPolicy) -> str:
    return f"DestinationRule {policy.name}"
