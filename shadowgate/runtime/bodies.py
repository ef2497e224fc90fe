"""Bodies that filters change on their way through."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from shadowgate.plugin import BodyTransform
from shadowgate.runtime.hooks import HookFailed


class Transforms:
    """The transforms of one body, one after the other."""

    __slots__ = ("_steps",)

    def __init__(self, steps: tuple[tuple[str, BodyTransform], ...]) -> None:
        self._steps = steps

    def __call__(self, data: bytes, last: bool) -> bytes:
        """Return what becomes of a piece; raises :class:`HookFailed`."""
        for name, step in self._steps:
            try:
                data = step(data, last)
            except Exception as wrong:
                raise HookFailed(name) from wrong
        return data


def begin(hooks: Iterable[tuple[str, Callable[..., BodyTransform | None]]], *heads: object) -> Transforms | None:
    """Ask each hook, with the heads, whether it changes this body; return None when none does."""
    steps = []
    for name, hook in hooks:
        try:
            step = hook(*heads)
        except Exception as wrong:
            raise HookFailed(name) from wrong
        if step is not None:
            steps.append((name, step))
    return Transforms(tuple(steps)) if steps else None
