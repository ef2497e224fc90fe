"""Golden cases: documents, and what they amount to, in one file.

A case is ``tests/cases/<anything>/<what it shows>.yaml``: YAML, the line ``# ---- result``, and then what comes of
it as text: the problems in the order in which they are found and, unless one of them is an error, routes and
clusters.  ``python tests/cases/test_cases.py FILE...`` writes the results anew; read the diff before believing it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any

import attrs
import pytest

from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load
from shadowgate.errors import NOWHERE
from shadowgate.model import (
    Availability,
    Cluster,
    Condition,
    Destination,
    Listener,
    Match,
    Mirror,
    PluginUse,
    Route,
    Rule,
    Status,
    TrafficPolicy,
)
from shadowgate.plugin import IDialect, IGenerator, Plugin, Report, Scalar, Sequence
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin.yaml import read_text

HERE = Path(__file__).parent
SEPARATOR = "# ---- result\n"
CATALOG = Catalog.of(
    (
        Plugin("iter8", IGenerator, "shadowgate.bundled.generators.iter8.generator.Iter8Generator"),
        Plugin("availability", IDialect, "shadowgate.bundled.dialects.availability.AvailabilityDialect"),
        Plugin("gateway-api", IDialect, "shadowgate.bundled.dialects.gateway_api.GatewayApiDialect"),
        Plugin("istio", IDialect, "shadowgate.bundled.dialects.istio.IstioDialect"),
        Plugin("kubernetes", IDialect, "shadowgate.bundled.dialects.kubernetes.KubernetesDialect"),
        Plugin("native", IDialect, "shadowgate.bundled.dialects.native.NativeDialect"),
    )
)


def result(text: str, name: str) -> str:
    """Return what the documents amount to."""
    report = Report()
    loaded = load(read_text(text, name, report), report.problems, CATALOG)
    lines = [str(problem) for problem in loaded.report.problems]
    if not loaded.report.failed:
        for listener in loaded.configuration.listeners:
            lines += show_listener(listener)
        for route in loaded.configuration.routes:
            lines += show_route(route)
        for cluster in loaded.configuration.clusters:
            lines += show_cluster(cluster)
        for status in loaded.configuration.statuses:
            lines += show_status(status)
        for application in loaded.configuration.availability:
            lines += show_availability(application)
    return "".join(f"{line}\n" for line in lines)


def show_listener(listener: Listener) -> Iterator[str]:
    place = listener.endpoint or f"port {listener.port}"
    owner = f" of {listener.gateway} for {', '.join(listener.hosts)}" if listener.gateway else ""
    yield f"listener {listener.name}" + ("" if place == listener.name else f" at {place}") + owner


def show_route(route: Route) -> Iterator[str]:
    bound = f" on {', '.join(route.listeners)}" if route.listeners else ""
    yield f"{route.kind} {route.namespace}/{route.name} for {', '.join(route.hosts)}{bound}"
    for rule in route.rules:
        yield f"  rule {rule.name}".rstrip()
        yield from (f"    {line}" for line in show_rule(rule, route.kind == "VirtualService"))


def show_rule(rule: Rule, route_of_mesh: bool) -> Iterator[str]:
    yield from (f"match {show_match(match)}" for match in rule.matches)
    if rule.failure:
        yield f"answers 500: {rule.failure}"
    yield from (f"filter {show_use(use)}" for use in rule.filters)
    if rule.timeouts is not None:
        yield f"timeouts {', '.join(f'{name} {value:g}' for name, value in rule.timeouts.items())}"
    if rule.timeout is not None or rule.attempt_timeout is not None:
        yield f"timeout {rule.timeout or 0:g}, of an attempt {rule.attempt_timeout or 0:g}"
    # What the policy does by default is not shown: nearly every rule of a mesh has it.
    if rule.retry is not None and rule.retry.options:
        yield f"retry {show_labels(plain(rule.retry.options))}"
    elif rule.retry is None and rule.destinations and route_of_mesh:
        yield "never tried again"
    if rule.balancer is not None:
        yield f"balancer {show_use(rule.balancer)}"
    for destination in rule.destinations:
        yield f"to {destination} weight {destination.weight}"
        yield from (f"  {line}" for line in show_destination(destination))
    yield from (f"mirror {show_mirror(mirror)}" for mirror in rule.mirrors)


def show_destination(destination: Destination) -> Iterator[str]:
    if destination.failure:
        yield f"answers 500: {destination.failure}"
    if destination.balancer is not None:
        yield f"balancer {show_use(destination.balancer)}"
    yield from (f"filter {show_use(use)}" for use in destination.filters)
    yield from (f"mirror {show_mirror(mirror)}" for mirror in destination.mirrors)


def show_match(match: Match) -> str:
    parts = [show_use(use) for use in match.conditions]
    if match.path is not None:
        folded = " in any case" if match.path.ignore_case else ""
        parts.insert(0, f"path {match.path.kind} {match.path.value}{folded}")
    name = f" called {match.name}" if match.name else ""
    prefix = f" counted as {match.stat_prefix}" if match.stat_prefix else ""
    return (" and ".join(parts) or "everything") + name + prefix


def show_mirror(mirror: Mirror) -> str:
    handshakes = " and handshakes" if mirror.handshakes else ""
    share = "everything" if mirror.policy is None else show_use(mirror.policy)
    host = "" if not mirror.suffix else f" for Hosts with {mirror.suffix}"
    return f"{mirror.destination}, {share}{handshakes}{host}"


def show_use(use: PluginUse) -> str:
    return f"{use.name} {show_labels(plain(use.options))}" if use.options else use.name


def plain(options: Any) -> Any:
    """Return options as plain values, whether a dialect made them or handed on what was written."""
    if isinstance(options, Scalar):
        return options.text
    if isinstance(options, Sequence):
        return [plain(item) for item in options]
    if isinstance(options, MappingNode):
        return {key.text: plain(value) for key, value in options.entries}
    return options


def show_cluster(cluster: Cluster) -> Iterator[str]:
    ports = "".join(f" port {port.number}" for port in cluster.ports)
    looked_up = "" if cluster.resolution == "static" else f" looked up by {cluster.resolution}"
    yield f"cluster {cluster.name}{ports}{looked_up}"
    if cluster.aliases:
        yield f"  also {', '.join(cluster.aliases)}"
    yield from (f"  {line}" for line in show_policy(cluster.policy))
    if cluster.health is not None:
        yield f"  health {show_block(attrs.evolve(cluster.health, position=NOWHERE))}".rstrip()
    for endpoint in cluster.endpoints:
        weight = "" if endpoint.weight == 1 else f" weight {endpoint.weight}"
        place = f" in {endpoint.locality}" if endpoint.locality else ""
        yield f"  endpoint {endpoint}{weight}{place} {show_labels(endpoint.labels)}".rstrip()
    for subset in cluster.subsets:
        yield f"  subset {subset.name} {show_labels(subset.labels)}".rstrip()
        yield from (f"    {line}" for line in show_policy(subset.policy))


def show_status(status: Status) -> Iterator[str]:
    yield f"status of {status.key}: {show_conditions(status.conditions)}".rstrip(": ")
    for parent in status.parents:
        section = f" {parent.parent.section}" if parent.parent.section else ""
        port = f" port {parent.parent.port}" if parent.parent.port else ""
        yield f"  at {parent.parent.key}{section}{port}: {show_conditions(parent.conditions)}"
    for listener in status.listeners:
        yield f"  listener {listener.name}, {listener.attached_routes} routes: {show_conditions(listener.conditions)}"


def show_availability(application: Availability) -> Iterator[str]:
    yield f"variants of {application}"
    for variant, weight in zip(application.variants, application.weights, strict=True):
        state = "there" if variant.available else f"not there, {variant.reason}"
        yield f"  {variant.name}: weight {weight}, {state}"


def show_conditions(conditions: Iterable[Condition]) -> str:
    """Return each condition with its reason, where that is not its name over again."""
    return ", ".join(
        f"{'' if each.holds else 'not '}{each.type}" + ("" if each.reason == each.type else f" ({each.reason})")
        for each in conditions
    )


def show_policy(policy: TrafficPolicy) -> Iterator[str]:
    """Yield a line for each block that is there; of a block, what is not its default."""
    if not policy.inherits:
        yield "nothing of the host's"
    if policy.balancer is not None:
        yield f"balancer {show_use(policy.balancer)}"
    for name in ("warmup", "locality", "pool", "outlier", "retry_budget"):
        block = getattr(policy, name)
        if block is not None:
            yield f"{name} {show_block(block)}".rstrip()


def show_block(block: Any) -> str:
    given = {each.name: getattr(block, each.name) for each in attrs.fields(type(block))}
    defaults = {each.name: each.default for each in attrs.fields(type(block))}
    return show_labels(
        {
            name: f"({show_block(value)})" if attrs.has(type(value)) else value
            for name, value in given.items()
            if value != defaults[name]
        }
    )


def show_labels(labels: Any) -> str:
    if not isinstance(labels, Mapping):
        return str(labels)
    return " ".join(f"{key}={value}" for key, value in labels.items())


def cases() -> list[Path]:
    return sorted(HERE.glob("*/*.yaml"))


@pytest.mark.parametrize("path", cases(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_documents_amount_to_what_the_case_says(path: Path) -> None:
    text, separator, expected = path.read_text("utf-8").partition(SEPARATOR)
    assert separator, f"{path} has no line {SEPARATOR.strip()!r}"
    found = result(text, path.name)
    difference = "".join(unified_diff(expected.splitlines(True), found.splitlines(True), "expected", "found"))
    assert not difference, f"{path}\n{difference}"


def rewrite(path: Path) -> None:
    text = path.read_text("utf-8").partition(SEPARATOR)[0]
    path.write_text(text + SEPARATOR + result(text, path.name), "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        rewrite(Path(name))
