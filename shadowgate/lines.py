"""Log events as text that nobody outside can forge: an event is one line, its traceback indented lines after it.

What strangers have a say in, which is messages and the words of exceptions, keeps to its line: line breaks and other
control characters are written as escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from twisted.logger import ILogObserver, LogEvent, eventAsText
from zope.interface import provider

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def line_observer(write: Callable[[str], object]) -> ILogObserver:
    """Return an observer that has events written, with their time, level and namespace."""

    def observe(event: LogEvent) -> None:
        if lines := lines_of(event):
            write("".join(f"{line}\n" for line in lines))

    observer: ILogObserver = provider(ILogObserver)(observe)
    return observer


def lines_of(event: LogEvent, *, bare: bool = False) -> list[str]:
    """Return an event's lines, none where it says nothing; ``bare`` ones are without time, level and namespace."""
    failure = event.get("log_failure")
    if failure is not None and not event.get("log_format"):
        event = {**event, "log_format": "unhandled error"}  # twisted.web finds no words for it
    text = eventAsText(event, includeTraceback=False, includeTimestamp=not bare, includeSystem=not bare)
    if not text:
        return []
    return [_visible(text), *([] if failure is None else _trace(failure))]


def _trace(failure: Any) -> Iterator[str]:
    said, trace = failure.getErrorMessage(), failure.getTraceback()
    for line in (trace.replace(said, _visible(said)) if said else trace).split("\n"):
        if line.strip():
            yield f"    {_visible(line)}"


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
