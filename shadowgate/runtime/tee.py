"""The mirrors' side of one request: every piece goes to each shadow, and whatever goes wrong stays here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from shadowgate.compiler.snapshot import CompiledMirror
from shadowgate.http.head import RequestHead
from shadowgate.http.headers import Pair
from shadowgate.runtime.core import Core
from shadowgate.runtime.mirror import Shadow, fire


class Tee:
    """The shadows of one request, fired when its head has gone to the primary.

    Of a request that is complete they are fired once the turn's clients and primaries have been served.
    """

    __slots__ = ("_core", "_fire", "_shadows")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._fire: Callable[[], tuple[Shadow, ...]] | None = None
        self._shadows: tuple[Shadow, ...] = ()

    def start(
        self,
        mirrors: Sequence[CompiledMirror],
        head: RequestHead,
        request_id: bytes,
        length: int,
        data: bytes,
        ended: bool,
        trailers: Sequence[Pair],
    ) -> None:
        """Copy the head with the first of the body to every mirror that samples it."""
        core = self._core
        self._fire = partial(fire, core, mirrors, head, request_id, length, data, ended, trailers)
        turns = core.turns
        if ended and turns is not None and turns.serving:
            turns.unsent_shadows.append(self)
        else:
            self.flush()

    def flush(self) -> None:
        start, self._fire = self._fire, None
        try:
            if start is not None:
                self._shadows = start()
        except Exception:
            self._failed()

    def write(self, data: bytes) -> None:
        try:
            for shadow in self._shadows:
                shadow.send(data)
        except Exception:
            self._failed()

    def end(self, trailers: Sequence[Pair]) -> None:
        try:
            for shadow in self._shadows:
                shadow.end(trailers)
        except Exception:
            self._failed()

    def cancel(self, reason: str) -> None:
        """The request will never be complete."""
        try:
            for shadow in self._shadows:
                shadow.cancel(reason)
        except Exception:
            self._failed()

    def _failed(self) -> None:
        self._shadows = ()
        self._core.plugin_failures.note("mirroring", "mirroring failed; the primary goes on")
