"""From documents to a configuration, as one page of calls: choose a dialect for each, translate, assemble."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from attrs import frozen

from shadowgate.config.assemble import assemble
from shadowgate.config.catalog import Catalog
from shadowgate.errors import Problem
from shadowgate.model import Configuration, Fragment, PluginUse
from shadowgate.plugin import Document, IDialect, Report
from shadowgate.plugin.checks import plugins
from shadowgate.plugin.files import find_files, read_file
from shadowgate.plugin.spelling import did_you_mean, nearest
from shadowgate.plugin.yaml import read_text

Kind = tuple[str, str]
"""API group and kind."""


@frozen
class Loaded:
    """What documents amount to.  ``configuration`` is fit to be compiled when ``report`` has no error."""

    configuration: Configuration
    report: Report


@frozen
class _Dialects:
    """The dialects that can be used, by the kinds that they read; ``broken`` says that there should be more."""

    by_kind: Mapping[Kind, tuple[str, Any]]
    broken: bool


def load(documents: Iterable[Document], problems: Iterable[Problem], catalog: Catalog) -> Loaded:
    """Return the configuration that the documents make; ``problems`` are those their source already found."""
    report = Report(list(problems))
    dialects = _dialects(catalog, report)
    fragments: list[Fragment] = []
    for document in documents:
        fragments.extend(_translate(document, dialects, report))
    return Loaded(assemble(fragments, report), report)


def read_paths(paths: Sequence[str], report: Report) -> list[Document]:
    """Return the documents of files, and of directories with all their YAML files, in a fixed order."""
    documents: list[Document] = []
    for name in find_files(paths, report):
        text = read_file(name, report)
        if text is not None:
            documents.extend(read_text(text, name, report))
    return documents


def _dialects(catalog: Catalog, report: Report) -> _Dialects:
    """Build every dialect; one that cannot be built is a warning, until a document turns up that nobody reads."""
    by_kind: dict[Kind, tuple[str, Any]] = {}
    broken = bool(catalog.failures)
    for name in catalog.names(IDialect):
        own = Report()
        dialect = catalog.build(IDialect, PluginUse(name), own)
        report.problems.extend(attrs.evolve(problem, severity="warning") for problem in own.problems)
        if dialect is None:
            broken = True
            continue
        title = catalog.entry(IDialect, name).title
        for group, kind in dialect.kinds:
            other, _ = by_kind.setdefault((group, kind), (title, dialect))
            if other != title:
                shown = f"kind {kind or '(none)'} of {group or 'the core group'}"
                message = f"{other} and {title} both read {shown}; the first one does"
                report.warning(message, PluginUse(name).position, check=plugins.READ_TWICE)
    return _Dialects(by_kind, broken)


def _translate(document: Document, dialects: _Dialects, report: Report) -> list[Fragment]:
    """Return the document's fragments; its problems carry its title, and an exception is a problem like any other."""
    found = dialects.by_kind.get((document.group, document.kind))
    if found is None:
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
    report.problems.extend(_titled(problem, document.title) for problem in own.problems)
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
        message += f', did you mean the API group "{choice}"?'
    else:
        message += did_you_mean(kind, sorted({named for _, named in dialects.by_kind if named}))
    if dialects.broken:
        # What is not served because its dialect is missing must not replace what is in service.
        message += "; a plugin could not be imported"
        report.error(message, node.position, path=document.title, check=plugins.UNREAD)
    else:
        message += "; it is passed over"
        report.warning(message, node.position, path=document.title, check=plugins.UNREAD)
