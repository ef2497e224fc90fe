"""A file for what the process says of itself, written by a thread of its own.

A pipe that nobody reads holds no request.  What finds no room is lost, and the next line that does says how many lines
that were.
"""

from __future__ import annotations

from io import FileIO, RawIOBase, TextIOWrapper
from threading import RLock
from typing import Any

from shadowgate.net.sink import LineSink


class BackgroundFile(RawIOBase):
    """Writes to ``file`` in a thread, until it is to be finished."""

    def __init__(self, file: FileIO) -> None:
        self.name = file.name
        self._lost = 0
        self._file = file
        self._sink = LineSink("-", self._count, file)
        # Any thread may log, and a signal's handler in the middle of that.
        self._lock = RLock()
        self._sink.start()
        self._finished = False
        self._stuck = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        given = bytes(data)
        with self._lock:
            if self._finished:
                if not self._stuck:
                    self._file.write(given)
                return len(given)
            lost = self._lost
            told = b"%d lines of this log were lost here: they could not be written\n" % lost if lost else b""
            if self._sink.write(told + given):
                self._lost -= lost
            elif told:
                self._lost -= 1  # what tells of the others is none of them
        return len(given)

    def finish(self) -> None:
        """Write what is waiting, for at most some seconds; what comes later is written at once, or is lost as well."""
        self._stuck = not self._sink.stop()
        self._finished = True

    def close(self) -> None:
        if not self._finished:
            self.finish()
        super().close()

    def _count(self, lines: int) -> None:
        self._lost += lines


def as_text(file: BackgroundFile) -> TextIOWrapper:
    """Return a text file that writes what it is given at once, in UTF-8, whatever is in it."""
    return TextIOWrapper(file, "utf-8", "backslashreplace", write_through=True)
