"""A file that lines go to, written by a thread of its own.

A disk that stalls or a pipe that nobody reads must not hold a request: batches queue up to a bound, past it they are
dropped and counted.  Reopening happens in the same thread, in its place among the batches.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

QUEUE_BYTES = 16 * 1024 * 1024


class LineSink:
    """Writes whole batches of lines to a path, or to standard output for ``-``.

    ``lost`` is called, on the caller's thread, with the number of lines of each batch that found no room.
    """

    def __init__(self, path: str, lost: Callable[[int], None]) -> None:
        self.path = path
        self._lost = lost
        self._file = self._open()
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._queued = 0
        self._written = 0
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin writing; to be called after any fork."""
        self._thread = Thread(target=self._run, name=f"lines to {self.path}", daemon=True)
        self._thread.start()

    def write(self, batch: bytes) -> None:
        # Two counters, each with one writer: no lock is needed to know what is waiting.
        if self._queued - self._written > QUEUE_BYTES:
            self._lost(batch.count(b"\n"))
            return
        self._queued += len(batch)
        self._queue.put(batch)

    def reopen(self) -> None:
        """Go on in a new file of the same name, after a rotation moved the old one."""
        if self.path != "-":
            self._queue.put(b"")

    def stop(self, seconds: float = 2.0) -> None:
        """Write what is waiting, for at most so long."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(seconds)
            self._thread = None

    def _open(self) -> BinaryIO:
        return sys.stdout.buffer if self.path == "-" else open(self.path, "ab", buffering=0)

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            try:
                if not batch:
                    reopened = self._open()
                    self._file.close()
                    self._file = reopened
                    continue
                self._file.write(batch)
                self._file.flush()
            except (OSError, ValueError) as wrong:
                print(f"shadowgate: cannot write {self.path}: {wrong}", file=sys.stderr)
            self._written += len(batch)
