"""A file that lines go to, written by a thread of its own.

A disk that stalls or a pipe that nobody reads must not hold a request: batches queue up to a bound, past it they are
dropped and counted.  Reopening happens in the same thread, in its place among the batches.  Nothing is buffered on the
way, so it is known which lines were written whole when a disk is full.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import FileIO
from queue import SimpleQueue
from select import select
from threading import Thread

QUEUE_BYTES = 16 * 1024 * 1024

STDOUT = 1

PIPE_BYTES = 4096
"""What a pipe takes as one, so that lines of several processes do not mix there (``PIPE_BUF`` of pipe(7))."""


def open_lines(path: str) -> FileIO:
    """Open a path to append lines to; ``-`` is standard output."""
    return FileIO(STDOUT, "w", closefd=False) if path == "-" else FileIO(path, "a")


def _is_regular(file: FileIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _pieces(batch: bytes) -> Iterator[bytes]:
    """Cut a batch after lines, so that no piece with more than one line is longer than a pipe takes as one."""
    start = 0
    while len(batch) - start > PIPE_BYTES:
        end = batch.rfind(b"\n", start, start + PIPE_BYTES) + 1 or batch.find(b"\n", start) + 1 or len(batch)
        yield batch[start:end]
        start = end
    if start < len(batch):
        yield batch[start:]


class LineSink:
    """Writes whole batches of lines to a path, or to standard output for ``-``.

    ``lost`` is called, on the caller's thread, with the number of lines that found no room or could not be written.
    ``file`` is the path opened already, by somebody who was allowed to.  Several processes may write to one path: each
    appends whole lines.
    """

    def __init__(self, path: str, lost: Callable[[int], None], file: FileIO | None = None) -> None:
        self.path = path
        self._lost = lost
        self._file = file or open_lines(path)
        self._regular = _is_regular(self._file)
        self._cut = False
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._queued = 0
        self._written = 0
        self._failed = 0
        self._told = 0
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin writing; to be called after any fork."""
        self._thread = Thread(target=self._run, name=f"lines to {self.path}", daemon=True)
        self._thread.start()

    def write(self, batch: bytes) -> bool:
        """Have a batch written; False where there is no room for it."""
        # Counters with one writer each: no lock is needed to know what is waiting and what failed.
        if self._failed != self._told:
            failed, before = self._failed, self._told
            self._told = failed
            self._lost(failed - before)
        if self._queued - self._written > QUEUE_BYTES:
            self._lost(batch.count(b"\n"))
            return False
        self._queued += len(batch)
        self._queue.put(batch)
        return True

    def reopen(self) -> None:
        """Go on in a new file of the same name, after a rotation moved the old one."""
        if self.path != "-":
            self._queue.put(b"")

    def stop(self, seconds: float = 2.0) -> bool:
        """Write what is waiting, for at most so long, and close the file; False where that did not suffice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join(seconds)
            if thread.is_alive():
                return False  # stuck in a write: the file ends with the process
        if self.path != "-":
            self._file.close()
        return True

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            if batch:
                self._append(batch)
                self._written += len(batch)
            else:
                self._open_again()

    def _append(self, batch: bytes) -> None:
        """Write a whole batch, however little is taken at a time; a line that was cut is not continued by the next."""
        written = 0
        try:
            if self._cut:
                self._file.write(b"\n")
                self._cut = False
            for piece in (batch,) if self._regular else _pieces(batch):
                rest = memoryview(piece)
                while rest:
                    if (taken := self._file.write(rest)) is None:
                        select((), (self._file,), ())  # somebody made it non-blocking, and it is full
                        continue
                    written += taken
                    rest = rest[taken:]
        except (OSError, ValueError) as wrong:
            self._failed += batch.count(b"\n", written)
            self._cut = self._cut or batch[written - 1 : written] not in (b"", b"\n")
            self._tell(wrong)

    def _open_again(self) -> None:
        try:
            reopened = open_lines(self.path)
        except OSError as wrong:
            self._tell(wrong)
            return
        with suppress(OSError):
            self._file.close()
        self._file, self._regular, self._cut = reopened, _is_regular(reopened), False

    def _tell(self, wrong: Exception) -> None:
        with suppress(OSError, ValueError):  # it may be the same disk that is full
            print(f"shadowgate: cannot write {self.path}: {wrong}", file=sys.stderr, flush=True)
