"""The objects that were applied: one text each, by what they are called, in memory and in a directory if there is one.

What is here is in service or about to be.  Which changes are good is decided elsewhere, before they come here.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from os.path import join
from typing import Final

from attrs import evolve

from shadowgate.config.clashes import STORE, key_of
from shadowgate.errors import Position
from shadowgate.model.gateways import ObjectKey
from shadowgate.objects.disk import Disk
from shadowgate.objects.writing import yaml_text
from shadowgate.plugin import Document, Report
from shadowgate.plugin.checks import objects as checks
from shadowgate.plugin.documents import Mapping as Tree
from shadowgate.plugin.files import read_file
from shadowgate.plugin.yaml import read_text

MEMORY: Final = "<memory>"
"""Where objects stand that no directory keeps."""

CORE: Final = "core"
NO_NAMESPACE: Final = "-"
"""What stands in paths for the group and the namespace that are empty; neither can be called so."""

LONGEST_NAME: Final = 200
"""Characters of an object's name in that of its file; file systems take 255 bytes."""


class Store:
    """Objects by key.  ``disk`` keeps them; without one they last as long as the process."""

    def __init__(self, disk: Disk | None = None) -> None:
        self._disk = disk
        self._objects: dict[ObjectKey, Document] = {}
        report = Report()
        if disk is not None:
            for name in disk.names():
                self._read(name, disk.root, report)
        self.problems = tuple(report.problems)

    @property
    def durable(self) -> bool:
        """Whether the objects outlive the process."""
        return self._disk is not None

    @property
    def objects(self) -> Mapping[ObjectKey, Document]:
        """All objects; what is returned does not change any more."""
        return self._objects

    @property
    def documents(self) -> tuple[Document, ...]:
        """The objects in the order of their files, which is that of the next start as well."""
        return self.documents_with({})

    def documents_with(self, changes: Mapping[ObjectKey, Document | None]) -> tuple[Document, ...]:
        """Return the objects as they would be after these changes; None is one that is gone."""
        objects: dict[ObjectKey, Document | None] = {**self._objects, **changes}
        return tuple(document for key in sorted(objects, key=file_name) if (document := objects[key]) is not None)

    def as_kept(self, key: ObjectKey, root: Tree) -> Document:
        """Return an object as it would be read from its file, its places being those in that file."""
        report = Report()
        where = join(MEMORY if self._disk is None else self._disk.root, file_name(key))
        (document,) = read_text(yaml_text(root), where, report)
        return evolve(document, origin=STORE)

    def keep(self, changes: Mapping[ObjectKey, Document | None]) -> None:
        """Keep these objects and forget those that are None; durable on return.  Raises :class:`StoreError`.

        Waits for the disk.
        """
        if self._disk is not None:
            texts = {key: None if document is None else yaml_text(document.root) for key, document in changes.items()}
            self._disk.keep({file_name(key): text for key, text in texts.items()})
        left = {key: document for key, document in self._objects.items() if key not in changes}
        self._objects = left | {key: document for key, document in changes.items() if document is not None}

    def close(self) -> None:
        """Leave the directory to others."""
        if self._disk is not None:
            self._disk.close()

    def _read(self, name: str, root: str, report: Report) -> None:
        """Take the object of one file; what cannot be one is reported and left where it is."""
        path = join(root, name)
        own = Report()
        text = read_file(path, own)
        documents = [] if text is None else read_text(text, path, own)
        report.problems.extend(own.problems)
        if own.failed:
            message = "this file of the store cannot be read; repair it, or move it away"
            report.error(message, Position(path), check=checks.UNREADABLE)
            return
        keys = [key_of(document) for document in documents]
        if len(keys) != 1 or keys[0] is None:
            message = "a file of the store holds one object with apiVersion, kind and metadata.name"
            found = "one without them" if len(keys) == 1 else f"{len(keys)} documents"
            report.error(message, Position(path), found=found, check=checks.UNREADABLE)
        elif file_name(keys[0]) != name:
            message = f"this is {keys[0]}, which belongs at {join(root, file_name(keys[0]))}"
            report.error(message, Position(path), check=checks.UNREADABLE)
        else:
            self._objects[keys[0]] = evolve(documents[0], origin=STORE)

    def __repr__(self) -> str:
        return f"<store: {len(self._objects)} objects in {self._disk or 'memory'}>"


def file_name(key: ObjectKey) -> str:
    """Return where an object's file is below the store's directory; names have been looked at before."""
    name = key.name
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{blake2b(name.encode(), digest_size=16).hexdigest()}"
    return join(key.group or CORE, key.kind, key.namespace or NO_NAMESPACE, f"{name}.yaml")
