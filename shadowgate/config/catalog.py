"""Every component there is, by extension point and name: found, checked, imported when first used, and built.

Nobody else asks ``twisted.plugin`` for components.  Bundled ones get no other treatment than a third party's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import attrs
from attrs import define, field, frozen
from twisted.plugin import getPlugins
from zope.interface import Invalid
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyClass

from shadowgate.config.discovery import BrokenDropin, Found, discover
from shadowgate.errors import PluginError
from shadowgate.model import PluginUse
from shadowgate.plugin import (
    API_VERSION,
    IBalancer,
    IDeclaration,
    IDialect,
    IFilter,
    IGenerator,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    IRetryPolicy,
    ISource,
    Report,
    describe,
    read,
)
from shadowgate.plugin.checks import plugins
from shadowgate.plugin.spelling import did_you_mean

POINTS: Mapping[InterfaceClass, str] = {
    IMatcher: "matcher",
    IBalancer: "balancer",
    IRetryPolicy: "retry",
    IFilter: "filter",
    IMirrorPolicy: "mirror",
    IMirrorObserver: "mirror-observer",
    ISource: "source",
    IGenerator: "generator",
    IDialect: "dialect",
}
"""What people call the extension points."""


@frozen
class Entry:
    """One declared component.  ``error`` says why it cannot be used, as far as its declaration tells."""

    point: InterfaceClass
    name: str
    target: str
    distribution: str = ""
    dropin: str = ""
    error: str = ""

    @property
    def point_name(self) -> str:
        return POINTS.get(self.point, getattr(self.point, "__name__", str(self.point)))

    @property
    def origin(self) -> str:
        """Who is to be asked about it: the distribution, or else the file or the package that it came from."""
        return self.distribution or self.dropin or self.target.partition(".")[0]

    @property
    def title(self) -> str:
        """How problems speak of it: ``plugin header-in (acme-canary 1.2)``."""
        return f"plugin {self.name} ({self.origin})"


@define(eq=False)
class Catalog:
    """The components of this process.  ``entries`` are sorted by extension point and name."""

    entries: tuple[Entry, ...]
    failures: tuple[BrokenDropin, ...] = ()
    _by_name: dict[tuple[InterfaceClass, str], Entry] = field(init=False, repr=False)
    _classes: dict[tuple[InterfaceClass, str], type[Any]] = field(factory=dict, init=False, repr=False)

    @_by_name.default
    def _index(self) -> dict[tuple[InterfaceClass, str], Entry]:
        return {(entry.point, entry.name): entry for entry in self.entries}

    @classmethod
    def discover(cls) -> Catalog:
        """Ask ``twisted.plugin``, once; drop-ins that cannot be imported are in ``failures``."""
        found, failures = discover(lambda: getPlugins(IDeclaration))
        return cls(_entries(found), failures)

    @classmethod
    def of(cls, declarations: Iterable[Any]) -> Catalog:
        """Return a catalog of these declarations and nothing that happens to be installed."""
        return cls(_entries(Found(declaration) for declaration in declarations))

    def names(self, point: InterfaceClass) -> tuple[str, ...]:
        """Return what can be asked for at an extension point."""
        return tuple(dict.fromkeys(entry.name for entry in self.entries if entry.point is point))

    def entry(self, point: InterfaceClass, name: str) -> Entry:
        """Return the entry of a name, or raise a PluginError that suggests another one."""
        entry = self._by_name.get((point, name))
        if entry is None:
            names = self.names(point)
            message = f'there is no {POINTS.get(point, point.__name__)} "{name}"{did_you_mean(name, names)}'
            if self.failures:
                message += f" (not importable: {'; '.join(map(str, self.failures))})"
            raise PluginError(message)
        return entry

    def component_class(self, point: InterfaceClass, name: str) -> type[Any]:
        """Return the component's class, imported and checked the first time that it is asked for."""
        found = self._classes.get((point, name))
        if found is None:
            entry = self.entry(point, name)
            if entry.error:
                raise PluginError(f"{entry.title}: {entry.error}")
            found = self._classes[point, name] = _load(entry)
        return found

    def build(self, point: InterfaceClass, use: PluginUse, report: Report, path: str = "") -> Any:
        """Return the component that ``use`` asks for, or None after reporting what is wrong with it or its options."""
        try:
            component = self.component_class(point, use.name)
        except PluginError as error:
            names = self.names(point)
            unknown = (point, use.name) not in self._by_name
            expected = f"one of {', '.join(names)}" if unknown and names else ""
            check = plugins.UNKNOWN_PLUGIN if unknown else plugins.UNUSABLE
            report.error(str(error), use.position, path=path, expected=expected, check=check)
            return None
        own = Report()
        try:
            built = read(component, use.options, own, position=use.position)
        except Exception as error:
            own.error(f"cannot be made: {type(error).__name__}: {error}", use.position, check=plugins.FAILED)
            built = None
        if not own.problems:
            return built
        title = self.entry(point, use.name).title
        for problem in own.problems:
            inner = f"{path}: {problem.path}" if path and problem.path else path or problem.path
            report.problems.append(attrs.evolve(problem, message=f"{title}: {problem.message}", path=inner))
        return built

    def __repr__(self) -> str:
        return f"<Catalog of {len(self.entries)} components, {len(self.failures)} drop-ins broken>"


def _entries(found: Iterable[Found]) -> tuple[Entry, ...]:
    """Return the declarations as entries in a fixed order; of two with one name, neither can be used.

    To prefer one of them would decide by installation order what a configuration means.
    """
    entries = sorted(map(_entry, found), key=lambda each: (each.point_name, each.name, each.origin, each.target))
    groups: dict[tuple[InterfaceClass, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.point, entry.name), []).append(entry)
    return tuple(
        entry if len(group) == 1 else attrs.evolve(entry, error=_ambiguity(group))
        for group in groups.values()
        for entry in group
    )


def _entry(found: Found) -> Entry:
    declared = found.declaration
    error = ""
    if declared.api != API_VERSION:
        error = f"made for version {declared.api} of the plugin contract; this ShadowGate has version {API_VERSION}"
    elif declared.point not in POINTS:
        error = f"declares an extension point that ShadowGate does not have, {declared.point!r}"
    return Entry(declared.point, declared.name, declared.target, found.distribution, found.dropin, error)


def _ambiguity(group: list[Entry]) -> str:
    origins = " and ".join(f"{entry.origin} ({entry.target})" for entry in group)
    return f'declared {len(group)} times as {group[0].point_name} "{group[0].name}": by {origins}; uninstall one'


def _load(entry: Entry) -> type[Any]:
    module, _, name = entry.target.rpartition(".")
    try:
        found: Any = getattr(import_module(module), name)
    except Exception as error:
        raise PluginError(f"{entry.title}: {entry.target} cannot be imported: {_reason(error)}") from error
    if not isinstance(found, type) or not attrs.has(found):
        raise PluginError(f"{entry.title}: {entry.target} is not an attrs class; put @frozen above it")
    try:
        verifyClass(entry.point, found)
    except Invalid as error:
        words = " ".join(str(error).split())
        raise PluginError(f"{entry.title}: {entry.target} is no {entry.point.__name__}: {words}") from error
    try:
        describe(found)
    except PluginError as error:
        raise PluginError(f"{entry.title}: {entry.target}: {error}") from error
    return found


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
