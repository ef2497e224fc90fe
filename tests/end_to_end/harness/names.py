"""A name server whose names tests give and take."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from harness.processes import Child
from harness.waiting import until


class NameServer(Child):
    """A name server on a free UDP port of the loopback, in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self._records: dict[str, Any] = {}
        self._path = directory / "zone.json"
        self._write()
        super().__init__([Path(__file__).with_name("name_server.py"), self._path], directory / "names.log")
        found = until(lambda: re.search(r"port: (\d+)", self.said), lambda: self.said)
        self.port = int(found[1])

    def set(self, name: str, kind: str, *records: tuple[Any, ...]) -> None:
        """Give a name its records, each with its lifetime at the end."""
        self._records[f"{name} {kind}"] = records
        self._write()

    def fail_at(self, name: str, kind: str = "A") -> None:
        """Answer this question with a failure of the server."""
        self._records[f"{name} {kind}"] = None
        self._write()

    def times_asked(self, name: str, kind: str = "A") -> int:
        return self.said.splitlines().count(f"asked: {name} {kind}")

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._records))
        fresh.replace(self._path)
