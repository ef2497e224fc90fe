"""Golden cases: documents, and what they amount to, in one file.

A case is ``tests/cases/<anything>/<what it shows>.yaml``: YAML, the line ``# ---- result``, and then what comes of
it as text: the problems in the order in which they are found and, unless one of them is an error, routes and
clusters.  ``python tests/cases/test_cases.py FILE...`` writes the results anew; read the diff before believing it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load
from shadowgate.model import Cluster, Match, Mirror, PluginUse, Route, Rule
from shadowgate.plugin import IDialect, Plugin, Report, Scalar, Sequence
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin.yaml import read_text

HERE = Path(__file__).parent
SEPARATOR = "# ---- result\n"
CATALOG = Catalog.of(
    (
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
        for route in loaded.configuration.routes:
            lines += show_route(route)
        for cluster in loaded.configuration.clusters:
            lines += show_cluster(cluster)
    return "".join(f"{line}\n" for line in lines)


def show_route(route: Route) -> Iterator[str]:
    yield f"{route.kind} {route.namespace}/{route.name} for {', '.join(route.hosts)}"
    for rule in route.rules:
        yield f"  rule {rule.name}".rstrip()
        yield from (f"    {line}" for line in show_rule(rule))


def show_rule(rule: Rule) -> Iterator[str]:
    yield from (f"match {show_match(match)}" for match in rule.matches)
    yield from (f"filter {show_use(use)}" for use in rule.filters)
    if rule.timeouts is not None:
        yield f"timeouts connect {rule.timeouts.connect:g}, response {rule.timeouts.response:g}"
    for destination in rule.destinations:
        yield f"to {destination} weight {destination.weight}"
        yield from (f"  filter {show_use(use)}" for use in destination.filters)
    yield from (f"mirror {show_mirror(mirror)}" for mirror in rule.mirrors)


def show_match(match: Match) -> str:
    parts = [show_use(use) for use in match.conditions]
    if match.path is not None:
        folded = " in any case" if match.path.ignore_case else ""
        parts.insert(0, f"path {match.path.kind} {match.path.value}{folded}")
    return " and ".join(parts) or "everything"


def show_mirror(mirror: Mirror) -> str:
    return f"{mirror.destination}, {'everything' if mirror.policy is None else show_use(mirror.policy)}"


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
    yield f"cluster {cluster.name}{ports}"
    if cluster.aliases:
        yield f"  also {', '.join(cluster.aliases)}"
    if cluster.policy.balancer is not None:
        yield f"  balancer {show_use(cluster.policy.balancer)}"
    for endpoint in cluster.endpoints:
        weight = "" if endpoint.weight == 1 else f" weight {endpoint.weight}"
        yield f"  endpoint {endpoint}{weight} {show_labels(endpoint.labels)}".rstrip()
    for subset in cluster.subsets:
        balancer = "" if subset.policy.balancer is None else f" balancer {show_use(subset.policy.balancer)}"
        yield f"  subset {subset.name} {show_labels(subset.labels)}".rstrip() + balancer


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
