"""Which files a configuration is made of, their text and documents: bounded, in a fixed order, each file once.

What the text means is ``yaml``'s to know; watching for changes is the file source's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from shadowgate.errors import Position
from shadowgate.plugin.checks import reading
from shadowgate.plugin.documents import Document, Report
from shadowgate.plugin.yaml import MAX_BYTES, read_text

MAX_FILES: Final = 10_000


def find_files(paths: Sequence[str], report: Report) -> list[str]:
    """Return the files that ``paths`` mean: files as they are, directories by their ``*.yaml`` and ``*.yml``.

    Hidden names inside directories are passed over: editors keep locks there, and a mounted Kubernetes ConfigMap
    its ``..data`` link beside the links that lead through it.
    """
    found: dict[str, str] = {}
    for path in paths:
        where = Position(path)
        if os.path.isdir(path):
            before = len(found)
            for name in _walk(path, report):
                found.setdefault(os.path.realpath(name), name)
                if len(found) > MAX_FILES:
                    report.error(f"more than {MAX_FILES:,} configuration files", where, check=reading.TOO_LARGE)
                    return []
            if len(found) == before:
                report.warning("no *.yaml or *.yml file in this directory", where, check=reading.NO_FILES)
        elif os.path.lexists(path):
            found.setdefault(os.path.realpath(path), path)
        else:
            report.error("no such file or directory", where, check=reading.FILE_MISSING)
    return list(found.values())


def read_file(path: str, report: Report) -> str | None:
    """Return the text of a regular file in UTF-8, or None after reporting why there is none."""
    where = Position(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            # Opening a pipe or a device could keep the reactor waiting for ever.
            report.error("not a regular file", where, check=reading.FILE_UNREADABLE)
            return None
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        report.error(f"cannot be read: {error.strerror or error}", where, check=reading.FILE_UNREADABLE)
        return None
    return text_of(content, path, report)


def read_stream(stream: BinaryIO, name: str, report: Report) -> str | None:
    """Return the text of what can be read only once; this waits for whoever writes it."""
    return text_of(stream.read(MAX_BYTES + 1), name, report)


def text_of(content: bytes, path: str, report: Report) -> str | None:
    """Return what was read as text, or None after reporting why it is none."""
    where = Position(path)
    if len(content) > MAX_BYTES:
        report.error(f"larger than {MAX_BYTES >> 20} MiB", where, check=reading.TOO_LARGE)
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        byte = f"the byte 0x{content[error.start]:02x}"
        report.error("not text in UTF-8", Position(path, line, column), found=byte, check=reading.NOT_UTF8)
        return None


def documents_in(text: str, path: str, report: Report) -> list[Document]:
    """Return the documents of a file's text; that there is none is worth a word."""
    own = Report()
    documents = read_text(text, path, own)
    if not documents and not own.problems:
        own.warning("there is nothing in this file", Position(path), check=reading.EMPTY)
    report.problems.extend(own.problems)
    return documents


def _walk(directory: str, report: Report) -> Iterator[str]:
    """Yield the YAML files below ``directory`` in sorted order; links in circles are not followed twice."""
    entered: set[str] = set()

    def failed(error: OSError) -> None:
        where = Position(error.filename or directory)
        report.error(f"cannot be read: {error.strerror or error}", where, check=reading.FILE_UNREADABLE)

    for folder, folders, names in os.walk(directory, onerror=failed, followlinks=True):
        real = os.path.realpath(folder)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith((".yaml", ".yml")) and not name.startswith("."):
                yield os.path.join(folder, name)
