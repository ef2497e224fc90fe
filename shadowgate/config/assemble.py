"""Fragments of all documents put together into one Configuration.

What was said in several places is joined, what was said twice is refused, the routes that nobody had to write are
added, and every reference is looked up.  Reading documents and compiling happen elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from attrs import evolve

from shadowgate.config.clients import label_clients
from shadowgate.config.clusters import host_of, join_clusters
from shadowgate.config.delegation import resolve_delegates
from shadowgate.config.lints import check_rules
from shadowgate.config.listeners import bind_routes
from shadowgate.config.matched import expand_matched
from shadowgate.config.names import covers
from shadowgate.config.precedence import order_routes
from shadowgate.config.reach import check_reach
from shadowgate.config.references import check_references
from shadowgate.model import (
    ClientNetwork,
    Cluster,
    ClusterPolicy,
    Configuration,
    Destination,
    EndpointSet,
    Fragment,
    Listener,
    PluginUse,
    Route,
    Rule,
    Workload,
)
from shadowgate.plugin import Report
from shadowgate.plugin.checks import references

_T = TypeVar("_T")
_Named = TypeVar("_Named", Listener, Route)


def assemble(fragments: Iterable[Fragment], report: Report) -> Configuration:
    """Return the configuration that the fragments make up; what is wrong with it goes to ``report``."""
    pieces = tuple(fragments)
    given = _once(_of(pieces, Listener), lambda each: each.name, lambda each: f"listener {each.name}", report)
    routes = _once(_numbered(_of(pieces, Route)), _route_key, lambda each: f"{each.kind} {each.name}", report)
    clusters = join_clusters(
        _of(pieces, Cluster),
        _of(pieces, EndpointSet),
        _of(pieces, Workload),
        _of(pieces, ClusterPolicy),
        report,
    )
    settled = resolve_delegates(routes, report)
    settled = expand_matched(label_clients(settled, _of(pieces, ClientNetwork), report))
    check_references(Configuration(routes=settled, clusters=clusters), report)
    bound = bind_routes(given, settled, report)
    written = Configuration(bound.listeners, order_routes(bound.routes, report), clusters)
    implied = _implied_routes(written, report)
    configuration = Configuration(written.listeners, (*written.routes, *implied), clusters)
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
        names = dict.fromkeys((host, *cluster.aliases))
        free = tuple(name for name in names if name not in taken and not any(covers(each, name) for each in wildcards))
        if not free:
            continue
        number = None
        if len(ports) > 1:
            number = cluster.ports[0].number
            message = f"{host} has several ports; requests for it that no route takes go to {number}"
            report.info(message, cluster.position, check=references.FIRST_PORT)
        # A mesh tries again what it forwards by itself, as it does where rules say nothing of retries.
        rule = Rule(
            destinations=(Destination(host, port=number, position=cluster.position),),
            retry=PluginUse("retry", None, cluster.position),
            position=cluster.position,
        )
        yield Route(host, free, (rule,), kind="Service", namespace=cluster.namespace, position=cluster.position)
