"""A file that lines go to, written by a thread of its own.

A disk that stalls or a pipe that nobody reads must not hold a request: batches queue up to a bound, past it they are
dropped and counted.  Reopening happens in the same thread, in its place among the batches.  That thread has nowhere to
complain to: what it could complain to may be what is stuck.  So it leaves word, and others tell.

Nothing is buffered on the way, so it is known which lines were written whole.  Of a line that found no room to its end
nothing is left in a file, and something else never goes on where it was cut.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from queue import Empty, SimpleQueue
from select import POLLOUT, poll
from threading import Thread
from time import monotonic, sleep

from twisted.logger import Logger

log = Logger(namespace="shadowgate")

QUEUE_BYTES = 16 * 1024 * 1024

STDOUT = 1

PIPE_BYTES = 4096
"""What a pipe takes as one, so that lines of several processes do not mix there (``PIPE_BUF`` of pipe(7))."""


def open_lines(path: str) -> FileIO:
    """Open a path to append lines to; ``-`` is standard output."""
    return FileIO(STDOUT, "w", closefd=False) if path == "-" else FileIO(path, "a")


def _log_trouble(trouble: str) -> None:
    log.error("{trouble}", trouble=trouble)


def is_regular(file: FileIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


class LineSink:
    """Writes whole batches of lines to a path, or to standard output for ``-``.

    ``file`` is the path opened already, by somebody who was allowed to.  ``tell`` is given a sentence, on the caller's
    thread, when writing begins to fail.  ``note`` makes a line of how many were lost, to stand before the next that is
    written.  Several processes may write to one path: each appends whole lines.
    """

    def __init__(
        self,
        path: str,
        file: FileIO | None = None,
        *,
        tell: Callable[[str], object] = _log_trouble,
        note: Callable[[int], bytes] | None = None,
    ) -> None:
        self.path = path
        self._tell = tell
        self._file = file or open_lines(path)
        self._note = note
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._troubles: SimpleQueue[str] = SimpleQueue()
        self._thread: Thread | None = None
        # Every number has one writer, so that no lock is needed.  The caller's:
        self._queued = 0
        self._refused = 0
        # The thread's:
        self._regular = is_regular(self._file)
        self._written = 0
        self._failed = 0
        self._noted = 0
        self._failing = False
        self._cut = False

    @property
    def lost(self) -> int:
        """How many lines found no room, or could not be written."""
        return self._refused + self._failed

    def start(self) -> None:
        """Begin writing; to be called after any fork."""
        self._thread = Thread(target=self._run, name=f"lines to {self.path}", daemon=True)
        self._thread.start()

    def write(self, batch: bytes) -> None:
        """Have whole lines written."""
        self._tell_troubles()
        if self._queued - self._written > QUEUE_BYTES:
            self._refused += batch.count(b"\n")
        else:
            self._queued += len(batch)
            self._queue.put(batch)

    def reopen(self) -> None:
        """Go on in a new file of the same name, after a rotation moved the old one."""
        if self.path != "-":
            self._queue.put(b"")

    def drain(self, seconds: float) -> None:
        """Wait until all is written that was to be, for at most so long."""
        deadline = monotonic() + seconds
        while self._written != self._queued and monotonic() < deadline:
            sleep(0.001)

    def stop(self, seconds: float = 2.0) -> None:
        """Write what is waiting, for at most so long, and close the file."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(seconds)
            if self._thread.is_alive():
                self._give_up()  # stuck in a write: the file ends with the process
                return
        self._tell_troubles()
        if self.path != "-":
            self._file.close()

    def _give_up(self) -> None:
        with suppress(Empty):
            while True:
                self._refused += (self._queue.get_nowait() or b"").count(b"\n")

    def _tell_troubles(self) -> None:
        while not self._troubles.empty():
            self._tell(self._troubles.get())

    # In the thread

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            if batch:
                self._append(batch)
                self._written += len(batch)
            else:
                self._open_again()

    def _append(self, batch: bytes) -> None:
        lost = self.lost
        before = b"\n" if self._cut else b""
        if self._note is not None and lost != self._noted:
            before += self._note(lost - self._noted)
        data = before + batch
        written = 0
        with self._alone() as alone:
            try:
                for piece in (data,) if self._regular else _pieces(data):
                    for taken in self._takes(piece):
                        written += taken
            except (OSError, ValueError) as wrong:
                self._failed += batch.count(b"\n", max(written - len(before), 0))
                if not self._failing:
                    self._failing = True
                    self._troubles.put(f"cannot write {self.path}: {wrong}")
                if written:
                    cut = written - (data.rfind(b"\n", 0, written) + 1)
                    self._cut = cut > 0 and not (alone and self._took_back(cut))
            else:
                self._failing = self._cut = False
        if written >= len(before):
            self._noted = lost

    def _takes(self, data: bytes) -> Iterator[int]:
        """Write all of it, however little is taken at a time; yield how much that was."""
        rest = memoryview(data)
        while rest:
            if (taken := self._file.write(rest)) is None:  # somebody made it non-blocking, and it is full
                room = poll()
                room.register(self._file, POLLOUT)
                room.poll()
                continue
            yield taken
            rest = rest[taken:]

    def _took_back(self, size: int) -> bool:
        """Take the last bytes back that were written; False where they are not the file's last."""
        file = self._file.fileno()
        with suppress(OSError):
            end = os.lseek(file, 0, os.SEEK_CUR)
            if end == os.fstat(file).st_size:
                os.ftruncate(file, end - size)
                os.lseek(file, end - size, os.SEEK_SET)
                return True
        return False

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keep other processes from writing to a file meanwhile; whether that can be done is what there is to know."""
        alone = False
        if self._regular:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_EX)
                alone = True
        try:
            yield alone
        finally:
            if alone:
                with suppress(OSError):  # what holds no lock any more needs none to be given back
                    fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _open_again(self) -> None:
        try:
            reopened = open_lines(self.path)
        except OSError as wrong:
            self._troubles.put(f"cannot open {self.path} again, and goes on in the old file: {wrong}")
            return
        with suppress(OSError):
            self._file.close()
        self._file, self._regular, self._cut = reopened, is_regular(reopened), False


def _pieces(batch: bytes) -> Iterator[bytes]:
    """Cut a batch after lines, so that no piece with more than one line is longer than a pipe takes as one."""
    start = 0
    while len(batch) - start > PIPE_BYTES:
        end = batch.rfind(b"\n", start, start + PIPE_BYTES) + 1 or batch.find(b"\n", start) + 1 or len(batch)
        yield batch[start:end]
        start = end
    if start < len(batch):
        yield batch[start:]
