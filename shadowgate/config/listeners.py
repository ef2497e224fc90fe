"""Which sockets there are, and which routes are served on them.

Listeners of one place share its socket.  A route that is bound to gateways is served on their sockets for the hosts
that it has in common with them; nothing else is served there.  All other routes are for the gateway's own listeners.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from shadowgate.config.names import in_common
from shadowgate.model import OWN, Listener, Match, PluginUse, Route, Rule
from shadowgate.plugin import Report
from shadowgate.plugin.checks import listeners as checks
from shadowgate.plugin.checks import references
from shadowgate.plugin.spelling import did_you_mean

_Chosen = tuple[tuple[int, tuple[int, ...]], ...]
"""Which matches of which rules hold in some place, by their indices."""

_NO_GATEWAY: Final = ""


@frozen
class Bound:
    """What clients can reach: ``listeners`` are one for each socket, ``routes`` name them."""

    listeners: tuple[Listener, ...]
    routes: tuple[Route, ...]


def bind_routes(listeners: Iterable[Listener], routes: Iterable[Route], report: Report) -> Bound:
    """Return the sockets and, for each route, one for each set of hosts that it is served for somewhere."""
    places = _Places.of(listeners)
    answering = tuple(places.answering())
    bound = tuple(each for route in routes for each in places.bind(route, report))
    return Bound((*places.own, *places.sockets.values()), (*answering, *bound))


@frozen
class _Places:
    """``own`` are listeners that belong to no gateway; ``socket_of`` names the socket of each that belongs to one."""

    own: tuple[Listener, ...]
    gateways: Mapping[str, tuple[Listener, ...]]
    socket_of: Mapping[str, str]
    sockets: Mapping[str, Listener] = field(repr=False)

    @classmethod
    def of(cls, listeners: Iterable[Listener]) -> _Places:
        own: list[Listener] = []
        gateways: dict[str, list[Listener]] = {}
        sockets: dict[str, list[Listener]] = {}
        for listener in listeners:
            if listener.gateway == _NO_GATEWAY:
                own.append(listener)
                continue
            gateways.setdefault(listener.gateway, []).append(listener)
            if _is_open(listener):
                sockets.setdefault(_socket_name(listener), []).append(listener)
        return cls(
            tuple(own),
            {name: tuple(found) for name, found in gateways.items()},
            {each.name: name for name, shared in sockets.items() for each in shared},
            {name: _socket(name, shared) for name, shared in sockets.items()},
        )

    def answering(self) -> Iterator[Route]:
        """Yield routes for the hosts whose listener has an answer of its own (Istio ``httpsRedirect``)."""
        for listener in (each for shared in self.gateways.values() for each in shared if _is_open(each)):
            if listener.rule is not None:
                namespace, _, name = listener.gateway.rpartition("/")
                yield Route(
                    name,
                    listener.hosts,
                    (listener.rule,),
                    (self.socket_of[listener.name],),
                    kind="Gateway",
                    namespace=namespace,
                    position=listener.position,
                )

    def bind(self, route: Route, report: Report) -> Iterator[Route]:
        names = route.listeners or (OWN,)
        self._check_matches(route, names, report)
        natives = tuple(listener.name for listener in self.own if listener.name in names)
        if OWN in names or natives:
            chosen = _choose(route, (OWN, *natives), None)
            yield _selected(route, chosen, () if OWN in names else natives, route.hosts, own=True)
        hosts_of: dict[_Chosen, dict[str, dict[str, None]]] = {}
        for name in names:
            if name == OWN or name in natives:
                continue
            for listener, hosts in self._shared(route, name, report):
                chosen = _choose(route, (name,), listener.port or 0)
                found = hosts_of.setdefault(chosen, {}).setdefault(self.socket_of[listener.name], {})
                found.update(dict.fromkeys(hosts))
        for chosen, by_socket in hosts_of.items():
            sockets: dict[tuple[str, ...], list[str]] = {}
            for socket, union in by_socket.items():
                sockets.setdefault(tuple(union), []).append(socket)
            for together, served in sockets.items():
                yield _selected(route, chosen, tuple(served), together, own=False)

    def _shared(self, route: Route, name: str, report: Report) -> Iterator[tuple[Listener, Sequence[str]]]:
        """Yield the listeners of a gateway with the hosts that they and the route have in common."""
        path = f"{route.kind} {route.name}".strip()
        listeners = self.gateways.get(name)
        if listeners is None:
            self._report_unknown(route, name, path, report)
            return
        opened = [listener for listener in listeners if _is_open(listener)]
        if not opened:
            message = f"no server of Gateway {name} is served, so that these rules are not served there"
            report.warning(message, route.position, path=path, check=checks.NOT_OPENED)
            return
        let_in = [each for each in opened if not each.namespaces or route.namespace in each.namespaces]
        shared = [(listener, tuple(in_common(route.hosts, listener.hosts))) for listener in let_in]
        if not any(hosts for _, hosts in shared):
            offered = ", ".join(dict.fromkeys(host for each in opened for host in each.hosts))
            message = f"Gateway {name} serves none of these hosts to routes of the namespace {route.namespace}"
            found = ", ".join(route.hosts)
            report.warning(message, route.position, path=path, found=found, expected=offered, check=checks.HOSTS_APART)
        yield from ((listener, hosts) for listener, hosts in shared if hosts and listener.rule is None)

    def _check_matches(self, route: Route, names: Sequence[str], report: Report) -> None:
        """Tell of matches for gateways and ports that the route has nothing to do with."""
        path = f"{route.kind} {route.name}".strip()
        for match in (each for rule in route.rules for each in rule.matches if each.listeners or each.port):
            meant = [name for name in names if not match.listeners or name in match.listeners]
            servers = [each for name in meant for each in self.gateways.get(name, ())]
            if not meant:
                found, expected = ", ".join(match.listeners), f"one of {', '.join(names)}"
                message = "the route is bound to none of this match's gateways, so that it never holds"
            elif not self._own_or_closed(meant, servers) and match.port not in {None, *(each.port for each in servers)}:
                ports = dict.fromkeys(str(each.port) for each in servers if each.port is not None)
                found, expected = f"port {match.port}", f"one of {', '.join(ports)}"
                message = "no server of the route's gateways has the port of this match, so that it never holds"
            else:
                continue
            report.warning(message, match.position, path=path, found=found, expected=expected, check=checks.ELSEWHERE)

    def _own_or_closed(self, names: Sequence[str], servers: Sequence[Listener]) -> bool:
        """Return whether ports are not all known here: those of own listeners, and of servers that are not served."""
        return not all(name in self.gateways for name in names) or not all(map(_is_open, servers))

    def _report_unknown(self, route: Route, name: str, path: str, report: Report) -> None:
        if "/" in name:
            suggestion = did_you_mean(name, self.gateways)
            message = f"there is no Gateway {name}{suggestion}; these rules are not served there"
            report.warning(message, route.position, path=path, check=checks.UNKNOWN_GATEWAY)
            return
        known = [listener.name for listener in self.own]
        message = f'there is no listener "{name}"{did_you_mean(name, known)}'
        expected = f"one of {', '.join(known)}" if known else ""
        report.error(message, route.position, path=path, expected=expected, check=references.UNKNOWN_LISTENER)


# Sockets


def _is_open(listener: Listener) -> bool:
    return bool(listener.endpoint) or listener.port is not None


def _socket_name(listener: Listener) -> str:
    if listener.endpoint:
        return listener.endpoint
    return f"{listener.bind} port {listener.port}" if listener.bind else f"port {listener.port}"


def _socket(name: str, shared: Sequence[Listener]) -> Listener:
    first = shared[0]
    return Listener(
        name,
        first.endpoint,
        first.port,
        tuple(dict.fromkeys(host for listener in shared for host in listener.hosts)),
        ", ".join(dict.fromkeys(listener.gateway for listener in shared)),
        bind=first.bind,
        position=first.position,
    )


# Routes


def _choose(route: Route, names: Sequence[str], port: int | None) -> _Chosen:
    """Return which matches hold in a place: those of its gateway, and of its port where that is known now."""
    chosen = []
    for at, rule in enumerate(route.rules):
        held = tuple(
            index
            for index, match in enumerate(rule.matches)
            if (not match.listeners or not set(names).isdisjoint(match.listeners))
            and (match.port is None or port is None or match.port == port)
        )
        if held or not rule.matches:
            chosen.append((at, held))
    return tuple(chosen)


def _selected(route: Route, chosen: _Chosen, listeners: tuple[str, ...], hosts: tuple[str, ...], *, own: bool) -> Route:
    rules = tuple(_with_matches(route.rules[at], held, own=own) for at, held in chosen)
    return evolve(route, rules=rules, listeners=listeners, hosts=hosts)


def _with_matches(rule: Rule, held: tuple[int, ...], *, own: bool) -> Rule:
    if all(not match.listeners and match.port is None for match in rule.matches):
        return rule
    return evolve(rule, matches=tuple(_settled(rule.matches[index], own=own) for index in held))


def _settled(match: Match, *, own: bool) -> Match:
    """Return the match without its selectors; an own listener's port is known when a client comes in by it."""
    conditions = match.conditions
    if own and match.port is not None:
        conditions = (*conditions, PluginUse("port", {"port": match.port}, match.position))
    return evolve(match, conditions=conditions, listeners=(), port=None)
