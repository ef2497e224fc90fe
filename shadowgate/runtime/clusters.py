"""Clusters as they live: their endpoints, how busy those are, and the balancer compiled over them.

A balancer is compiled again whenever the set changes: a name stands for other addresses, an endpoint has warmed up, was
ejected or has come back.  Endpoint state outlives configurations; see ``registry``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate

from twisted.internet.interfaces import IDelayedCall

from shadowgate.http.head import RequestHead
from shadowgate.model import Endpoint, TrafficPolicy
from shadowgate.plugin import Environment, IBalancer, IBindingBalancer
from shadowgate.runtime.discovery import Discovery
from shadowgate.runtime.health import Checked, eligible, panic_percent
from shadowgate.runtime.locality import groups
from shadowgate.runtime.outliers import Record
from shadowgate.runtime.streams import Pool
from shadowgate.runtime.warmup import STEP, warm_weight
from shadowgate.runtime.watch import Watch, Watched, is_well

Pick = Callable[[RequestHead], "EndpointState | None"]


class EndpointState:
    """One endpoint of one cluster: a balancer's Candidate.

    ``in_flight`` counts requests of clients; shadows have a pool and a count of their own, so that a mirror can
    neither take a primary's connection nor change where a balancer sends a client.  ``since`` is when it came, for the
    first time or again, ``weight`` its weight now.  ``record`` is what clients' requests have shown of it and
    ``checked`` what probes have, where anybody looks; ``watch`` is who is told of each attempt, and None for nobody.
    """

    __slots__ = (
        "checked",
        "endpoint",
        "in_flight",
        "labels",
        "locality",
        "name",
        "pool",
        "record",
        "requests",
        "shadow_pool",
        "since",
        "watch",
        "weight",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        pool: Pool,
        shadow_pool: Pool,
        since: float = 0.0,
        record: Record | None = None,
        checked: Checked | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.name = str(endpoint)
        self.weight = endpoint.weight
        self.labels: Mapping[str, str] = endpoint.labels
        self.locality = endpoint.locality
        self.in_flight = 0
        self.requests = 0
        self.pool = pool
        self.shadow_pool = shadow_pool
        self.since = since
        self.record = record
        self.checked = checked
        self.watch: Watch | None = None

    @property
    def available(self) -> bool:
        return True

    def failed(self, outcome: str) -> None:
        """An attempt of a client's request ended without an answer."""
        if self.watch is not None:
            self.watch.failed(self, outcome)

    def __repr__(self) -> str:
        well = "" if is_well(self) else "not well, "
        return f"<EndpointState {self.name}, {well}{self.in_flight} in flight, {self.pool!r}>"


class LiveCluster:
    """A cluster or a subset of one.

    ``pick`` gives an endpoint, or None when there is none.  ``eligible`` are those that it chooses among: all but the
    ejected and the unwell, or all after all where ``panicking``.  Nothing moves until :meth:`start`, which the registry
    calls when a configuration that uses the cluster is in service.
    """

    __slots__ = (
        "_balancer", "_call", "_env", "_find", "_fixed", "_locality", "_panic", "_started", "_watch",
        "discoveries", "eligible", "endpoints", "name", "panicking", "pick", "policy", "retrying",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        endpoints: Sequence[Endpoint],
        discoveries: Sequence[Discovery],
        find: Callable[[Endpoint], EndpointState],
        balancer: IBalancer,
        policy: TrafficPolicy,
        env: Environment,
        locality: str = "",
        watch: Watch | None = None,
    ) -> None:
        self.name = name
        self.policy = policy
        self.retrying = 0
        self._watch = watch
        self._panic = 0 if watch is None else panic_percent(watch.outlier, watch.check)
        self._balancer = balancer
        self._find = find
        self._env = env
        self._locality = locality
        self.discoveries = tuple(discoveries)
        self._call: IDelayedCall | None = None
        self._started = False
        self._fixed = tuple(find(endpoint) for endpoint in endpoints)
        self.endpoints = self._together()
        self.eligible: tuple[EndpointState, ...] = ()
        self.panicking = False
        self.pick: Pick = _nobody
        self._choose()
        self._compile()

    def start(self) -> None:
        """Follow what changes by itself."""
        if self._started:
            return
        self._started = True
        for discovery in self.discoveries:
            discovery.watch(self._changed)
        if self.discoveries:
            self._changed()
        if self._watch is not None:
            self._follow_health(self._watch)
            self._settle()
        self._follow_warmup()

    def stop(self) -> None:
        self._started = False
        if self._watch is not None:
            self._watch.leave(self._turned)
        for discovery in self.discoveries:
            discovery.unwatch(self._changed)
        if self._call is not None:
            self._call.cancel()
            self._call = None

    @property
    def available(self) -> bool:
        """Whether there is anybody to send requests to."""
        return bool(self.eligible)

    @property
    def watched(self) -> bool:
        """Whether anybody looks after its endpoints."""
        return self._watch is not None

    def pick_other(self, tried: Collection[str]) -> EndpointState | None:
        """Return the least busy endpoint that is none of the ``tried``, or None.

        The balancer is not asked; where its choice binds there are no others.
        """
        if IBindingBalancer.providedBy(self._balancer):
            return None
        others = [endpoint for endpoint in self.eligible if endpoint.weight and endpoint.name not in tried]
        return min(others, key=lambda endpoint: endpoint.in_flight, default=None)

    def may_retry(self) -> bool:
        """Whether one more retry may be under way: by the budget, without one by the number (Istio ``maxRetries``).

        A budget goes before a number, as in Envoy; without either there is always room.
        """
        budget, pool = self.policy.retry_budget, self.policy.pool
        if budget is None:
            return pool is None or pool.max_retries is None or self.retrying < pool.max_retries
        active = sum(endpoint.in_flight for endpoint in self.endpoints)
        return self.retrying < max(budget.min_concurrency, int(active * budget.percent / 100))

    def _together(self) -> tuple[EndpointState, ...]:
        if not self.discoveries:
            return self._fixed
        found = [self._find(endpoint) for discovery in self.discoveries for endpoint in discovery.endpoints]
        # Several names can stand for one address, which is one endpoint all the same (as in Envoy's STRICT_DNS).
        return tuple(dict.fromkeys((*self._fixed, *found)))

    def _changed(self) -> None:
        before, self.endpoints = self.endpoints, self._together()
        if self.endpoints != before:
            if self._watch is not None:
                self._follow_health(self._watch)
            self._choose()
            self._recompile()
            self._follow_warmup()

    def _follow_health(self, watch: Watch) -> None:
        watch.follow(self._turned, self.endpoints)
        if watch.outlier is not None:
            for endpoint in self.endpoints:
                endpoint.watch = watch

    def _turned(self, endpoint: Watched, well: bool) -> None:
        """Take note that an endpoint was put out or let in; one that comes back warms up anew."""
        if well and is_well(endpoint):
            endpoint.since = self._env.clock.seconds()
        self._settle()
        self._follow_warmup()

    def _settle(self) -> None:
        before = self.eligible
        self._choose()
        if self.eligible != before:
            self._recompile()

    def _choose(self) -> None:
        """Decide who is eligible."""
        self.eligible = self.endpoints
        if self._watch is None:
            return
        well = sum(map(is_well, self.endpoints))
        self.eligible = eligible(self.endpoints, is_well, self._panic)
        before, self.panicking = self.panicking, well < len(self.eligible)
        if self.panicking and not before and self._started:
            message = "{cluster}: only {well} of {all} endpoints are well, so all of them are used"
            self._env.log.warn(message, cluster=self.name, well=well, all=len(self.endpoints))

    def _follow_warmup(self) -> None:
        warmup = self.policy.warmup
        if warmup is None or self._call is not None or not self._started:
            return
        now = self._env.clock.seconds()
        if any(now - endpoint.since < warmup.duration + STEP for endpoint in self.endpoints):
            self._call = self._env.clock.callLater(STEP, self._warm)

    def _warm(self) -> None:
        self._call = None
        self._recompile()
        self._follow_warmup()

    def _recompile(self) -> None:
        """Compile again while requests are served: a balancer that raises leaves the last one at work."""
        try:
            self._compile()
        except Exception:
            self._env.log.failure("the balancer of {name} could not be compiled again", name=self.name)

    def _compile(self) -> None:
        warmup, now = self.policy.warmup, self._env.clock.seconds()
        if warmup is not None:
            for endpoint in self.endpoints:
                endpoint.weight = warm_weight(endpoint.endpoint.weight, now - endpoint.since, warmup)
        shares = groups(self._locality, self.eligible, self.policy)
        picks = [(weight, self._balancer.compile(members, self._env)) for weight, members in shares]
        if not picks:
            self.pick = _nobody
        elif len(picks) == 1:
            self.pick = picks[0][1]
        else:
            self.pick = _share(picks, self._env)

    def __repr__(self) -> str:
        well = "" if self._watch is None else f", {sum(map(is_well, self.endpoints))} of them well"
        return f"<LiveCluster {self.name}, {len(self.endpoints)} endpoints{well}>"


def _nobody(head: RequestHead) -> None:
    return None


def _share(picks: Sequence[tuple[int, Pick]], env: Environment) -> Pick:
    """Return a choice among localities by weight, then among the endpoints of the chosen one."""
    bounds = list(accumulate(weight for weight, _ in picks))
    choices = [pick for _, pick in picks]
    choose = env.random.choices

    def pick(head: RequestHead) -> EndpointState | None:
        return choose(choices, cum_weights=bounds)[0](head)

    return pick
