"""What ``twisted.plugin`` finds: declarations with where they came from, and the drop-ins that could not be imported.

Components are not imported here, and nothing is decided about the declarations; see ``catalog``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from types import ModuleType
from typing import Any, Final

from attrs import field, frozen
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

_PACKAGE: Final = "twisted.plugins."
_FOLDER: Final = os.path.join("twisted", "plugins")


@frozen
class Found:
    """One declaration; ``distribution`` and ``dropin`` (a file) are empty where they cannot be told."""

    declaration: Any = field(repr=False)
    distribution: str = ""
    dropin: str = ""


@frozen(order=True)
class BrokenDropin:
    """A file in a ``twisted/plugins`` directory that raised when it was imported, and what it raised."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


def discover(find: Callable[[], Iterable[Any]]) -> tuple[tuple[Found, ...], tuple[BrokenDropin, ...]]:
    """Return the declarations that ``find`` gives and the drop-ins that broke meanwhile.

    ``find`` asks ``getPlugins``, which logs what a broken drop-in raises and goes on without it: the log is the only
    place where the reason can be had.
    """
    failures: list[Failure] = []

    @implementer(ILogObserver)
    def keep_failure(event: LogEvent) -> None:
        failure = event.get("failure") or event.get("log_failure")
        if event.get("isError") and isinstance(failure, Failure):
            failures.append(failure)

    globalLogPublisher.addObserver(keep_failure)
    try:
        declarations = list(find())
    finally:
        globalLogPublisher.removeObserver(keep_failure)
    files = {id(value): file for file, values in _dropins() for value in values}
    owners = metadata.packages_distributions()
    found = (
        Found(declaration, distribution_of(declaration.target, owners), files.get(id(declaration), ""))
        for declaration in declarations
    )
    return tuple(found), tuple(sorted({_broken(failure) for failure in failures}))


def distribution_of(target: str, owners: Mapping[str, Iterable[str]]) -> str:
    """Return name and version of the distribution that ``target``'s top package is in."""
    package = str(target).partition(".")[0]
    names = sorted(set(owners.get(package, ())))
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)


def _dropins() -> Iterator[tuple[str, list[object]]]:
    """Yield each imported drop-in's file with all that stands in it."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith(_PACKAGE) and isinstance(module, ModuleType):
            yield module.__file__ or name, list(vars(module).values())


def _broken(failure: Failure) -> BrokenDropin:
    error = failure.value
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and _in_dropin(error.filename or ""):
        return BrokenDropin(str(error.filename), reason)
    file = next((frame[1] for frame in failure.frames if _in_dropin(frame[1])), "")
    return BrokenDropin(file or "a drop-in that cannot be told", reason)


def _in_dropin(file: str) -> bool:
    return os.path.dirname(file).endswith(_FOLDER)
