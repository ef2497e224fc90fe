"""Fragments of all documents put together into one Configuration.

What was said in several places is joined, what was said twice is refused, the routes that nobody had to write are
added, and every reference is looked up.  Reading documents and compiling happen elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from attrs import evolve

from shadowgate.config.attachment import attach_routes
from shadowgate.config.backends import resolve_backends
from shadowgate.config.clients import label_clients
from shadowgate.config.clusters import host_of, join_clusters
from shadowgate.config.default_gateways import add_defaults
from shadowgate.config.delegation import resolve_delegates
from shadowgate.config.extension_refs import resolve_definitions
from shadowgate.config.gateways import Gateways
from shadowgate.config.grants import Grants
from shadowgate.config.lints import check_rules
from shadowgate.config.listeners import bind_routes
from shadowgate.config.matched import expand_matched
from shadowgate.config.names import covers
from shadowgate.config.precedence import order_routes
from shadowgate.config.reach import check_reach
from shadowgate.config.references import check_references
from shadowgate.config.services import forwarding, names_of
from shadowgate.config.statuses import make_statuses
from shadowgate.config.variants import resolve_variants
from shadowgate.model import (
    Availability,
    ClientNetwork,
    Cluster,
    ClusterPolicy,
    Configuration,
    EndpointSet,
    FilterDefinition,
    Fragment,
    Gateway,
    GatewayClass,
    Listener,
    Namespace,
    ReferenceGrant,
    Route,
    Variants,
    Workload,
)
from shadowgate.plugin import Report
from shadowgate.plugin.checks import references

_T = TypeVar("_T")
_Named = TypeVar("_Named", Listener, Route, Gateway, GatewayClass)


def assemble(fragments: Iterable[Fragment], report: Report) -> Configuration:
    """Return the configuration that the fragments make up; what is wrong with it goes to ``report``."""
    pieces = tuple(fragments)
    given = _once(_of(pieces, Listener), lambda each: each.name, lambda each: f"listener {each.name}", report)
    applications = tuple(_of(pieces, Variants))
    variants = resolve_variants(applications, _of(pieces, Availability), report)
    said = (*_of(pieces, Route), *variants.routes)
    routes = _once(_numbered(said), _route_key, lambda each: f"{each.kind} {each.name}", report)
    clusters = join_clusters(
        _of(pieces, Cluster),
        _of(pieces, EndpointSet),
        _of(pieces, Workload),
        _of(pieces, ClusterPolicy),
        report,
    )
    routes = resolve_definitions(routes, _of(pieces, FilterDefinition), report)
    settled = label_clients(resolve_delegates(routes, report), _of(pieces, ClientNetwork), report)
    known = Configuration(clusters=clusters)
    gateways = Gateways.of(
        _once(_of(pieces, GatewayClass), lambda each: each.name, lambda each: f"GatewayClass {each.name}", report),
        _once(_of(pieces, Gateway), _gateway_key, lambda each: f"Gateway {each.name}", report),
        _of(pieces, Namespace),
        report,
    )
    settled = tuple(add_defaults(settled, gateways, report))
    settled = resolve_backends(settled, known, Grants.of(_of(pieces, ReferenceGrant)), report)
    check_references(Configuration(routes=(*settled, *variants.absent), clusters=clusters), report)
    attachments = attach_routes(settled, gateways, known, report, given)
    bound = bind_routes((*given, *attachments.listeners), expand_matched(attachments.routes), report)
    written = Configuration(bound.listeners, order_routes(bound.routes, report), clusters)
    implied = _implied_routes(written, report)
    statuses = make_statuses(gateways, attachments)
    served = (*written.routes, *implied)
    configuration = Configuration(written.listeners, served, clusters, statuses, applications, variants.availability)
    check_rules(configuration, report)
    check_reach(configuration, report)
    return configuration


def _of(pieces: Iterable[object], kind: type[_T]) -> Iterator[_T]:
    return (piece for piece in pieces if isinstance(piece, kind))


def _numbered(routes: Iterable[Route]) -> Iterator[Route]:
    """Tell routes without a name of their own apart by a number, which no edit elsewhere in a file changes."""
    seen: Counter[str] = Counter()
    for route in routes:
        if not route.named:
            seen[route.name] += 1
            if seen[route.name] > 1:
                route = evolve(route, name=f"{route.name} #{seen[route.name]}")
        yield route


def _once(
    pieces: Iterable[_Named], key: Callable[[_Named], Hashable], title: Callable[[_Named], str], report: Report
) -> tuple[_Named, ...]:
    """Keep the first of each key and report the others, naming both places."""
    kept: dict[Hashable, _Named] = {}
    for piece in pieces:
        first = kept.setdefault(key(piece), piece)
        if first is not piece:
            message = f"{title(piece)} is said a second time; the first is at {first.position}"
            report.error(message, piece.position, check=references.SAID_TWICE)
    return tuple(kept.values())


def _gateway_key(gateway: Gateway) -> Hashable:
    return (gateway.namespace, gateway.name)


def _route_key(route: Route) -> Hashable:
    return (route.kind, route.namespace, route.name)


def _implied_routes(written: Configuration, report: Report) -> Iterator[Route]:
    """Yield what a mesh does for its services: requests for a name that no route speaks of go to the cluster itself.

    What is said for gateways alone speaks of their clients and of no others.
    """
    sockets = {listener.name for listener in written.listeners if listener.gateway}
    served = (route for route in written.routes if not route.listeners or not sockets.issuperset(route.listeners))
    taken = {host for route in served for host in route.hosts}
    wildcards = tuple(host for host in taken if host.startswith("*"))
    for cluster in written.clusters:
        host = host_of(cluster)
        ports = written.named(host)
        if not cluster.routed or ports[0] is not cluster:
            continue
        free = tuple(
            name
            for name in names_of(cluster)
            if name not in taken and not any(covers(each, name) for each in wildcards)
        )
        if not free:
            continue
        number = None
        if len(ports) > 1:
            number = cluster.ports[0].number
            message = f"{host} has several ports; requests for it that no route takes go to {number}"
            report.info(message, cluster.position, check=references.FIRST_PORT)
        rule = forwarding(cluster, number)
        yield Route(host, free, (rule,), kind="Service", namespace=cluster.namespace, position=cluster.position)
