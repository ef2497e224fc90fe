"""Pages that would go stale if a person kept them: plugins with their options, the fields of
other dialects, codes, limits.

Written into ``_generated/`` before each build and included from the pages of ``reference/``.
"""

import importlib
import inspect
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
from prometheus_client.parser import text_string_to_metric_families
from sphinx.application import Sphinx
from twisted.internet.task import Clock

from shadowgate import model, tap
from shadowgate.admin.metrics import render_metrics
from shadowgate.bundled.dialects import (
    health_checks,
    native_clusters,
    native_document,
    native_forms,
    native_resilience,
    native_variants,
)
from shadowgate.config.catalog import POINTS, Catalog
from shadowgate.config.limits import limits_table
from shadowgate.gateway import Gateway
from shadowgate.plugin import Report, describe
from shadowgate.plugin.checks import table as table_of_checks
from shadowgate.plugin.yaml import read_text

BUNDLED = "shadowgate.bundled."
ISTIO = "shadowgate.bundled.dialects.istio"
ISTIO_KINDS = {
    "VirtualService": f"{ISTIO}.virtual_service",
    "Gateway": f"{ISTIO}.gateway",
    "DestinationRule": f"{ISTIO}.destination_rule",
    "ServiceEntry": f"{ISTIO}.service_entry",
    "WorkloadEntry": f"{ISTIO}.workload_entry",
}
GATEWAY_API = "shadowgate.bundled.dialects.gateway_api"
GATEWAY_API_KINDS = {
    "HTTPRoute": f"{GATEWAY_API}.http_route",
    "Gateway": f"{GATEWAY_API}.gateway",
    "GatewayClass": f"{GATEWAY_API}.gateway_class",
    "ReferenceGrant": f"{GATEWAY_API}.reference_grant",
}
NATIVE = (
    *("ListenerForm", "RouteForm", "MatchForm", "PathForm"),
    *("DestinationForm", "TimeoutsForm", "MirrorForm", "MirrorLimitsForm", "ClientsForm"),
)
NATIVE_VARIANTS = ("VariantsForm", "VariantForm", "ProbeForm", "HttpProbeForm", "TcpProbeForm")
NATIVE_CLUSTERS = ("ClusterForm", "EndpointForm", "SubsetForm", "WarmupForm")
NATIVE_RESILIENCE = ("PoolForm", "KeepaliveForm", "EjectionForm", "RetryBudgetForm")
HEALTH_CHECKS = ("HealthForm", "HttpCheckForm")
METRICS = {
    "shadowgate_request": "Requests of clients",
    "shadowgate_response": "Requests of clients",
    "shadowgate_mirror": "Mirrors",
    "shadowgate_cluster": "Clusters",
    "shadowgate_variant": "Variants",
}
EXAMPLE = """
clusters: {example: {endpoints: 127.0.0.1:1, health: tcp}}
routes: [{name: example, to: example}]
variants: {example-variants: {pattern: mirror, hosts: example, variants: [example]}}
"""
"""A configuration whose metrics have all their labels."""
SIZES = {"buffer", "budget", "response"}
EFFECTS = {
    None: "served",
    "info": "read, has no effect on a gateway",
    "warning": "not served: a warning, the rest works",
    "error": "not served: refused",
    "failure": "not served, and never skipped: 500",
}


def plugins() -> Iterator[tuple[str, str]]:
    """One file for each extension point, with the components that come with ShadowGate."""
    catalog = Catalog.discover()
    for point, point_name in POINTS.items():
        parts = []
        for entry in catalog.entries:
            if entry.point is not point or not entry.target.startswith(BUNDLED):
                continue
            component = catalog.component_class(point, entry.name)
            parts += [f"### `{entry.name}`", inspect.cleandoc(component.__doc__ or ""), options(component)]
        yield f"plugins-{point_name}.md", "\n\n".join(parts or ["None comes with ShadowGate."])


def options(component: type[Any]) -> str:
    described = describe(component)
    if not described:
        return "No options."
    return table(
        ("option", "type", "default", ""),
        [(f"`{each.name}`", each.type, "required" if each.required else each.default, each.doc) for each in described],
    )


def kinds() -> Iterator[tuple[str, str]]:
    """One table for each kind of the two dialects: every field that is known, and what becomes of it."""
    for dialect, modules in (("istio", ISTIO_KINDS), ("gateway-api", GATEWAY_API_KINDS)):
        for kind, module in modules.items():
            fields = fields_of(getattr(importlib.import_module(module), kind), "spec", ())
            yield f"{dialect}-{kind}.md", table(("field", ""), fields)


def fields_of(
    schema: type[Any], path: str, seen: tuple[type[Any], ...], outer: str | None = None
) -> Iterator[tuple[str, str]]:
    """Every field below ``path``; ``outer`` is the mark of what it is in, which holds for all of it."""
    hints = typing.get_type_hints(schema, include_extras=True)
    for field in attrs.fields(schema):
        if field.name == "position":
            continue
        key = field.metadata.get("key") or camel(field.name.rstrip("_"))
        nested, suffix = inner_schema(hints[field.name])
        mark = field.metadata.get("shadowgate_unserved") or outer
        effect = EFFECTS[mark]
        if nested is None or nested in seen:
            yield f"`{path}.{key}{suffix}`", effect
        elif set(attrs.fields_dict(nested)) - {"position"} == {"exact", "prefix", "regex"}:
            yield f"`{path}.{key}{suffix}`: `exact`, `prefix` or `regex`", effect
        else:
            yield from fields_of(nested, f"{path}.{key}{suffix}", (*seen, schema), mark)


def inner_schema(hint: Any) -> tuple[type[Any] | None, str]:
    """The attrs class that a field holds, and how its path goes on: ``[]`` for lists, ``.*`` for maps."""
    if isinstance(hint, type) and attrs.has(hint) and hint.__module__.startswith((ISTIO, GATEWAY_API)):
        return hint, ""
    origin = typing.get_origin(hint)
    suffix = "[]" if origin is tuple else ".*" if origin is not None and "Mapping" in str(origin) else ""
    for argument in typing.get_args(hint):
        nested, rest = inner_schema(argument)
        if nested is not None:
            return nested, suffix + rest
    return None, suffix


def native() -> Iterator[tuple[str, str]]:
    """The native form, one table for each mapping that can be written."""
    forms = [native_document.NativeForm, *(getattr(native_forms, name) for name in NATIVE)]
    forms += [getattr(native_variants, name) for name in NATIVE_VARIANTS]
    forms += [getattr(native_clusters, name) for name in NATIVE_CLUSTERS]
    forms += [getattr(native_resilience, name) for name in NATIVE_RESILIENCE]
    forms += [getattr(health_checks, name) for name in HEALTH_CHECKS]
    for form in forms:
        text = "\n\n".join([inspect.cleandoc(form.__doc__ or ""), options(form)])
        yield f"native-{form.__name__}.md", text


def command_line() -> Iterator[tuple[str, str]]:
    # Laid out for a page, whatever the terminal that the build runs in.
    usage = tap.Options().getUsage(width=100)
    yield "command-line.md", f"```text\n{usage.rstrip()}\n```"


def checks() -> Iterator[tuple[str, str]]:
    """Every kind of problem with its code, block by block."""
    parts = []
    for block in table_of_checks.BLOCKS.values():
        parts.append(f"## {inspect.cleandoc(block.__doc__ or '').partition(chr(10))[0].rstrip('.')}")
        for check in table_of_checks.checks_of(block).values():
            parts += [f"({check.code})=\n### {check.code}: {check.title.rstrip('.')}", check.text]
    yield "checks.md", "\n\n".join(parts)


def metrics() -> Iterator[tuple[str, str]]:
    """Every family that a gateway shows, with the labels of its series."""
    gateway = Gateway(Clock(), Catalog.discover())
    gateway.apply(read_text(EXAMPLE, "example.yaml", Report()))
    stats = gateway.stats
    for route in (stats.unrouted, stats.route("example")):
        route.statuses[2] = route.outcomes["completed"] = 1
    cluster = stats.cluster("example")
    cluster.overflows["example"] = cluster.ejections["example"] = cluster.probes["example"] = cluster.withheld = 1
    mirror = stats.mirror("example")
    mirror.completed[2] = mirror.dropped["example"] = mirror.failed["example"] = 1
    stats.refused["400"] = stats.plugin_failures["example"] = stats.accept_pauses["listener"] = 1
    sections: dict[str, list[tuple[str, ...]]] = {}
    for family in text_string_to_metric_families(render_metrics(gateway).decode()):
        labels = dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le")
        name = f"{family.name}_total" if family.type == "counter" else family.name
        about = next((title for prefix, title in METRICS.items() if family.name.startswith(prefix)), "The gateway")
        row = (f"`{name}`", family.type, ", ".join(f"`{label}`" for label in labels), family.documentation)
        sections.setdefault(about, []).append(row)
    tables = (f"## {title}\n\n{table(('name', 'type', 'labels', ''), rows)}" for title, rows in sections.items())
    yield "metrics.md", "\n\n".join(tables)


def limits() -> Iterator[tuple[str, str]]:
    yield (
        "limits-Limits.md",
        table(("`--limit`", "default", ""), ((f"`{name}`", *rest) for name, *rest in limits_table())),
    )
    for settings in (model.Timeouts, model.MirrorLimits):
        rows = [(f"`{camel(field.name)}`", shown(field.name, field.default)) for field in attrs.fields(settings)]
        yield f"limits-{settings.__name__}.md", table(("", "default"), rows)


def shown(name: str, value: float) -> str:
    if isinstance(value, float):
        return f"{value:g} s"
    if name not in SIZES:
        return f"{value:,}"
    return f"{value // 1024**2} MiB" if value % 1024**2 == 0 else f"{value // 1024} KiB"


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = tuple(head)
    return "\n".join(table_line(line) for line in (head, ("---",) * len(head), *rows))


def table_line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def write(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    for name, text in (*plugins(), *kinds(), *native(), *command_line(), *checks(), *metrics(), *limits()):
        page = folder / name
        if not page.exists() or page.read_text() != text + "\n":
            page.write_text(text + "\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
