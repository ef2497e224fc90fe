"""Clusters as they live: their endpoints, how busy those are, and the balancer compiled over them.

A balancer is compiled again whenever the set changes: a name stands for other addresses, or an endpoint has warmed up.
Endpoint state outlives configurations; see ``registry``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from twisted.internet.interfaces import IDelayedCall

from shadowgate.http.head import RequestHead
from shadowgate.model import Endpoint, TrafficPolicy
from shadowgate.plugin import Environment, IBalancer
from shadowgate.runtime.discovery import Discovery
from shadowgate.runtime.locality import groups
from shadowgate.runtime.streams import Pool
from shadowgate.runtime.warmup import STEP, warm_weight

Pick = Callable[[RequestHead], "EndpointState | None"]


class EndpointState:
    """One endpoint of one cluster: a balancer's Candidate.

    ``in_flight`` counts requests of clients; shadows have a pool and a count of their own, so that a mirror can
    neither take a primary's connection nor change where a balancer sends a client.  ``since`` is when it was first
    seen, ``weight`` its weight now.
    """

    __slots__ = (
        "endpoint",
        "in_flight",
        "labels",
        "locality",
        "name",
        "pool",
        "requests",
        "shadow_pool",
        "since",
        "weight",
    )

    def __init__(self, endpoint: Endpoint, pool: Pool, shadow_pool: Pool, since: float = 0.0) -> None:
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

    def __repr__(self) -> str:
        return f"<EndpointState {self.name}, {self.in_flight} in flight, {self.pool!r}>"


class LiveCluster:
    """A cluster or a subset of one.

    ``pick`` gives an endpoint, or None when there is none.  Nothing moves until :meth:`start`, which the registry
    calls when a configuration that uses the cluster is in service.
    """

    __slots__ = (
        "_balancer", "_call", "_env", "_find", "_fixed", "_locality", "_started",
        "discoveries", "endpoints", "name", "pick", "policy", "retrying",
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
    ) -> None:
        self.name = name
        self.policy = policy
        self.retrying = 0
        self._balancer = balancer
        self._find = find
        self._env = env
        self._locality = locality
        self.discoveries = tuple(discoveries)
        self._call: IDelayedCall | None = None
        self._started = False
        self._fixed = tuple(find(endpoint) for endpoint in endpoints)
        self.endpoints = self._together()
        self.pick: Pick = _nobody
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
        self._follow_warmup()

    def stop(self) -> None:
        self._started = False
        for discovery in self.discoveries:
            discovery.unwatch(self._changed)
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def may_retry(self) -> bool:
        """Whether the retry budget has room for one more (Istio ``retryBudget``); without one it always has."""
        budget = self.policy.retry_budget
        if budget is None:
            return True
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
            self._recompile()
            self._follow_warmup()

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
        shares = groups(self._locality, self.endpoints, self.policy)
        picks = [(weight, self._balancer.compile(members, self._env)) for weight, members in shares]
        if not picks:
            self.pick = _nobody
        elif len(picks) == 1:
            self.pick = picks[0][1]
        else:
            self.pick = _share(picks, self._env)

    def __repr__(self) -> str:
        return f"<LiveCluster {self.name}, {len(self.endpoints)} endpoints>"


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
