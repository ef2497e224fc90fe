"""Services as parents of routes: the gateway's own listeners, under the names that clients call a Service by (GAMMA).

What a mesh does at the side of each client, the gateway does for those who come to it with the Service's name as their
Host.  A Service that no route is attached to gets a route of its own in ``assemble``; here are the ports that are left
over where routes are attached to others only.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from shadowgate.config import conditions as words
from shadowgate.config.clusters import host_of
from shadowgate.config.conditions import bad, good
from shadowgate.config.names import NAMESPACE, service_host
from shadowgate.config.places import Answer, Hosts, Place, ServicePort, at_port
from shadowgate.errors import Position
from shadowgate.model import (
    OWN,
    Cluster,
    Configuration,
    Destination,
    ObjectKey,
    ParentReference,
    PluginUse,
    Route,
    Rule,
)


@frozen
class Services:
    """``claimed`` are the ports of Services that routes are attached to."""

    clusters: Configuration
    claimed: dict[ObjectKey, set[int]] = field(factory=dict)

    def answer(self, route: Route, parent: ParentReference) -> Answer:
        """Return what a Service says to a route."""
        key = parent.key
        clusters = self.clusters.named(service_host(key.name, key.namespace))
        if not clusters:
            return Answer(parent, bad(words.ACCEPTED, words.NO_PARENT, f"there is no {key}"))
        numbers = _numbers(clusters)
        # The section of a Service is the name of a port (``ParentReference.sectionName``).
        meant = [
            port.number
            for cluster in clusters
            for port in cluster.ports
            if parent.section in ("", port.name) and parent.port in (None, port.number)
        ]
        if not meant:
            message = f"{key} has no port {_wanted(parent)}; it has {', '.join(map(str, numbers))}"
            return Answer(parent, bad(words.ACCEPTED, words.NO_PARENT, message))
        if route.namespace not in (key.namespace, NAMESPACE):
            # GAMMA: a route outside of the Service's namespace is for the clients of its own namespace.
            message = f"the route is for clients of {route.namespace}; those of the gateway are of {NAMESPACE}"
            return Answer(parent, bad(words.ACCEPTED, words.NOT_ALLOWED, message))
        port = None
        if len(numbers) > 1 and len(meant) == 1:
            port = _port(meant[0], numbers)
        claimed = self.claimed.setdefault(key, set())
        claimed |= set(numbers) if port is None else {port.number}
        return Answer(parent, good(words.ACCEPTED), (Place(OWN, names_of(clusters[0]), service_port=port),))

    def unclaimed(self) -> Iterator[Route]:
        """Yield routes for the ports that no route is attached to, of Services that have some at other ports."""
        for key, claimed in self.claimed.items():
            clusters = self.clusters.named(service_host(key.name, key.namespace))
            numbers = _numbers(clusters)
            for cluster in clusters:
                left = [port.number for port in cluster.ports if port.number not in claimed]
                for number in left:
                    rule = forwarding(cluster, number)
                    yield Route(
                        f"{host_of(cluster)}:{number}",
                        names_of(cluster),
                        (at_port(rule, _port(number, numbers)),),
                        (OWN,),
                        kind="Service",
                        namespace=key.namespace,
                        position=cluster.position,
                        # It stands in the same block as the routes that it makes room for.
                        parents=(ParentReference(key, port=number),),
                    )


def names_of(cluster: Cluster) -> Hosts:
    """Return all names that clients call a Service by."""
    return tuple(dict.fromkeys((host_of(cluster), *cluster.aliases)))


def forwarding(cluster: Cluster, port: int | None) -> Rule:
    """Return the rule that a mesh has for a Service of which nobody says anything."""
    at: Position = cluster.position
    # A mesh tries again what it forwards by itself, as it does where rules say nothing of retries.
    retry = PluginUse("retry", None, at)
    return Rule(destinations=(Destination(host_of(cluster), port=port, position=at),), retry=retry, position=at)


def _wanted(parent: ParentReference) -> str:
    return " ".join(filter(None, (parent.section, "" if parent.port is None else str(parent.port))))


def _numbers(clusters: tuple[Cluster, ...]) -> list[int]:
    return [port.number for cluster in clusters for port in cluster.ports]


def _port(number: int, numbers: list[int]) -> ServicePort:
    return ServicePort(number, tuple(each for each in numbers if each != number), number == numbers[0])
