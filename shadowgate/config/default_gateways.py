"""Routes that leave it to the Gateways which of them they are attached to (GEP-3793).

A default Gateway is a parent as any other once it stands among a route's parents; what it says to the route is decided
in ``attachment``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve

from shadowgate.config.gateways import Gateways
from shadowgate.model import GATEWAY_GROUP, ObjectKey, ParentReference, Route
from shadowgate.plugin import Report
from shadowgate.plugin.checks import gateway_api


def add_defaults(routes: Iterable[Route], gateways: Gateways, report: Report) -> Iterator[Route]:
    """Yield the routes with the default Gateways among their parents; one that has none then is at no place."""
    defaults = [
        ObjectKey(GATEWAY_GROUP, "Gateway", each.namespace, each.name)
        for each in gateways.gateways.values()
        if each.is_default
    ]
    for route in routes:
        if not route.takes_defaults:
            yield route
            continue
        named = {parent.key for parent in route.parents}
        found = tuple(ParentReference(key, position=route.position) for key in defaults if key not in named)
        parents = (*route.parents, *found)
        if parents:
            yield evolve(route, parents=parents)
        else:
            message = "no Gateway is a default one, so that no request comes to the route"
            path, expected = f"{route.kind} {route.name}", "parentRefs, or a Gateway with defaultScope: All"
            report.warning(message, route.position, path=path, expected=expected, check=gateway_api.NO_PARENT)
