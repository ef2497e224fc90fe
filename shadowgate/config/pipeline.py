"""From documents to a configuration, as one page of calls: generate, choose a dialect for each, translate, assemble."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from attrs import frozen
from zope.interface.interface import InterfaceClass

from shadowgate.config.assemble import assemble
from shadowgate.config.catalog import Catalog
from shadowgate.config.clashes import without_clashes
from shadowgate.errors import NOWHERE, Problem
from shadowgate.model import Configuration, Fragment, PluginUse
from shadowgate.plugin import Document, IDialect, IGenerator, Report
from shadowgate.plugin.checks import plugins
from shadowgate.plugin.files import documents_in, find_files, read_file
from shadowgate.plugin.locate import Places
from shadowgate.plugin.spelling import did_you_mean, nearest

Kind = tuple[str, str]
"""API group and kind."""

PASSED_OVER: Final = "; it is passed over"


@frozen
class Loaded:
    """What documents amount to.  ``configuration`` is fit to be compiled when ``report`` has no error.

    ``generated`` are the documents that nobody wrote: generators made them of those that were given.
    """

    configuration: Configuration
    report: Report
    generated: tuple[Document, ...] = ()


@frozen
class _Dialects:
    """The dialects that can be used, by the kinds that they read; ``broken`` says that there should be more.

    ``looked_at`` are kinds that mean something to a generator, whether a dialect reads them or not.
    """

    by_kind: Mapping[Kind, tuple[str, Any]]
    broken: bool
    looked_at: frozenset[Kind] = frozenset()


def load(documents: Iterable[Document], problems: Iterable[Problem], catalog: Catalog) -> Loaded:
    """Return the configuration that the documents make; ``problems`` are those their source already found."""
    report = Report(list(problems))
    generators = dict(_components(IGenerator, catalog, report))
    broken = len(generators) < len(catalog.names(IGenerator))
    looked_at = frozenset(kind for generator in generators.values() for kind in generator.kinds)
    dialects = attrs.evolve(_dialects(catalog, report, broken), looked_at=looked_at)
    given = tuple(documents)
    generated = tuple(_generate(given, generators, report))
    fragments: list[Fragment] = []
    for document in (*without_clashes(given, generated, report), *generated):
        fragments.extend(_translate(document, dialects, report))
    configuration = assemble(fragments, report)
    report.problems[:] = dict.fromkeys(report.problems)  # of what stands in several routes, each says the same
    return Loaded(configuration, report, generated)


def read_paths(paths: Sequence[str], report: Report) -> list[Document]:
    """Return the documents of files, and of directories with all their YAML files, in a fixed order."""
    documents: list[Document] = []
    for name in find_files(paths, report):
        text = read_file(name, report)
        if text is not None:
            documents.extend(documents_in(text, name, report))
    return documents


def _components(point: InterfaceClass, catalog: Catalog, report: Report) -> Iterator[tuple[str, Any]]:
    """Build every component of a point, by title; one that cannot be built is a warning."""
    for name in catalog.names(point):
        own = Report()
        component = catalog.build(point, PluginUse(name), own)
        report.problems.extend(attrs.evolve(problem, severity="warning") for problem in own.problems)
        if component is not None:
            yield catalog.entry(point, name).title, component


def _dialects(catalog: Catalog, report: Report, broken: bool) -> _Dialects:
    """Build every dialect; that one cannot be built matters once a document turns up that nobody reads."""
    by_kind: dict[Kind, tuple[str, Any]] = {}
    dialects = dict(_components(IDialect, catalog, report))
    for title, dialect in dialects.items():
        for group, kind in dialect.kinds:
            other, _ = by_kind.setdefault((group, kind), (title, dialect))
            if other != title:
                shown = f"kind {kind or '(none)'} of {group or 'the core group'}"
                message = f"{other} and {title} both read {shown}; the first one does"
                report.warning(message, NOWHERE, check=plugins.READ_TWICE)
    return _Dialects(by_kind, broken or bool(catalog.failures) or len(dialects) < len(catalog.names(IDialect)))


def _generate(given: Sequence[Document], generators: Mapping[str, Any], report: Report) -> Iterator[Document]:
    """Yield what the generators make of the documents; an exception is a problem like any other."""
    for title, generator in generators.items():
        kinds = frozenset(generator.kinds)
        seen = tuple(document for document in given if (document.group, document.kind) in kinds)
        made: list[Document] = []
        own = Report()
        try:
            for document in generator.generate(seen, own) if seen else ():
                if not isinstance(document, Document):
                    raise TypeError(f"it gave a {type(document).__name__}, which is no document")
                made.append(document)
        except Exception as error:
            place = seen[0].position
            own.error(f"{title} failed: {type(error).__name__}: {error}", place, check=plugins.FAILED)
        report.problems.extend(own.problems)
        yield from made


def _translate(document: Document, dialects: _Dialects, report: Report) -> list[Fragment]:
    """Return the document's fragments; its problems carry its title, and an exception is a problem like any other."""
    found = dialects.by_kind.get((document.group, document.kind))
    if found is None:
        if (document.group, document.kind) not in dialects.looked_at:
            _report_unread(document, dialects, report)
        return []
    title, dialect = found
    own = Report()
    fragments: list[Fragment] = []
    try:
        for fragment in dialect.translate(document, own):
            if not isinstance(fragment, Fragment):
                raise TypeError(f"it gave a {type(fragment).__name__}, which is no part of a configuration")
            fragments.append(fragment)
    except Exception as error:
        own.error(f"{title} failed: {type(error).__name__}: {error}", document.position, check=plugins.FAILED)
    places = Places(document)
    report.problems.extend(_titled(places.put(problem), document.title) for problem in own.problems)
    return fragments


def _titled(problem: Problem, title: str) -> Problem:
    if not title or problem.path.startswith(title):
        return problem
    return attrs.evolve(problem, path=f"{title}: {problem.path}" if problem.path else title)


def _report_unread(document: Document, dialects: _Dialects, report: Report) -> None:
    """Say that nobody reads this kind, and which kind was probably meant."""
    group, kind = document.group, document.kind
    node = document.root.get("kind") or document.root.get("apiVersion") or document.root
    if not kind:
        message = "this document has an apiVersion but no kind, so it is passed over"
        report.warning(message, node.position, check=plugins.UNREAD)
        return
    groups = sorted({each for each, named in dialects.by_kind if named == kind})
    message = f"nothing here reads {document.api_version or 'a document without apiVersion'}, kind {kind}"
    if groups:
        choice = nearest(group, groups) or groups[0]
        message += f', did you mean the API group "{choice}"?' if choice else ', did you mean apiVersion "v1"?'
    else:
        message += did_you_mean(kind, sorted({named for _, named in dialects.by_kind if named}))
    if dialects.broken:
        # What is not served because its dialect is missing must not replace what is in service.
        message += "; a plugin could not be imported"
        report.error(message, node.position, path=document.title, check=plugins.UNREAD)
    else:
        message += PASSED_OVER
        report.warning(message, node.position, path=document.title, check=plugins.UNREAD)
