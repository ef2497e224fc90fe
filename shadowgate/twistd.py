"""What ``twistd shadowgate`` asks for its options and its service: those of ``tap``, which take a moment to import."""

from __future__ import annotations

from typing import Any

from shadowgate.early import outlive_reloads


def __getattr__(name: str) -> Any:
    if name not in ("Options", "makeService"):
        raise AttributeError(name)
    outlive_reloads()
    from shadowgate import tap

    return getattr(tap, name)
