"""Documents from YAML files and directories of them, looked at again and again.

What the files say is published, whatever it is: keeping the last good configuration when a file is half-written or
wrong is the gateway's decision.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from attrs import Attribute, define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from shadowgate.errors import Problem
from shadowgate.plugin import Document, Duration, Environment, ISource, OneOrMany, Report, SourceHandle
from shadowgate.plugin.files import documents_in, find_files, read_file

Publish = Callable[[Sequence[Document], Sequence[Problem]], None]


def _some(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    if not value:
        raise ValueError("give at least one file or directory")


def _positive(_instance: Any, _attribute: Attribute[Duration], value: Duration) -> None:
    if value <= 0:
        raise ValueError("the interval must be longer than nothing")


@implementer(ISource)
@frozen
class FilesSource:
    """Reads YAML files, and directories recursively, and follows their changes.

    Changes are found by looking, not by file-system events: those do not cross network mounts and container layers.
    """

    paths: OneOrMany[str] = field(
        validator=_some,
        metadata={"doc": "Files, or directories whose *.yaml and *.yml are read, subdirectories included."},
    )
    interval: Duration = field(
        default=Duration(1.0),
        validator=_positive,
        metadata={"doc": "How often to look for changes."},
    )

    def compile(self, publish: Publish, env: Environment) -> SourceHandle:
        watch = _Watch(self.paths, publish, env)
        return SourceHandle(lambda: watch.start(self.interval), watch.stop, watch.reload)


@frozen
class _Content:
    """What one file held when it was last read.  ``signature`` tells cheaply whether to read it again."""

    signature: tuple[int, ...] | None
    digest: bytes
    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


Published = tuple[list[Document], list[Problem]]


@define
class _Watch:
    """The files as last seen, by path; ``published`` says which state of them was last given away.

    Reading and parsing happen in the background, one look at a time; only publishing happens on the reactor's thread.
    """

    paths: Sequence[str]
    publish: Publish
    env: Environment
    contents: dict[str, _Content] = field(factory=dict)
    published: object = None
    loop: LoopingCall | None = None
    looking: Deferred[None] | None = None
    afresh: bool = False

    def start(self, interval: float) -> None:
        self.loop = LoopingCall(self.look)
        self.loop.clock = self.env.clock
        self.loop.start(interval, now=True)

    def stop(self) -> None:
        if self.loop is not None and self.loop.running:
            self.loop.stop()

    def reload(self) -> None:
        """Read everything again and publish it, changed or not."""
        self.afresh = True
        if self.looking is None:
            self.look()

    def look(self) -> Deferred[None] | None:
        """Publish if anything differs from last time; an error here must not end the watch."""
        if self.looking is not None:
            return None
        afresh, self.afresh = self.afresh, False
        looking = self.env.background(lambda: self.read(afresh)).addCallbacks(self.give, self.fail)
        if not looking.called:
            self.looking = looking
            looking.addCallback(self.looked)
        return looking

    def read(self, afresh: bool) -> Published | None:
        """Return everything if anything has changed; runs in the background and touches nothing but this object."""
        report = Report()
        names = find_files(self.paths, report)
        self.contents = {name: self.content(name, afresh) for name in names}
        state = (tuple(report.problems), tuple((name, seen.digest) for name, seen in self.contents.items()))
        if state == self.published and not afresh:
            return None
        self.published = state
        problems = [*report.problems]
        documents: list[Document] = []
        for seen in self.contents.values():
            documents.extend(seen.documents)
            problems.extend(seen.problems)
        return documents, problems

    def give(self, found: Published | None) -> None:
        if found is not None:
            try:
                self.publish(*found)
            except Exception:
                self.env.log.failure("the configuration that was read could not be taken over")

    def fail(self, failure: Failure) -> None:
        self.env.log.failure("the configuration files could not be looked at", failure=failure)

    def looked(self, _: object) -> None:
        self.looking = None
        if self.afresh:
            self.look()

    def content(self, name: str, afresh: bool) -> _Content:
        """Return what the file holds, read again only when its signature has changed or ``afresh``."""
        signature = _signature(name)
        seen = self.contents.get(name)
        if not afresh and seen is not None and signature is not None and seen.signature == signature:
            return seen
        report = Report()
        text = read_file(name, report)
        digest = blake2b(repr(report.problems).encode() if text is None else text.encode()).digest()
        if seen is not None and seen.digest == digest:
            return _Content(signature, digest, seen.documents, seen.problems)
        documents = [] if text is None else documents_in(text, name, report)
        return _Content(signature, digest, tuple(documents), tuple(report.problems))

    def __repr__(self) -> str:
        running = self.loop is not None and self.loop.running
        return f"<files {', '.join(self.paths)}: {len(self.contents)} files, {'watching' if running else 'stopped'}>"


def _signature(path: str) -> tuple[int, ...] | None:
    """Return what changes with a file's content; None when it cannot be had, which is never equal."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
