"""From a configuration to a snapshot, in one pass that reports every problem and changes nothing in service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import count
from typing import Any, Protocol

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from zope.interface.interface import InterfaceClass

from shadowgate.compiler.shadow_host import shadow_host
from shadowgate.compiler.snapshot import (
    CompiledDestination,
    CompiledMirror,
    CompiledRule,
    Hooks,
    Live,
    Observer,
    RequestHook,
    Snapshot,
)
from shadowgate.compiler.table import Entry, Find, compile_hosts, compile_listeners, compile_paths, path_test
from shadowgate.http.head import RequestHead
from shadowgate.model import Configuration, Destination, Match, Mirror, PluginUse, Route, Rule, Settings
from shadowgate.plugin import (
    Environment,
    FilterHooks,
    IBalancer,
    IFilter,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    Report,
)

BY_WEIGHT = PluginUse("weight")
LEAST_REQUEST = PluginUse("least-request")


class Components(Protocol):
    """Where plugins come from (``config.catalog.Catalog``)."""

    def build(self, point: InterfaceClass, use: PluginUse, report: Report, path: str = "") -> Any: ...


def compile_configuration(
    configuration: Configuration,
    components: Components,
    settings: Settings,
    live: Live,
    env: Environment,
    report: Report,
    generation: int = 1,
) -> Snapshot:
    """Return the snapshot; it is fit to serve when ``report`` has no error afterwards."""
    return _Compiler(configuration, components, settings, live, env, report).snapshot(generation)


@define(eq=False)
class _Compiler:
    configuration: Configuration
    components: Components
    settings: Settings
    live: Live
    env: Environment
    report: Report
    _ranks: count[int] = field(factory=count, init=False)
    _rules: list[CompiledRule] = field(factory=list, init=False)

    def snapshot(self, generation: int) -> Snapshot:
        everywhere: dict[str, list[Entry]] = {}
        bound: dict[str, dict[str, list[Entry]]] = {}
        for route in self.configuration.routes:
            entries = self._route(route)
            for tables in [everywhere] if not route.listeners else [bound.setdefault(n, {}) for n in route.listeners]:
                for host in route.hosts:
                    tables.setdefault(host.lower(), []).extend(entries)
        for tables in bound.values():
            for host, entries in everywhere.items():
                tables.setdefault(host, []).extend(entries)
        find = compile_listeners({name: _hosts(tables) for name, tables in bound.items()}, _hosts(everywhere))
        problems = tuple(self.report.problems)
        return Snapshot(generation, find, self.configuration, tuple(self._rules), problems)

    def _route(self, route: Route) -> list[Entry]:
        entries = []
        for index, rule in enumerate(route.rules):
            path = f"{route.kind} {route.name}: rule {rule.name or index}"
            compiled = self._rule(route, rule, path)
            self._rules.append(compiled)
            for match in rule.matches or (Match(),):
                entry = self._match(match, compiled, path)
                if entry is not None:
                    entries.append(entry)
        return entries

    def _match(self, match: Match, rule: CompiledRule, path: str) -> Entry | None:
        if match.path is not None:
            try:
                path_test(match.path)
            except ValueError as wrong:
                self.report.error(str(wrong), match.path.position, path=path, found=match.path.value)
                return None
        conditions = [
            self._compile(IMatcher, use, path, lambda component: component.compile()) for use in match.conditions
        ]
        return Entry(next(self._ranks), match.path, tuple(test for _, test in _made(conditions)), rule)

    def _rule(self, route: Route, rule: Rule, path: str) -> CompiledRule:
        outer = self._filters(rule.filters, path)
        destinations = tuple(self._destination(destination, outer, path) for destination in rule.destinations)
        return CompiledRule(
            route=route.name,
            name=rule.name,
            on_request=outer.on_request,
            hooks=outer,
            choose=self._choice(rule, destinations, path),
            destinations=destinations,
            mirrors=tuple(self._mirror(mirror, path) for mirror in rule.mirrors),
            timeouts=rule.timeouts or self.settings.timeouts,
            stats=self.live.route_stats(route.name),
        )

    def _choice(
        self, rule: Rule, destinations: tuple[CompiledDestination, ...], path: str
    ) -> Callable[[RequestHead], CompiledDestination | None]:
        if not destinations:
            return lambda head: None
        use = rule.balancer or BY_WEIGHT
        if len(destinations) == 1 and use is BY_WEIGHT:
            only = destinations[0]
            return lambda head: only
        made = self._compile(IBalancer, use, path, lambda balancer: balancer.compile(destinations, self.env))
        return made[1] if made is not None else lambda head: None

    def _destination(self, destination: Destination, outer: Hooks, path: str) -> CompiledDestination:
        inner = self._filters(destination.filters, f"{path}: destination {destination}")
        return CompiledDestination(
            name=str(destination),
            weight=destination.weight,
            cluster=self._cluster(destination, path),
            on_request=inner.on_request,
            hooks=outer.followed_by(inner),
        )

    def _cluster(self, destination: Destination, path: str) -> Any:
        """Return the live cluster or subset; None where there is none, which ``assemble`` has reported."""
        cluster = self.configuration.find(destination.cluster, destination.port)
        if cluster is None:
            return None
        name, endpoints, use = cluster.name, cluster.endpoints, cluster.policy.balancer
        if destination.subset is not None:
            subset = next((one for one in cluster.subsets if one.name == destination.subset), None)
            if subset is None:
                return None
            name = f"{name}/{subset.name}"
            wanted = subset.labels.items()
            endpoints = tuple(one for one in endpoints if wanted <= one.labels.items())
            use = subset.policy.balancer or use
        use, path = use or LEAST_REQUEST, f"{path}: cluster {name}"
        balancer = self._component(IBalancer, use, path)
        return balancer and self._called(use, path, lambda: self.live.cluster(name, endpoints, balancer))

    def _mirror(self, mirror: Mirror, path: str) -> CompiledMirror:
        name = mirror.name or str(mirror.destination)
        path = f"{path}: mirror {name}"
        admit: Callable[[RequestHead], bool] = _always
        if mirror.policy is not None:
            made = self._compile(IMirrorPolicy, mirror.policy, path, lambda policy: policy.compile(self.env))
            admit = made[1] if made is not None else _never
        observers, keep = self._observers(mirror.observers, path)
        suffix = self.settings.shadow_suffix if mirror.suffix is None else mirror.suffix
        return CompiledMirror(
            name=name,
            admit=admit,
            cluster=self._cluster(mirror.destination, path),
            host=shadow_host(suffix, mirror.host),
            on_request=tuple(
                (name, hooks.on_request)
                for name, hooks in self._hooks(mirror.destination.filters + mirror.filters, path)
                if hooks.on_request is not None  # and never on_request_later: a shadow waits for nothing
            ),
            observers=observers,
            keep_response=keep,
            limits=mirror.limits or self.settings.mirror,
            state=self.live.mirror_state(name),
        )

    def _observers(self, uses: Sequence[PluginUse], path: str) -> tuple[tuple[Observer, ...], int]:
        observers: list[Observer] = []
        keep = 0
        for use in uses:
            component = self._component(IMirrorObserver, use, path)
            if component is None:
                continue
            keep = max(keep, component.response_bytes)
            made = self._called(use, path, partial(component.compile, self.env))
            if made is not None:
                observers.append((use.name, made))
        return tuple(observers), keep

    def _hooks(self, uses: Iterable[PluginUse], path: str) -> list[tuple[str, FilterHooks]]:
        return _made(
            [self._compile(IFilter, use, path, lambda one: one.compile(self.env), use.on_error) for use in uses]
        )

    def _filters(self, uses: Iterable[PluginUse], path: str) -> Hooks:
        compiled = self._hooks(uses, path)
        on_request: list[RequestHook] = []
        for name, hooks in compiled:
            if hooks.on_request is not None:
                on_request.append((name, hooks.on_request))
            if hooks.on_request_later is not None:
                on_request.append((name, hooks.on_request_later))
        backwards = compiled[::-1]
        return Hooks(
            tuple(on_request),
            tuple((name, hooks.on_response) for name, hooks in backwards if hooks.on_response is not None),
            tuple((name, hooks.request_body) for name, hooks in compiled if hooks.request_body is not None),
            tuple((name, hooks.response_body) for name, hooks in backwards if hooks.response_body is not None),
            tuple((name, hooks.on_done) for name, hooks in compiled if hooks.on_done is not None),
        )

    def _component(self, point: InterfaceClass, use: PluginUse, path: str) -> Any:
        return self.components.build(point, use, self.report, path)

    def _compile(
        self,
        point: InterfaceClass,
        use: PluginUse,
        path: str,
        call: Callable[[Any], Any],
        on_error: str = "fail",
    ) -> tuple[str, Any] | None:
        component = self._component(point, use, path)
        if component is None:
            return None
        made = self._called(use, path, lambda: call(component))
        if made is None:
            return None
        if isinstance(made, FilterHooks) and on_error == "skip":
            made = _forgiving(made, use.name, self.env)
        return use.name, made

    def _called(self, use: PluginUse, path: str, call: Callable[[], Any]) -> Any:
        """Run a plugin's ``compile``; whatever it raises is a problem of the configuration, not of the gateway."""
        try:
            made = call()
            if made is None:
                raise TypeError("its compile() returned nothing")
            return made
        except Exception as wrong:
            said = str(wrong) if isinstance(wrong, ValueError) else f"{type(wrong).__name__}: {wrong}"
            self.report.error(f"plugin {use.name!r} cannot be used like this: {said}", use.position, path=path)
            return None


def _made(compiled: Iterable[tuple[str, Any] | None]) -> list[tuple[str, Any]]:
    return [one for one in compiled if one is not None]


def _hosts(tables: dict[str, list[Entry]]) -> Find:
    return compile_hosts({host: compile_paths(entries) for host, entries in tables.items()})


def _always(head: RequestHead) -> bool:
    return True


def _never(head: RequestHead) -> bool:
    return False


def _forgiving(hooks: FilterHooks, name: str, env: Environment) -> FilterHooks:
    """Return the same hooks with ``onError: skip``: what raises is logged and counted, and the request goes on."""
    failed = env.metrics.counter(f"{name}_skipped_errors", f"Hooks of {name} that raised and were skipped.")

    def note(wrong: BaseException | None) -> None:
        failed()
        env.log.error("filter {name} raised and was skipped: {wrong!r}", name=name, wrong=wrong)

    def later(failure: Failure) -> None:
        if not failure.check(CancelledError):  # the client left
            note(failure.value)

    def guard(hook: Callable[..., Any] | None) -> Callable[..., Any] | None:
        if hook is None:
            return None

        def guarded(*given: Any) -> Any:
            try:
                result = hook(*given)
            except Exception as wrong:
                note(wrong)
                return None
            if isinstance(result, Deferred):
                result.addErrback(later)
            return result

        return guarded

    return FilterHooks(
        on_request=guard(hooks.on_request),
        on_request_later=guard(hooks.on_request_later),
        on_response=guard(hooks.on_response),
        request_body=guard(hooks.request_body),
        response_body=guard(hooks.response_body),
        on_done=guard(hooks.on_done),
    )
