"""From a configuration to a snapshot, in one pass that reports every problem and changes nothing in service."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from attrs import define, evolve, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from zope.interface.interface import InterfaceClass

from shadowgate.compiler.echoes import without_echoes
from shadowgate.compiler.paths import Find, compile_paths, path_test
from shadowgate.compiler.shadow_host import shadow_host
from shadowgate.compiler.snapshot import (
    CompiledDestination,
    CompiledMirror,
    CompiledRule,
    Entry,
    Hooks,
    Live,
    Observer,
    Snapshot,
)
from shadowgate.compiler.table import compile_hosts, compile_listeners, readable_table
from shadowgate.config.ranking import rank_matches
from shadowgate.http.head import RequestHead
from shadowgate.model import (
    Cluster,
    Configuration,
    Destination,
    Match,
    Mirror,
    PluginUse,
    Route,
    Rule,
    Settings,
    Timeouts,
)
from shadowgate.plugin import (
    Environment,
    FilterHooks,
    IBalancer,
    IBalancerHooks,
    IFilter,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    IRetryPolicy,
    Report,
    Retries,
)
from shadowgate.plugin.checks import plugins, reading

T = TypeVar("T")

Steps = Generator[None, None, Snapshot]
"""Work that can be interrupted; it returns the snapshot."""

Tables = dict[str, list[Entry]]
"""Host patterns in lower case, each with its entries."""

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
    return run_steps(compile_in_steps(configuration, components, settings, live, env, report, generation))


def run_steps(steps: Generator[None, None, T]) -> T:
    """Take all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            made: T = done.value
            return made


def compile_in_steps(
    configuration: Configuration,
    components: Components,
    settings: Settings,
    live: Live,
    env: Environment,
    report: Report,
    generation: int = 1,
) -> Steps:
    """The same, rule by rule: requests are served between the steps."""
    return _Compiler(configuration, components, settings, live, env, report).steps(generation)


@define(eq=False)
class _Compiler:
    configuration: Configuration
    components: Components
    settings: Settings
    live: Live
    env: Environment
    report: Report
    _ranks: Iterator[int] = field(init=False)
    _rules: list[CompiledRule] = field(factory=list, init=False)
    _clusters: dict[tuple[str, str | None, bool], tuple[Any, Hooks | None]] = field(factory=dict, init=False)

    @_ranks.default
    def _rank_matches(self) -> Iterator[int]:
        return rank_matches(self.configuration.routes)

    def steps(self, generation: int) -> Steps:
        known = len(self.report.problems)
        everywhere: Tables = {}
        # A gateway's socket serves what is bound to it and nothing else; without any route it answers 404.
        sockets = {listener.name for listener in self.configuration.listeners if listener.gateway}
        bound: dict[str, Tables] = {name: {} for name in sorted(sockets)}
        for route in self.configuration.routes:
            entries = yield from self._route(route)
            for tables in [everywhere] if not route.listeners else [bound.setdefault(n, {}) for n in route.listeners]:
                for host in route.hosts:
                    tables.setdefault(host.lower(), []).extend(entries)
        for name in bound.keys() - sockets:
            for host, entries in everywhere.items():
                bound[name].setdefault(host, []).extend(entries)
        finds: dict[str, Find] = {}
        for name, tables in [("", everywhere), *bound.items()]:
            found: dict[str, Find] = {}
            for host, entries in tables.items():
                found[host] = yield from compile_paths(entries)
            finds[name] = compile_hosts(found)
        anywhere = finds.pop("")
        self.report.problems[:] = without_echoes(self.report.problems, known)
        problems = tuple(self.report.problems)
        readable = tuple(readable_table(name, tables) for name, tables in [("", everywhere), *bound.items()])
        return Snapshot(
            generation, compile_listeners(finds, anywhere), self.configuration, tuple(self._rules), problems, readable
        )

    def _route(self, route: Route) -> Generator[None, None, list[Entry]]:
        entries = []
        for index, rule in enumerate(route.rules):
            path = f"{route.kind} {route.name}: rule {rule.name or index}"
            compiled = self._rule(route, rule, path)
            self._rules.append(compiled)
            for match in rule.matches or (Match(),):
                entry = self._match(match, self._counted(match, compiled), path, route, rule)
                if entry is not None:
                    entries.append(entry)
            yield
        return entries

    def _counted(self, match: Match, rule: CompiledRule) -> CompiledRule:
        """Return the rule as this match has it: named after both, counted in a series of its own if it says so."""
        if not match.name and not match.stat_prefix:
            return rule
        name = "-".join(part for part in (rule.name, match.name) if part)
        stats = self.live.route_stats(match.stat_prefix) if match.stat_prefix else rule.stats
        own = evolve(rule, name=name, stats=stats)
        self._rules.append(own)
        return own

    def _match(self, match: Match, rule: CompiledRule, path: str, route: Route, model: Rule) -> Entry | None:
        rank = next(self._ranks)
        if match.path is not None:
            try:
                path_test(match.path)
            except ValueError as wrong:
                place, value = match.path.position, match.path.value
                self.report.error(str(wrong), place, path=path, found=value, check=reading.REGEX)
                return None
        conditions = [
            self._compile(IMatcher, use, path, lambda component: component.compile()) for use in match.conditions
        ]
        tests = tuple(test for _, test in _made(conditions))
        return Entry(rank, match.path, tests, rule, route, model, match)

    def _rule(self, route: Route, rule: Rule, path: str) -> CompiledRule:
        if rule.failure:
            return self._failed(route, rule)
        outer = self._filters(rule.filters, path)
        mirrors = tuple(self._mirror(mirror, path) for mirror in rule.mirrors)
        destinations = tuple(self._destination(each, outer, mirrors, path) for each in rule.destinations)
        return CompiledRule(
            route=route.name,
            name=rule.name,
            on_request=outer.on_request,
            hooks=outer,
            choose=self._choice(rule, destinations, path),
            destinations=destinations,
            mirrors=mirrors,
            timeouts=self._timeouts(rule),
            retries=self._retries(rule, path),
            stats=self.live.route_stats(route.name),
        )

    def _failed(self, route: Route, rule: Rule) -> CompiledRule:
        """Return a rule of which nothing is run: a filter that is missing may be what protects a backend."""
        failed = CompiledDestination("", 0, None, (), Hooks(), failure=rule.failure)
        stats = self.live.route_stats(route.name)
        return CompiledRule(
            route.name, rule.name, (), Hooks(), lambda head: failed, (), (), self.settings.timeouts, stats
        )

    def _timeouts(self, rule: Rule) -> Timeouts:
        timeouts = evolve(self.settings.timeouts, **(rule.timeouts or {}))
        if rule.timeout is not None:
            # Whoever bounds the whole request has said how long its answer may take.
            timeouts = evolve(timeouts, request=rule.timeout, response=0.0)
        if rule.attempt_timeout is not None:
            # And so has whoever bounds an attempt: a longer time than the gateway's own, or 0 for any, is meant.
            timeouts = evolve(timeouts, attempt=rule.attempt_timeout, response=0.0)
        return timeouts

    def _retries(self, rule: Rule, path: str) -> Retries | None:
        if rule.retry is None:
            return None
        made = self._compile(IRetryPolicy, rule.retry, path, lambda policy: policy.compile(self.env))
        return None if made is None or not made[1].most else made[1]

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

    def _destination(
        self, destination: Destination, outer: Hooks, mirrors: tuple[CompiledMirror, ...], path: str
    ) -> CompiledDestination:
        if destination.failure:
            name, weight, failure = str(destination), destination.weight, destination.failure
            return CompiledDestination(name, weight, None, (), outer, failure=failure)
        inner = self._filters(destination.filters, f"{path}: destination {destination}")
        cluster, session = self._cluster(destination, path)
        if session is not None:
            inner = Hooks.of([*session.filters, *inner.filters])
        return CompiledDestination(
            name=str(destination),
            weight=destination.weight,
            cluster=cluster,
            on_request=inner.on_request,
            hooks=outer.followed_by(inner),
            mirrors=mirrors + tuple(self._mirror(mirror, path) for mirror in destination.mirrors),
        )

    def _cluster(self, destination: Destination, path: str, mirror: bool = False) -> tuple[Any, Hooks | None]:
        """Return the live cluster or subset, and what its balancer has to say in exchanges.

        None where there is none, which ``assemble`` has reported.
        """
        cluster = self.configuration.find(destination.cluster, destination.port)
        if cluster is None:
            return None, None
        if destination.balancer is not None:
            return self._live_cluster(cluster, destination.subset, destination.balancer, path)
        # A mirror has a balancer of its own: its turns must not move where the next client goes.
        key = (cluster.name, destination.subset, mirror)
        if key not in self._clusters:
            self._clusters[key] = self._live_cluster(cluster, destination.subset, None, path)
        return self._clusters[key]

    def _live_cluster(
        self, cluster: Cluster, wanted: str | None, chosen: PluginUse | None, path: str
    ) -> tuple[Any, Hooks | None]:
        name, endpoints, policy = cluster.name, cluster.endpoints, cluster.policy
        if wanted is not None:
            subset = next((one for one in cluster.subsets if one.name == wanted), None)
            if subset is None:
                return None, None
            name = f"{name}/{subset.name}"
            labels = subset.labels.items()
            endpoints = tuple(one for one in endpoints if labels <= one.labels.items())
            policy = subset.policy.over(policy)
        use, path = chosen or policy.balancer or LEAST_REQUEST, f"{path}: cluster {name}"
        balancer = self._component(IBalancer, use, path)
        if balancer is None:
            return None, None
        live = self._called(
            use,
            path,
            lambda: self.live.cluster(name, endpoints, balancer, policy, cluster.resolution, cluster.health),
        )
        session = None
        if IBalancerHooks.providedBy(balancer):
            hooks = self._called(use, path, lambda: balancer.compile_hooks(self.env))
            session = None if hooks is None else Hooks.of([(use.name, hooks)])
        return live, session

    def _mirror(self, mirror: Mirror, path: str) -> CompiledMirror:
        name = mirror.label
        path = f"{path}: mirror {name}"
        admit: Callable[[RequestHead], bool] = _always
        if mirror.policy is not None:
            made = self._compile(IMirrorPolicy, mirror.policy, path, lambda policy: policy.compile(self.env))
            admit = made[1] if made is not None else _never
        observers, keep = self._observers(mirror.observers, path)
        filters = self._hooks(mirror.destination.filters + mirror.filters, path)
        usual = "" if mirror.keeps_host else "-shadow"
        said = (mirror.suffix, self.settings.shadow_suffix, usual)
        suffix = next(each for each in said if each is not None)
        return CompiledMirror(
            name=name,
            admit=admit,
            cluster=self._cluster(mirror.destination, path, mirror=True)[0],
            host=shadow_host(suffix, mirror.host),
            on_request=tuple(
                (name, hooks.on_request)
                for name, hooks in filters
                if hooks.on_request is not None  # and never on_request_later: a shadow waits for nothing
            ),
            observers=observers,
            keep_response=keep,
            limits=mirror.limits or self.settings.mirror,
            state=self.live.mirror_state(name),
            filters=tuple(filters),
            handshakes=mirror.handshakes,
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
        return Hooks.of(self._hooks(uses, path))

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
            check = plugins.REFUSED_USE if isinstance(wrong, ValueError) else plugins.FAILED
            message = f"plugin {use.name!r} cannot be used like this: {said}"
            self.report.error(message, use.position, path=path, check=check)
            return None


def _made(compiled: Iterable[tuple[str, Any] | None]) -> list[tuple[str, Any]]:
    return [one for one in compiled if one is not None]


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
        pure=hooks.pure,
    )
