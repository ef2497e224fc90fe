"""Rules that delegate, replaced by the rules of the Route that they delegate to (Istio VirtualService ``delegate``).

A delegate has no hosts and serves nothing by itself.  Its rules hold for the requests of the rule that delegates, and
take over what they do not say themselves.  One level deep, as in Istio.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from shadowgate.model import Delegate, Match, PathMatch, PluginUse, Route, Rule
from shadowgate.plugin import Report
from shadowgate.plugin.checks import listeners as checks
from shadowgate.plugin.spelling import did_you_mean

_ORDER: Final = ("corsPolicy", "fault", "redirect", "directResponse", "headers", "rewrite")
"""In which order filters stand that come from two rules: that in which a dialect gives them."""

_VALUES: Final = ("exact", "prefix", "regex", "present")
_SOURCE: Final = "source-labels"

_Name = tuple[str, str]


def resolve_delegates(routes: Iterable[Route], report: Report) -> tuple[Route, ...]:
    """Return the routes that have hosts, with no rule left that delegates."""
    all_routes = tuple(routes)
    delegates = {(route.namespace, route.name): route for route in all_routes if not route.hosts}
    used: set[_Name] = set()
    resolved = tuple(
        evolve(route, rules=tuple(_rules(route, delegates, used, report))) for route in all_routes if route.hosts
    )
    for name, delegate in delegates.items():
        if name not in used:
            message = "it has no hosts, and no rule delegates to it"
            report.warning(message, delegate.position, path=_title(delegate), check=checks.DELEGATE_UNUSED)
    return resolved


def _rules(route: Route, delegates: Mapping[_Name, Route], used: set[_Name], report: Report) -> Iterator[Rule]:
    for rule in route.rules:
        if rule.delegate is None:
            yield evolve(rule, said=()) if rule.said else rule
            continue
        found = delegates.get((rule.delegate.namespace, rule.delegate.name))
        if found is None:
            if rule.delegate.name:
                _report_unknown(rule.delegate, route, delegates, report)
            continue
        used.add((found.namespace, found.name))
        for inner in found.rules:
            if inner.delegate is not None:
                continue  # the dialect has refused it
            merged = _merge(rule, inner)
            if merged is not None:
                yield merged
                continue
            message = f"the rule lies outside of what {_title(route)} delegates at {rule.position}; it is left out"
            report.warning(message, inner.position, path=_title(found), check=checks.DELEGATE_CONFLICT)


def _report_unknown(delegate: Delegate, route: Route, delegates: Mapping[_Name, Route], report: Report) -> None:
    name = f"{delegate.namespace}/{delegate.name}"
    known = ["/".join(each) for each in delegates]
    message = f"there is no {route.kind} {name} without hosts{did_you_mean(name, known)}; the rule has no effect"
    report.warning(message, delegate.position, path=_title(route), check=checks.DELEGATE_UNKNOWN)


def _merge(root: Rule, rule: Rule) -> Rule | None:
    """Return the delegate's rule with what the root says besides, or None where they are for different requests."""
    matches = _merge_matches(root.matches, rule.matches)
    if matches is None:
        return None
    inherited = [use for use in root.filters if use.key not in rule.said]
    filters = sorted([*inherited, *rule.filters], key=lambda use: _ORDER.index(use.key) if use.key in _ORDER else -1)
    changes: dict[str, Any] = {}
    for key, names in (("retry", ("retry", "attempt_timeout")), ("timeout", ("timeout",)), ("mirrors", ("mirrors",))):
        if key in root.said and key not in rule.said:
            changes.update({name: getattr(root, name) for name in names})
    return evolve(rule, matches=matches, filters=tuple(filters), said=(), name=_joined(root.name, rule.name), **changes)


def _merge_matches(roots: tuple[Match, ...], leaves: tuple[Match, ...]) -> tuple[Match, ...] | None:
    """Return what both ask for; each of the delegate's matches must lie within one of the root's at least."""
    if not roots or not leaves:
        return roots or leaves
    merged: list[Match] = []
    for leaf in leaves:
        found = [both for root in roots if (both := _merge_match(root, leaf)) is not None]
        if not found:
            return None
        merged += found
    return tuple(merged)


def _merge_match(root: Match, leaf: Match) -> Match | None:
    conditions = {_subject(use): use for use in root.conditions}
    for use in leaf.conditions:
        outer = conditions.get(_subject(use))
        both = use if outer is None else _merge_condition(outer, use)
        if both is None:
            return None
        conditions[_subject(use)] = both
    if root.path is not None and leaf.path is not None and not _path_within(root.path, leaf.path):
        return None
    if root.port is not None and leaf.port is not None and root.port != leaf.port:
        return None
    if root.listeners and not set(leaf.listeners) <= set(root.listeners):
        return None
    return evolve(
        leaf,
        path=leaf.path or root.path,
        conditions=tuple(conditions.values()),
        name=_joined(root.name, leaf.name),
        stat_prefix=leaf.stat_prefix or root.stat_prefix,
        listeners=leaf.listeners or root.listeners,
        port=root.port if leaf.port is None else leaf.port,
    )


def _subject(use: PluginUse) -> tuple[str, Any, bool]:
    """Return what a condition is about: a header by its name, say, and whether it must not hold."""
    options = _options(use)
    name = options.get("name")
    return use.name, name.lower() if use.name == "header" and isinstance(name, str) else name, "invert" in options


def _merge_condition(root: PluginUse, leaf: PluginUse) -> PluginUse | None:
    """Return the narrower of two conditions on one subject, or None where the delegate's does not lie within."""
    outer, inner = _options(root), _options(leaf)
    if root.name == _SOURCE:
        labels, more = outer.get("labels", {}), inner.get("labels", {})
        apart = any(labels.get(key, value) != value for key, value in more.items())
        return None if apart else evolve(leaf, options={**inner, "labels": {**labels, **more}})
    wide, narrow = ({key: each[key] for key in _VALUES if key in each} for each in (outer, inner))
    if "regex" in wide or "regex" in narrow:
        return None
    return leaf if wide == narrow or _within(wide, narrow) else None


def _within(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    if "prefix" not in wide:
        return False
    value = narrow.get("exact", narrow.get("prefix"))
    return isinstance(value, str) and value.startswith(wide["prefix"])


def _path_within(wide: PathMatch, narrow: PathMatch) -> bool:
    if "regex" in (wide.kind, narrow.kind) or wide.ignore_case != narrow.ignore_case:
        return False
    outer, inner = wide.value, narrow.value
    if wide.ignore_case:
        outer, inner = outer.lower(), inner.lower()
    if wide.kind == narrow.kind and outer == inner:
        return True
    return wide.kind == "prefix" and narrow.kind in ("exact", "prefix") and inner.startswith(outer)


def _options(use: PluginUse) -> Mapping[str, Any]:
    return use.options if isinstance(use.options, Mapping) else {}


def _joined(*names: str) -> str:
    return "-".join(filter(None, names))


def _title(route: Route) -> str:
    return f"{route.kind} {route.name}"
