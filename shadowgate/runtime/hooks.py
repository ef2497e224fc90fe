"""Running filters' hooks on an answer's head, and what a hook that raises becomes."""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.compiler.snapshot import ResponseHook
from shadowgate.http.head import RequestHead, ResponseHead


class HookFailed(Exception):
    """A hook raised; ``plugin`` names the filter."""

    def __init__(self, plugin: str) -> None:
        super().__init__(plugin)
        self.plugin = plugin


def change_response(hooks: Sequence[ResponseHook], request: RequestHead, response: ResponseHead) -> None:
    """Let each hook change the head; raises :class:`HookFailed`."""
    for name, hook in hooks:
        try:
            hook(request, response)
        except Exception as wrong:
            raise HookFailed(name) from wrong
