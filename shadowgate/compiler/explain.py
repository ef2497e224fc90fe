"""What would become of a request: the rule it finds, the filters, the destinations with their shares, the mirrors.

Nothing is sent and nothing is counted.  Hooks of filters run only where the filter says that they are pure, on a copy
of the head; of the others only their names, options and order are told, and so it is with mirror policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve, frozen

from shadowgate.compiler.build import BY_WEIGHT, LEAST_REQUEST
from shadowgate.compiler.explanation import Answer, Copy, Explanation, Share, Step
from shadowgate.compiler.search import rule_title, search
from shadowgate.compiler.snapshot import CompiledDestination, CompiledMirror, Entry, Filter, Snapshot
from shadowgate.config.catalog import Catalog
from shadowgate.config.secrets import redacted
from shadowgate.config.view import Plain, View
from shadowgate.http.head import RequestHead
from shadowgate.model import Cluster, Configuration, Destination, Mirror, PluginUse
from shadowgate.plugin import IBalancer, IFilter, IMirrorObserver, IMirrorPolicy, IRetryPolicy, Reply, Report

SHOWN_BODY = 200
"""Bytes of an answer's body that are shown."""


def explain(snapshot: Snapshot, head: RequestHead, catalog: Catalog) -> Explanation:
    """Return what ``snapshot`` means for a request; the head is not changed."""
    return _Explainer(snapshot.configuration, catalog, View(catalog)).explain(snapshot, head)


@frozen
class _Explainer:
    configuration: Configuration
    catalog: Catalog
    view: View

    def explain(self, snapshot: Snapshot, head: RequestHead) -> Explanation:
        request = f"{_text(head.method)} {_text(head.scheme)}://{_text(head.authority)}{_text(head.target)}"
        found = search(snapshot, head, self.view)
        entry = found.winner
        if entry is None:
            refusal = Answer(500, "a condition raised") if found.failed else Answer(404, "no rule takes the request")
            return Explanation(request, found, answer=refusal)
        rule, model = entry.rule, entry.model
        changed = head.copy()
        steps: tuple[Step, ...] = ()
        answer: Answer | None = Answer(500, model.failure)
        if not model.failure:
            steps, answer = self._run(rule.hooks.filters, model.filters, changed)
        shares: tuple[Share, ...] = ()
        copies: tuple[Copy, ...] = ()
        if answer is None:
            shares, heads = self._shares(entry, changed)
            if heads:
                copies = tuple(self._copies(entry, heads))
            if not shares:
                answer = Answer(503, "the rule has no destination")
            elif len(shares) == 1 and model.destinations[0].failure:
                answer = Answer(500, model.destinations[0].failure)
        return Explanation(
            request=request,
            search=found,
            rule=rule_title(entry),
            position=str(model.position),
            filters=steps,
            certain=all(step.ran for step in steps),
            answer=answer,
            balancer=self._use(model.balancer, IBalancer),
            destinations=shares,
            retry=self._use(model.retry, IRetryPolicy),
            retries=0 if rule.retries is None else rule.retries.most,
            timeouts=rule.timeouts,
            mirrors=copies,
        )

    # Filters

    def _run(
        self, filters: Sequence[Filter], uses: Sequence[PluginUse], head: RequestHead
    ) -> tuple[tuple[Step, ...], Answer | None]:
        """Try the pure filters on the head, in order; the first answer ends it."""
        steps: list[Step] = []
        answer: Answer | None = None
        # A balancer's own hooks run before the filters and were not asked for as filters.
        asked: list[PluginUse | None] = [*[None] * (len(filters) - len(uses)), *uses]
        for (name, hooks), use in zip(filters, asked, strict=True):
            shown = {"plugin": name} if use is None else redacted(self.view.use(use, IFilter))
            if answer is not None:
                steps.append(Step(shown, True, "not reached"))
                continue
            if hooks.on_request is None and hooks.on_request_later is None:
                steps.append(Step(shown, True))
                continue
            if not hooks.pure or hooks.on_request_later is not None or hooks.on_request is None:
                steps.append(Step(shown, False))
                continue
            before = head.copy()
            try:
                reply = hooks.on_request(head)
            except Exception as wrong:
                answer = Answer(500, f"{name} raised {type(wrong).__name__}: {wrong}")
            else:
                answer = _answer(reply, name)
            effect = _changes(before, head) if answer is None else f"answers {answer.status}"
            steps.append(Step(shown, True, effect))
        return tuple(steps), answer

    # Destinations

    def _shares(self, entry: Entry, head: RequestHead) -> tuple[tuple[Share, ...], dict[int, RequestHead]]:
        """Return the destinations, and by their numbers the heads that go to those of them that requests can reach."""
        percents = _percents(entry)
        shares: list[Share] = []
        heads: dict[int, RequestHead] = {}
        inner = len(entry.rule.hooks.filters)
        for compiled, model, percent in zip(entry.rule.destinations, entry.model.destinations, percents, strict=True):
            copy = head.copy()
            share = self._share(compiled, model, percent, copy, inner)
            shares.append(share)
            if percent != 0 and not share.problem and share.answer is None:
                heads[len(shares) - 1] = copy
        return tuple(shares), heads

    def _share(
        self, compiled: CompiledDestination, model: Destination, percent: float | None, head: RequestHead, inner: int
    ) -> Share:
        """``inner`` is where the destination's own filters begin among all those around it."""
        if model.failure:
            problem = f"{model.failure}: answered 500"
            return Share(
                compiled.name, model.weight, percent, "", "", None, (), (), "", "", None, problem, str(model.position)
            )
        steps, answer = self._run(compiled.hooks.filters[inner:], model.filters, head)
        cluster, endpoints, problem = self._endpoints(model)
        return Share(
            destination=compiled.name,
            weight=model.weight,
            percent=percent,
            cluster="" if cluster is None else cluster.name,
            subset=model.subset or "",
            balancer=None if cluster is None else self._cluster_balancer(cluster, model),
            endpoints=endpoints,
            filters=steps,
            authority=_text(head.authority),
            target=_text(head.target),
            answer=answer,
            problem=problem and f"{problem}: answered 503",
            position=str(model.position),
        )

    def _endpoints(self, destination: Destination) -> tuple[Cluster | None, tuple[Plain, ...], str]:
        """Return a destination's cluster, its endpoints, and why there is none to go to."""
        cluster = self.configuration.find(destination.cluster, destination.port)
        if cluster is None:
            known = self.configuration.named(destination.cluster)
            missing = (
                f"{destination.cluster} has no port {destination.port}" if known else "nothing is known of this host"
            )
            return None, (), missing
        endpoints = cluster.endpoints
        if destination.subset is not None:
            subset = next((one for one in cluster.subsets if one.name == destination.subset), None)
            if subset is None:
                return cluster, (), f'{cluster.name} has no subset "{destination.subset}"'
            endpoints = tuple(one for one in endpoints if subset.labels.items() <= one.labels.items())
        shown = tuple(
            {"address": str(one), "weight": one.weight, "labels": dict(one.labels), "position": str(one.position)}
            for one in endpoints
        )
        return cluster, shown, "" if endpoints else "there are no endpoints"

    def _cluster_balancer(self, cluster: Cluster, destination: Destination) -> Plain | None:
        subset = next((one for one in cluster.subsets if one.name == destination.subset), None)
        policy = cluster.policy if subset is None else subset.policy.over(cluster.policy)
        return self._use(destination.balancer or policy.balancer or LEAST_REQUEST, IBalancer)

    # Mirrors

    def _copies(self, entry: Entry, heads: dict[int, RequestHead]) -> Iterator[Copy]:
        """Yield the copies that the rule's mirrors get, then those that come with single destinations."""
        rule = entry.rule
        for compiled, model in zip(rule.mirrors, entry.model.mirrors, strict=False):
            yield self._copy(compiled, model, tuple(heads.values()))
        for number, head in heads.items():
            destination, own = entry.model.destinations[number], rule.destinations[number].mirrors[len(rule.mirrors) :]
            for compiled, model in zip(own, destination.mirrors, strict=True):
                yield evolve(self._copy(compiled, model, (head,)), only=str(destination))

    def _copy(self, compiled: CompiledMirror, model: Mirror, heads: Sequence[RequestHead]) -> Copy:
        _, endpoints, problem = self._endpoints(model.destination)
        hosts: dict[str, None] = {}
        steps: tuple[Step, ...] = ()
        for head in heads:
            copy = head.copy()
            if compiled.host is not None:
                copy.set_authority(compiled.host(copy.authority))
            steps, answer = self._run(compiled.filters, model.destination.filters + model.filters, copy)
            if answer is None:
                hosts[_text(copy.authority)] = None
        return Copy(
            mirror=compiled.name,
            destination=str(model.destination),
            odds=self._odds(model),
            policy=self._use(model.policy, IMirrorPolicy),
            hosts=tuple(hosts),
            endpoints=endpoints,
            filters=steps,
            observers=tuple(redacted(self.view.use(use, IMirrorObserver)) for use in model.observers),
            limits=compiled.limits,
            problem=problem and f"{problem}: nothing is copied",
            position=str(model.position),
        )

    def _odds(self, mirror: Mirror) -> float | None:
        """Return the share of requests that is copied, where the policy has an option for it (IMirrorPolicy)."""
        if mirror.policy is None:
            return 100.0
        percent = getattr(self.catalog.build(IMirrorPolicy, mirror.policy, Report()), "percent", None)
        return float(percent) if isinstance(percent, int | float) else None

    def _use(self, use: PluginUse | None, point: Any) -> Plain | None:
        return None if use is None else redacted(self.view.use(use, point))


def _percents(entry: Entry) -> list[float | None]:
    """Return each destination's share, as the balancer ``weight`` gives it."""
    weights = [max(destination.weight, 0) for destination in entry.model.destinations]
    if len(weights) == 1:
        return [100.0]
    if entry.model.balancer is not None and entry.model.balancer.name != BY_WEIGHT.name:
        return [None for _ in weights]
    total = sum(weights)
    if not total:
        return [100.0 if index == 0 else 0.0 for index in range(len(weights))]
    return [100 * weight / total for weight in weights]


def _answer(reply: Reply | None, name: str) -> Answer | None:
    if reply is None:
        return None
    headers = redacted({_text(key): _text(value) for key, value in reply.headers}, "headers")
    body = reply.body[:SHOWN_BODY].decode("utf-8", "replace") + ("..." if len(reply.body) > SHOWN_BODY else "")
    return Answer(reply.status, name, headers, body)


def _changes(before: RequestHead, after: RequestHead) -> str:
    """Return what became of the target, the Host and the fields; values of fields may be secrets and are not told."""
    said = []
    if before.target != after.target:
        said.append(f"target {_text(before.target)} becomes {_text(after.target)}")
    if before.authority != after.authority:
        said.append(f"Host {_text(before.authority)} becomes {_text(after.authority)}")
    old, new = before.headers.index, after.headers.index
    changed = sorted({name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} - {b"host"})
    if changed:
        said.append(f"changes {', '.join(map(_text, changed))}")
    return "; ".join(said)


def _text(value: bytes) -> str:
    return value.decode("latin-1")
