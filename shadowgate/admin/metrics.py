"""The gateway's counts in Prometheus' terms.

The runtime counts in plain integers; they become metric families only here, when somebody scrapes.  Series of clients'
requests and series of shadows never share a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from shadowgate.compiler.snapshot import Snapshot
from shadowgate.errors import Problem
from shadowgate.gateway import Gateway
from shadowgate.runtime.availability import AvailabilityRecord
from shadowgate.runtime.stats import BOUNDS, Histogram, MirrorStats, RouteStats

CLASSES = ("0xx", "1xx", "2xx", "3xx", "4xx", "5xx")


class Serving(Protocol):
    """Whatever puts configurations in service: one gateway, or the supervisor of several."""

    @property
    def loads(self) -> int: ...

    @property
    def last_load_ok(self) -> bool: ...

    @property
    def loaded_at(self) -> float: ...

    @property
    def problems(self) -> tuple[Problem, ...]: ...

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def ready(self) -> bool: ...

    @property
    def availability(self) -> AvailabilityRecord: ...


def render_metrics(gateway: Gateway) -> bytes:
    """Return the text of ``/metrics``."""
    return render([*configuration_metrics(gateway), *traffic_metrics(gateway)])


def render(metrics: Sequence[Metric]) -> bytes:
    """Return metric families as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(metrics))
    return generate_latest(registry)


class _Given(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def configuration_metrics(serving: Serving) -> Iterator[Metric]:
    """What is in service: of all processes that serve it, these numbers are the same."""
    yield _gauge("config_generation", "Number of the configuration in service.", serving.snapshot.generation)
    yield _gauge(
        "config_last_reload_successful",
        "Whether the last configuration that was read could be served (1) or not (0).",
        int(serving.last_load_ok),
    )
    yield _gauge("config_last_reload_success_timestamp_seconds", "When it was put in service.", serving.loaded_at)
    yield _counter("config_reloads", "Configurations that were read.", serving.loads)
    yield _gauge("ready", "Whether new clients are welcome.", int(serving.ready))
    yield from _variants(serving.availability)


def _variants(record: AvailabilityRecord) -> Iterator[Metric]:
    label = ["application", "variant"]
    changes = CounterMetricFamily(
        "shadowgate_variant_changes", "Times that a variant came or went.", labels=[*label, "became"]
    )
    for (application, name, there), count in record.changes.items():
        changes.add_metric([application, name, "available" if there else "absent"], count)
    available = GaugeMetricFamily("shadowgate_variant_available", "Whether a variant is there.", labels=label)
    weights = GaugeMetricFamily("shadowgate_variant_weight", "The weight that a variant has now.", labels=label)
    for each in record.current:
        for variant, weight in zip(each.variants, each.weights, strict=True):
            available.add_metric([str(each), variant.name], int(variant.available))
            weights.add_metric([str(each), variant.name], weight)
    yield from (changes, available, weights)


def traffic_metrics(gateway: Gateway) -> Iterator[Metric]:
    """What passed through one process: of several, these numbers are summed."""
    stats = gateway.stats
    yield from _gateway(gateway)
    yield from _clusters(gateway)
    yield from _routes([stats.unrouted, *stats.routes.values()])
    yield from _mirrors(list(stats.mirrors.values()))
    yield from _plugins(gateway)


def _gateway(gateway: Gateway) -> Iterator[Metric]:
    stats = gateway.stats
    yield _counter("connections", "Client connections accepted.", stats.connections)
    yield _gauge("connections_open", "Client connections open now.", stats.connections_open)
    yield _gauge(
        "tunnels_open", "Client connections that are tunnels now, such as WebSockets.", len(gateway.core.tunnels)
    )
    yield _counter("connections_refused", "Clients closed at once: too many of one address.", stats.connections_refused)
    pauses = CounterMetricFamily("shadowgate_accept_pauses", "Times that accepting paused.", labels=["reason"])
    for reason, count in stats.accept_pauses.items():
        pauses.add_metric([reason], count)
    yield pauses
    yield _gauge("timeouts", "Timeouts of connections, requests and shadows that run now.", len(gateway.core.timers))
    yield _gauge("scheduled_calls", "Calls that the reactor has yet to make.", len(gateway.env.clock.getDelayedCalls()))
    refused = CounterMetricFamily("shadowgate_refused", "Requests that were not valid HTTP.", labels=["code"])
    for code, count in stats.refused.items():
        refused.add_metric([code], count)
    yield refused
    yield _counter(
        "log_lines_lost", "Access lines dropped because the log could not be written.", stats.log_lines_lost()
    )
    endpoint = GaugeMetricFamily("shadowgate_endpoint_in_flight", "Requests of clients there now.", labels=["endpoint"])
    requests = CounterMetricFamily("shadowgate_endpoint_requests", "Attempts sent there.", labels=["endpoint"])
    busy: dict[str, list[int]] = {}
    for state in gateway.registry.endpoints:
        sums = busy.setdefault(state.name, [0, 0])
        sums[0] += state.in_flight
        sums[1] += state.requests
    for name, (now, total) in busy.items():
        endpoint.add_metric([name], now)
        requests.add_metric([name], total)
    yield endpoint
    yield requests


def _clusters(gateway: Gateway) -> Iterator[Metric]:
    """Of clusters whose use is bounded or whose endpoints are looked after; subsets are ``cluster/subset``."""
    overflows = CounterMetricFamily(
        "shadowgate_cluster_overflows", "Requests refused because a bound was met.", labels=["cluster", "bound"]
    )
    ejections = CounterMetricFamily(
        "shadowgate_cluster_ejections", "Ejections of endpoints, by reason.", labels=["cluster", "reason"]
    )
    withheld = CounterMetricFamily(
        "shadowgate_cluster_ejections_withheld", "Ejections forgone: too many were out already.", labels=["cluster"]
    )
    probes = CounterMetricFamily("shadowgate_cluster_probes", "Health checks, by result.", labels=["cluster", "result"])
    for stats in gateway.stats.clusters.values():
        for bound, count in stats.overflows.items():
            overflows.add_metric([stats.name, bound], count)
        for reason, count in stats.ejections.items():
            ejections.add_metric([stats.name, reason], count)
        if stats.withheld:
            withheld.add_metric([stats.name], stats.withheld)
        for result, count in stats.probes.items():
            probes.add_metric([stats.name, result], count)
    ejected = GaugeMetricFamily("shadowgate_cluster_ejected", "Endpoints that are ejected now.", labels=["cluster"])
    unwell = GaugeMetricFamily("shadowgate_cluster_unwell", "Endpoints that fail health checks.", labels=["cluster"])
    panicking = GaugeMetricFamily(
        "shadowgate_cluster_panicking", "Whether all endpoints are used because too few are well.", labels=["cluster"]
    )
    for name, cluster in {each.name: each for each in gateway.registry.clusters if each.watched}.items():
        states = cluster.endpoints
        ejected.add_metric([name], sum(1 for each in states if each.record is not None and each.record.ejected))
        unwell.add_metric([name], sum(1 for each in states if each.checked is not None and not each.checked.healthy))
        panicking.add_metric([name], int(cluster.panicking))
    yield from (overflows, ejections, withheld, probes, ejected, unwell, panicking)


def _routes(routes: Sequence[RouteStats]) -> Iterator[Metric]:
    label = ["route"]
    requests = CounterMetricFamily(
        "shadowgate_requests", "Exchanges of clients, by the class of the status they got.", labels=["route", "class"]
    )
    outcomes = CounterMetricFamily(
        "shadowgate_request_outcomes", "Exchanges of clients, by how they ended.", labels=["route", "outcome"]
    )
    retries = CounterMetricFamily(
        "shadowgate_retries", "Further attempts that the retry policy wanted.", labels=["route", "result"]
    )
    in_flight = GaugeMetricFamily("shadowgate_requests_in_flight", "Exchanges under way.", labels=label)
    received = CounterMetricFamily("shadowgate_request_bytes", "Bytes of request bodies.", labels=label)
    sent = CounterMetricFamily("shadowgate_response_bytes", "Bytes of answers' bodies.", labels=label)
    duration = HistogramMetricFamily(
        "shadowgate_request_duration_seconds", "From a request's head to the end of its answer.", labels=label
    )
    for route in routes:
        for name, count in zip(CLASSES, route.statuses, strict=True):
            if count:
                requests.add_metric([route.name, name], count)
        for name, count in route.outcomes.items():
            outcomes.add_metric([route.name, name], count)
        for name, count in route.retries.items():
            retries.add_metric([route.name, name], count)
        in_flight.add_metric([route.name], route.in_flight)
        received.add_metric([route.name], route.received)
        sent.add_metric([route.name], route.sent)
        duration.add_metric([route.name], _buckets(route.duration), route.duration.total)
    yield from (requests, outcomes, retries, in_flight, received, sent, duration)


def _mirrors(mirrors: Sequence[MirrorStats]) -> Iterator[Metric]:
    """``sampled = sent + dropped + connecting`` and ``sent = completed + failed + answering``, at every scrape."""
    label = ["mirror"]
    sampled = CounterMetricFamily("shadowgate_mirror_sampled", "Requests chosen to be shadowed.", labels=label)
    sent = CounterMetricFamily("shadowgate_mirror_sent", "Shadows whose head was sent.", labels=label)
    dropped = CounterMetricFamily(
        "shadowgate_mirror_dropped", "Shadows of which nothing was sent, by reason.", labels=["mirror", "reason"]
    )
    completed = CounterMetricFamily(
        "shadowgate_mirror_completed", "Shadows that were answered, by class of status.", labels=["mirror", "class"]
    )
    failed = CounterMetricFamily(
        "shadowgate_mirror_failed", "Shadows sent without a whole answer, by reason.", labels=["mirror", "reason"]
    )
    in_flight = GaugeMetricFamily(
        "shadowgate_mirror_in_flight", "Shadows under way, by phase.", labels=["mirror", "phase"]
    )
    out = CounterMetricFamily("shadowgate_mirror_sent_bytes", "Bytes of shadows' bodies sent.", labels=label)
    back = CounterMetricFamily("shadowgate_mirror_received_bytes", "Bytes of their answers read.", labels=label)
    duration = HistogramMetricFamily(
        "shadowgate_mirror_duration_seconds", "From sampling to the end of a completed shadow.", labels=label
    )
    for mirror in mirrors:
        name = mirror.name
        sampled.add_metric([name], mirror.sampled)
        sent.add_metric([name], mirror.sent)
        for reason, count in mirror.dropped.items():
            dropped.add_metric([name, reason], count)
        for kind, count in zip(CLASSES, mirror.completed, strict=True):
            if count:
                completed.add_metric([name, kind], count)
        for reason, count in mirror.failed.items():
            failed.add_metric([name, reason], count)
        in_flight.add_metric([name, "connecting"], mirror.connecting)
        in_flight.add_metric([name, "answering"], mirror.answering)
        out.add_metric([name], mirror.bytes_sent)
        back.add_metric([name], mirror.bytes_received)
        duration.add_metric([name], _buckets(mirror.duration), mirror.duration.total)
    yield from (sampled, sent, dropped, completed, failed, in_flight, out, back, duration)


def _plugins(gateway: Gateway) -> Iterator[Metric]:
    failures = CounterMetricFamily("shadowgate_hook_failures", "Hooks that raised.", labels=["plugin"])
    for name, count in gateway.stats.plugin_failures.items():
        failures.add_metric([name], count)
    yield failures
    for name, (help, cell) in gateway.stats.plugin_counters.items():
        yield _counter(f"plugin_{_identifier(name)}", help, cell[0])


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    total = 0
    rows: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], histogram.buckets, strict=True):
        total += count
        rows.append((bound, total))
    return rows


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"shadowgate_{name}", help, value=value)


def _counter(name: str, help: str, value: float) -> Metric:
    return CounterMetricFamily(f"shadowgate_{name}", help, value=value)


def _identifier(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)
