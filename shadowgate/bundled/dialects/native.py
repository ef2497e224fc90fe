"""The ``native`` dialect: a short form for people who have no mesh.

A document without ``kind``, or one of ``apiVersion: shadowgate.io/v1`` and ``kind: Config``.  What may be written is
in ``native_forms``; here it becomes model fragments.  Conditions, filters and policies are handed on as they were
written: the plugins that they name read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

import attrs
from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.dialects.native_clusters import cluster_of
from shadowgate.bundled.dialects.native_document import NativeForm
from shadowgate.bundled.dialects.native_forms import (
    DestinationForm,
    ListenerForm,
    MatchForm,
    MirrorForm,
    PathForm,
    RouteForm,
    RuleForm,
    is_cluster_name,
)
from shadowgate.bundled.dialects.native_variants import VariantsForm
from shadowgate.bundled.dialects.partly import STAND_IN, translate_part
from shadowgate.errors import Position
from shadowgate.model import (
    ClientNetwork,
    Cluster,
    Destination,
    Fragment,
    Listener,
    Match,
    Mirror,
    MirrorLimits,
    PathMatch,
    PluginUse,
    Route,
    Rule,
    Variant,
    Variants,
)
from shadowgate.plugin import Document, IDialect, Node, Report, Scalar, Sequence
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin.checks import native
from shadowgate.plugin.remainder import Remainder

_PATHS: Final[tuple[Literal["exact", "prefix", "segments", "regex"], ...]] = ("exact", "prefix", "segments", "regex")
_EVERYTHING: Final = 100
"""Per cent that a mirror copies where nothing is said; of a variant as well, whose weight tells it then."""


@implementer(IDialect)
@frozen
class NativeDialect:
    """ShadowGate's own short form: clusters, routes and listeners in one document."""

    kinds: ClassVar[tuple[tuple[str, str], ...]] = (("", ""), ("shadowgate.io", "Config"))

    def translate(self, document: Document, report: Report) -> Iterable[Fragment]:
        def fragments(form: NativeForm, report: Report) -> Iterator[Fragment]:
            return _fragments(form, document, report)

        return translate_part(NativeForm, document.root, "", report, fragments, _referable)


def _fragments(form: NativeForm, document: Document, report: Report) -> Iterator[Fragment]:
    for name, cluster in form.clusters.items():
        if not is_cluster_name(name):
            message = f'"{name}" cannot be the name of a cluster; leave out spaces, "/" and ":"'
            report.error(message, _clusters_place(document, name), path="clusters", check=native.CLUSTER_NAME)
        yield cluster_of(name, cluster, document, report)
    for index, route in enumerate(form.routes):
        yield _route(route, index, document, report)
    for name, block in form.variants.items():
        yield _variants(name, block, document)
    for listener in form.listeners:
        yield _listener(listener)
    for clients in form.clients:
        yield ClientNetwork(clients.networks, clients.labels, clients.position)


def _referable(remainder: Remainder[NativeForm], fragments: Iterable[Fragment]) -> Iterator[Fragment]:
    """Yield what others may refer to in a document that is not served.

    A route that lost a part would seem to take what others are for; one that is whole may be for a lost listener.
    """
    lost_listener = any(each.path.startswith("listeners") for each in remainder.lost)
    for fragment in fragments:
        touched = fragment.position in remainder.touched
        if isinstance(fragment, Route | Variants) and (touched or lost_listener):
            continue
        if isinstance(fragment, Cluster) and touched:
            fragment = attrs.evolve(fragment, endpoints=fragment.endpoints or (STAND_IN,))
        yield fragment
    for each in remainder.lost:
        if each.around == "clusters":
            yield Cluster(each.path.removeprefix("clusters."), (STAND_IN,))


def _listener(form: ListenerForm) -> Listener:
    return Listener(form.name or form.endpoint, form.endpoint, position=form.position)


def _clusters_place(document: Document, name: str) -> Position:
    clusters = document.root.get("clusters")
    keys = clusters.entries if isinstance(clusters, MappingNode) else ()
    return next((key.position for key, _ in keys if key.text == name), document.position)


def _route(form: RouteForm, index: int, document: Document, report: Report) -> Route:
    path = f"routes[{index}]"
    rules = form.rules or (attrs.evolve(form, name=""),)
    return Route(
        form.name or form.hosts[0],
        form.hosts,
        tuple(_rule(rule, f"{path}.rules[{at}]" if form.rules else path, report) for at, rule in enumerate(rules)),
        form.listeners,
        namespace=document.namespace,
        named=bool(form.name),
        position=form.position,
    )


def _rule(form: RuleForm, path: str, report: Report) -> Rule:
    if not form.to and not form.filters:
        message = 'the key "to" is missing, and no filter answers'
        report.error(message, form.position, path=path, check=native.NO_DESTINATION)
    return Rule(
        matches=tuple(map(_match, form.match)),
        destinations=tuple(map(_destination, form.to)),
        filters=form.filters,
        mirrors=tuple(_mirror(mirror, report, f"{path}.mirror[{at}]") for at, mirror in enumerate(form.mirror)),
        balancer=form.balancer,
        timeouts=None if form.timeouts is None else _given(form.timeouts),
        retry=form.retry or (PluginUse("retry", None, form.position) if form.to else None),
        name=form.name,
        position=form.position,
    )


def _match(form: MatchForm) -> Match:
    conditions = [] if form.method is None else [_methods(form.method)]
    conditions += [_condition("header", name, node) for name, node in form.headers.items()]
    conditions += [_condition("query", name, node) for name, node in form.query.items()]
    for name, node in (("authority", form.authority), ("scheme", form.scheme)):
        if node is not None:
            conditions.append(PluginUse(name, node, node.position))
    return Match(None if form.path is None else _path(form.path), (*conditions, *form.when), position=form.position)


def _path(form: PathForm) -> PathMatch:
    kind, value = next((each, text) for each in _PATHS if (text := getattr(form, each)) is not None)
    return PathMatch(kind, value, form.ignore_case, form.position)


def _methods(node: Node) -> PluginUse:
    """Several methods are alternatives, which the matcher takes as a regex."""
    if isinstance(node, Sequence) and node.items and all(isinstance(item, Scalar) for item in node.items):
        texts = "|".join(item.text for item in node.items if isinstance(item, Scalar))
        node = MappingNode(((Scalar("regex", node.position), Scalar(texts, node.position, True)),), node.position)
    return PluginUse("method", node, node.position)


def _condition(plugin: str, name: str, node: Node) -> PluginUse:
    """Return the use of a matcher that has a ``name``; a plain value is what must stand there exactly."""
    entries = node.entries if isinstance(node, MappingNode) else ((Scalar("exact", node.position), node),)
    named = (Scalar("name", node.position), Scalar(name, node.position, True))
    return PluginUse(plugin, MappingNode((named, *entries), node.position), node.position)


def _variants(name: str, form: VariantsForm, document: Document) -> Variants:
    rule = Rule(
        filters=form.filters,
        timeouts=None if form.timeouts is None else _given(form.timeouts),
        retry=form.retry or PluginUse("retry", None, form.position),
        position=form.position,
    )
    found = tuple(
        Variant(
            each.title,
            _destination(each.to),
            _EVERYTHING if form.pattern == "mirror" and at > 0 and each.weight is None else each.weight,
            tuple(map(_match, each.match)),
            tuple(probe.translate() for probe in each.probes),
            each.position,
        )
        for at, each in enumerate(form.variants)
    )
    pattern, hosts, listeners = form.pattern, form.hosts, form.listeners
    return Variants(name, hosts, pattern, found, rule, listeners, document.namespace, form.position)


def _destination(form: DestinationForm) -> Destination:
    return Destination(form.cluster, form.subset, form.port, form.weight, form.filters, form.position)


def _mirror(form: MirrorForm, report: Report, path: str) -> Mirror:
    filters = form.filters
    if form.headers is not None:
        request = MappingNode(((Scalar("request", form.headers.position), form.headers),), form.headers.position)
        filters = (PluginUse("header-rewrite", request, form.headers.position), *filters)
    return Mirror(
        _destination(form.to),
        name=form.name,
        policy=_policy(form, report, path),
        suffix=form.suffix,
        host=form.host,
        filters=filters,
        observers=form.observers,
        limits=None if form.limits is None else MirrorLimits(**_given(form.limits)),
        handshakes=form.upgrades == "handshake",
        position=form.position,
    )


def _policy(form: MirrorForm, report: Report, path: str) -> PluginUse | None:
    """Return what samples: ``percent`` is an option of the policy that is written beside it because all have it."""
    if form.percent is None:
        return form.by
    percent = (Scalar("percent", form.percent.position), form.percent)
    policy = form.by or PluginUse("random", None, form.percent.position)
    options = policy.options
    if options is None or (isinstance(options, Scalar) and options.null):
        entries: tuple[tuple[Scalar, Node], ...] = ()
    elif isinstance(options, MappingNode) and options.get("percent") is None:
        entries = options.entries
    else:
        message = "percent is said twice, here and as an option of the policy"
        report.error(message, form.percent.position, path=path, check=native.PERCENT_TWICE)
        return None
    return attrs.evolve(policy, options=MappingNode((*entries, percent), form.percent.position))


def _given(form: Any) -> Mapping[str, Any]:
    """Return the fields that were written; for the others the model's own defaults hold, or the gateway's."""
    return {key: value for key, value in attrs.asdict(form, recurse=False).items() if value is not None}
