"""A file for what the process says of itself, written by a thread of its own.

A pipe that nobody reads holds no request.  What finds no room is lost, and the next line that does says how many lines
that were.
"""

from __future__ import annotations

from io import FileIO, RawIOBase, TextIOWrapper
from threading import RLock
from time import monotonic
from typing import Any, Final

from shadowgate.net.sink import LineSink

PATIENCE: Final = 2.0
"""Seconds that the last words may take, all together."""


class BackgroundFile(RawIOBase):
    """Writes whole lines to ``file`` in a thread."""

    def __init__(self, file: FileIO) -> None:
        self.name = file.name
        # That it cannot be written could only be said here.
        self._sink = LineSink("-", file, tell=lambda trouble: None, note=_lost)
        self._sink.start()
        # Any thread may log, and a signal's handler in the middle of that.
        self._lock = RLock()
        self._deadline: float | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        given = bytes(data)
        with self._lock:
            self._sink.write(given)
        if self._deadline is not None:
            self._sink.drain(self._deadline - monotonic())
        return len(given)

    def finish(self) -> None:
        """From now on wait for what is to be written, as the process may end at any time."""
        if self._deadline is None:
            self._deadline = monotonic() + PATIENCE
            self._sink.drain(PATIENCE)

    def close(self) -> None:
        self.finish()
        super().close()


def as_text(file: BackgroundFile) -> TextIOWrapper:
    """Return a text file that writes what it is given at once, in UTF-8, whatever is in it."""
    return TextIOWrapper(file, "utf-8", "backslashreplace", write_through=True)


def _lost(lines: int) -> bytes:
    return b"%d lines of this log were lost: they could not be written\n" % lines
