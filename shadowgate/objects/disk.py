"""Texts in a directory, changed one or several at a time: after the end of the process or of the power at any moment,
each change is there as a whole or not at all.

A text is written beside its place, made durable, and renamed.  Several are written into one folder together with the
plan of where they belong; renaming that folder decides, and what was decided is carried out, now or at the next start.
What the texts mean is not known here.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from os.path import dirname, exists, join
from typing import Final

HIDDEN: Final = "."
"""What names of our own begin with; texts are at names without it."""

FRESH: Final = ".fresh"
DRAFT: Final = ".draft"
DECIDED: Final = ".decided"
PLAN: Final = "plan"
LOCK: Final = ".lock"


class StoreError(Exception):
    """The directory cannot be used; the text says why."""


class FileSystem:
    """The few operations that keeping is made of: a test ends the world between any two of them."""

    def write(self, path: str, content: bytes) -> None:
        """Make a new file, durable but for its name."""
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, path: str, target: str) -> None:
        os.rename(path, target)

    def remove(self, path: str) -> None:
        """Remove a file; that there is none is as good."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def make_folder(self, path: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)

    def remove_folder(self, path: str) -> None:
        with suppress(FileNotFoundError):
            os.rmdir(path)

    def settle(self, folder: str) -> None:
        """Make the names in a folder durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Disk:
    """``root`` is this gateway's alone while the object lives.  Everything here waits for the disk."""

    def __init__(self, root: str, files: FileSystem | None = None) -> None:
        self.root = root
        self._files = files or FileSystem()
        self._undecided = ""
        try:
            os.makedirs(root, mode=0o700, exist_ok=True)
            self._lock = _locked(root)
        except OSError as wrong:
            raise StoreError(f"the store {root} cannot be used: {wrong.strerror or wrong}") from wrong
        try:
            self._clean_up()
        except BaseException as wrong:
            os.close(self._lock)
            if isinstance(wrong, OSError):
                raise StoreError(f"the store {root} cannot be put in order: {wrong.strerror or wrong}") from wrong
            raise

    def close(self) -> None:
        """Leave the directory to others."""
        os.close(self._lock)

    def names(self) -> Iterator[str]:
        """Yield the paths of all texts below ``root``, in a fixed order; raises :class:`StoreError`."""
        try:
            for folder, folders, names in os.walk(self.root, onerror=_raise):
                folders[:] = sorted(name for name in folders if not name.startswith(HIDDEN))
                for name in sorted(names):
                    if not name.startswith(HIDDEN):
                        yield os.path.relpath(join(folder, name), self.root)
        except OSError as wrong:
            raise StoreError(f"the store {self.root} cannot be read: {wrong.strerror or wrong}") from wrong

    def keep(self, changes: Mapping[str, str | None]) -> None:
        """Write these texts, remove those that are None; raise :class:`StoreError` where that cannot be.

        Then nothing has changed, unless the error says that this cannot be known; from there on nothing is kept
        until the next start has looked.
        """
        if self._undecided:
            raise StoreError(self._undecided)
        try:
            if len(changes) == 1:
                ((name, text),) = changes.items()
                self._keep_one(name, text)
            elif changes:
                self._keep_all(changes)
        except OSError as wrong:
            reason = f"the store {self.root} cannot be written: {wrong.strerror or wrong}"
            if self._undecided:
                reason = self._undecided = f"{reason}; {self._undecided}"
            raise StoreError(reason) from wrong

    def _keep_one(self, name: str, text: str | None) -> None:
        files, target, fresh = self._files, join(self.root, name), join(self.root, FRESH)
        if text is None:
            with self._deciding():
                files.remove(target)
                files.settle(dirname(target))
            return
        try:
            files.write(fresh, text.encode())
            self._make_folders(name)
            files.rename(fresh, target)
        except OSError:
            with suppress(OSError):
                files.remove(fresh)
            raise
        with self._deciding():
            files.settle(dirname(target))

    def _keep_all(self, changes: Mapping[str, str | None]) -> None:
        files, draft = self._files, join(self.root, DRAFT)
        plan = [(name, None if text is None else str(place)) for place, (name, text) in enumerate(changes.items())]
        try:
            files.make_folder(draft)
            for name, place in plan:
                if place is not None:
                    files.write(join(draft, place), str(changes[name]).encode())
                    self._make_folders(name)
            files.write(join(draft, PLAN), json.dumps(plan).encode())
            files.settle(draft)
            files.rename(draft, join(self.root, DECIDED))
        except OSError:
            with suppress(OSError):
                self._discard(DRAFT)
            raise
        with self._deciding():
            files.settle(self.root)
            self._carry_out()

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """What fails in here may have been done or not."""
        try:
            yield
        except OSError:
            self._undecided = "whether the last change is kept will be known at the next start"
            raise

    def _carry_out(self) -> None:
        """Do what was decided.  It may have been begun: each step can be done again."""
        files, decided = self._files, join(self.root, DECIDED)
        if exists(join(decided, PLAN)):
            with open(join(decided, PLAN), "rb") as file:
                plan: list[tuple[str, str | None]] = json.load(file)
            for name, place in plan:
                if place is None:
                    files.remove(join(self.root, name))
                elif exists(join(decided, place)):
                    files.rename(join(decided, place), join(self.root, name))
            for folder in sorted({dirname(join(self.root, name)) for name, _ in plan}):
                if exists(folder):
                    files.settle(folder)
        self._discard(DECIDED)
        files.settle(self.root)

    def _clean_up(self) -> None:
        """Finish what was decided and throw away what was not, after an end in the middle of it."""
        self._carry_out()
        self._discard(DRAFT)
        self._files.remove(join(self.root, FRESH))

    def _discard(self, folder: str) -> None:
        path = join(self.root, folder)
        if exists(path):
            for name in sorted(os.listdir(path)):
                self._files.remove(join(path, name))
            self._files.remove_folder(path)

    def _make_folders(self, name: str) -> None:
        """Make the folders of a name, each durable in the one above."""
        above = self.root
        for part in dirname(name).split("/") if dirname(name) else ():
            below = join(above, part)
            if not exists(below):
                self._files.make_folder(below)
                self._files.settle(above)
            above = below

    def __repr__(self) -> str:
        return f"<disk {self.root}{': ' + self._undecided if self._undecided else ''}>"


def _locked(root: str) -> int:
    """Return a descriptor that holds the directory's lock; the system lets go of it when the process ends."""
    descriptor = os.open(join(root, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Of the open file and not of the process: a daemon forks after this.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreError(f"the store {root} belongs to another gateway, which runs") from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _raise(error: OSError) -> None:
    raise error
