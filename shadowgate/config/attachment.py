"""Routes of the Gateway API attached to their parents: which listener serves which of them for which hosts.

A route goes to every listener of its parents that takes it, for the hosts that both name.  Of the listeners of one
port only the most specific one serves a request; a host that a narrower listener covers is not served by a wider one,
and where the narrower one has no rule for the request it is answered 404.  The
answer to each parent is a condition in its words; what Services answer stands in ``services``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from shadowgate.config import conditions as words
from shadowgate.config.backends import SERVICE
from shadowgate.config.conditions import bad, good
from shadowgate.config.gateways import Gateways, PlacedListener
from shadowgate.config.names import covering, in_common
from shadowgate.config.places import Answer, Place, bound_routes
from shadowgate.config.services import Services
from shadowgate.model import GATEWAY_GROUP, Condition, Configuration, Listener, ParentReference, Route
from shadowgate.plugin import Report
from shadowgate.plugin.checks import gateway_api
from shadowgate.plugin.spelling import did_you_mean

_GATEWAY: Final = (GATEWAY_GROUP, "Gateway")


@frozen
class Attachments:
    """What came of the routes with parents.

    ``routes`` are bound to listeners by name, one for each set of hosts that they have somewhere; ``answers`` are
    those to the parents of each route as it was written.  ``attached`` counts the routes of each listener.
    """

    listeners: tuple[Listener, ...]
    routes: tuple[Route, ...]
    answers: tuple[tuple[Route, tuple[Answer, ...]], ...]
    attached: Mapping[str, int]


def attach_routes(
    routes: Iterable[Route],
    gateways: Gateways,
    clusters: Configuration,
    report: Report,
    others: Iterable[Listener] = (),
) -> Attachments:
    """Return the routes at their places; those without parents come back as they are.

    ``others`` are listeners of other dialects, with which a port may be shared.
    """
    ports: dict[int, dict[str, PlacedListener]] = {}
    for placed in gateways.open:
        ports.setdefault(placed.listener.port, {})[placed.host] = placed
    services = Services(clusters)
    attacher = _Attacher(gateways, services, ports, report)
    bound: list[Route] = []
    answers: list[tuple[Route, tuple[Answer, ...]]] = []
    for route in routes:
        if not route.parents:
            bound.append(route)
            continue
        given = tuple(attacher.answers(route))
        answers.append((route, given))
        bound += bound_routes(route, given)
    hosts = {(each.port, host) for each in others if not each.bind for host in each.hosts}
    isolated = tuple(attacher.isolated(hosts))
    listeners = tuple(placed.open_listener for placed in gateways.open)
    return Attachments(listeners, (*isolated, *bound, *services.unclaimed()), tuple(answers), attacher.attached)


@frozen
class _Attacher:
    gateways: Gateways
    services: Services
    ports: Mapping[int, Mapping[str, PlacedListener]]
    """The listeners that are open, by port and host."""
    report: Report = field(repr=False)
    attached: Counter[str] = field(factory=Counter)

    def isolated(self, others: Container[tuple[int | None, str]]) -> Iterator[Route]:
        """Yield routes without rules for hosts that a wider listener of the port must not serve."""
        for placed in self.gateways.open:
            port = placed.listener.port
            if any(host in self.ports[port] or (port, host) in others for host in covering(placed.host)):
                gateway = placed.gateway
                yield Route(
                    gateway.name,
                    (placed.host,),
                    (),
                    (placed.key,),
                    kind="Gateway",
                    namespace=gateway.namespace,
                    position=placed.listener.position,
                )

    def answers(self, route: Route) -> Iterator[Answer]:
        """Yield what the parents say; a Gateway of another controller says nothing here."""
        counted: set[str] = set()
        for parent in route.parents:
            key = parent.key
            if (key.group, key.kind) == SERVICE:
                answer = self.services.answer(route, parent)
            elif (key.group, key.kind) != _GATEWAY:
                kind = f"{key.group}/{key.kind}" if key.group else key.kind
                message = f"a parent is a Gateway or a Service, not of the kind {kind}"
                answer = Answer(parent, bad(words.ACCEPTED, words.UNSUPPORTED_VALUE, message))
            elif (key.namespace, key.name) in self.gateways.foreign:
                continue
            else:
                answer = self._gateway(route, parent, counted)
            if not answer.accepted.holds:
                self._warn(route, parent, answer.accepted.message)
            yield answer

    # Gateways

    def _gateway(self, route: Route, parent: ParentReference, counted: set[str]) -> Answer:
        chosen, refused = self._accepting(route, parent)
        if refused is not None:
            return Answer(parent, refused)
        counts = route_is_valid(route)
        for placed in chosen if counts else ():
            if placed.key not in counted:
                counted.add(placed.key)
                self.attached[placed.key] += 1
        opened = [placed for placed in chosen if placed.is_open]
        path = f"{route.kind} {route.name}"
        if not opened:
            names = ", ".join(placed.listener.name for placed in chosen)
            message = f"no request comes by {_title(parent)}: not opened there: {names}"
            self.report.warning(message, parent.position, path=path, check=gateway_api.NO_OPEN_LISTENER)
        places = []
        for placed in opened:
            wanted = dict.fromkeys(in_common(route.hosts, (placed.host,)))
            hosts = tuple(host for host in wanted if not self._belongs_to_narrower(host, placed))
            if hosts:
                places.append(Place(placed.key, hosts, placed.listener.port))
            else:
                message = f"narrower listeners take all requests for {', '.join(wanted)} from {placed.key}"
                self.report.warning(message, parent.position, path=path, check=gateway_api.OVERSHADOWED)
        return Answer(parent, good(words.ACCEPTED), tuple(places))

    def _accepting(
        self, route: Route, parent: ParentReference
    ) -> tuple[Sequence[PlacedListener], None] | tuple[tuple[()], Condition]:
        """Return the listeners that take the route, or why there is none, by how far the route came."""
        key = parent.key
        listeners = self.gateways.listeners.get((key.namespace, key.name))
        if listeners is None:
            known = [f"{namespace}/{name}" for namespace, name in self.gateways.listeners]
            wanted = f"{key.namespace}/{key.name}"
            message = f"there is no Gateway {wanted}{did_you_mean(wanted, known)}"
            return (), bad(words.ACCEPTED, words.NO_PARENT, message)
        meant = [
            placed
            for placed in listeners
            if parent.section in ("", placed.listener.name) and parent.port in (None, placed.listener.port)
        ]
        if not meant:
            known = [placed.listener.name for placed in listeners]
            hint = "" if parent.section in known else did_you_mean(parent.section, known)
            message = f"there is no listener {_section(parent)} in {key}{hint}"
            return (), bad(words.ACCEPTED, words.NO_PARENT, message)
        kind = (GATEWAY_GROUP, route.kind)
        let_in = [each for each in meant if kind in each.kinds and self.gateways.admits(each, route.namespace)]
        if not let_in:
            message = f"no listener of {_title(parent)} takes routes of kind {route.kind} from {route.namespace}"
            return (), bad(words.ACCEPTED, words.NOT_ALLOWED, message)
        shared = [placed for placed in let_in if any(in_common(route.hosts, (placed.host,)))]
        if not shared:
            offered = ", ".join(dict.fromkeys(placed.host for placed in let_in))
            message = f"{_title(parent)} is for {offered}, and the route for {', '.join(route.hosts)}"
            return (), bad(words.ACCEPTED, words.NO_HOSTNAME, message)
        return shared, None

    def _belongs_to_narrower(self, host: str, placed: PlacedListener) -> bool:
        listeners = self.ports[placed.listener.port]
        wider = (placed.host, *covering(placed.host))
        return any(each in listeners and each not in wider for each in (host, *covering(host)))

    def _warn(self, route: Route, parent: ParentReference, message: str) -> None:
        path = f"{route.kind} {route.name}"
        self.report.warning(
            f"{message}; it is not attached", parent.position, path=path, check=gateway_api.NOT_ATTACHED
        )


def route_is_valid(route: Route) -> bool:
    """Return whether one rule at least is as its writer meant it, as far as the rule's own text can say."""
    refused = [
        any(each.type == words.ACCEPTED and each.holds is False for each in rule.conditions) for rule in route.rules
    ]
    return not refused or not all(refused)


def _title(parent: ParentReference) -> str:
    return f"{parent.key}, {_section(parent)}" if parent.section or parent.port is not None else str(parent.key)


def _section(parent: ParentReference) -> str:
    at_port = "" if parent.port is None else f"at port {parent.port}"
    return " ".join(filter(None, (parent.section, at_port)))
