"""All clients of the soak, in a thread of their own, so that the weather does not have to wait for them."""

from __future__ import annotations

import asyncio
from itertools import count
from random import Random
from threading import Thread
from typing import Final

from soak.visits import Record, Visitor

LAST_VISIT: Final = 60.0
"""Seconds that the visits under way may take to end."""


class Traffic:
    """``clients`` visitors, each with a chance of its own, until :meth:`stop`."""

    def __init__(self, port: int, seed: str, clients: int, pause: float, record: Record, numbers: count[int]) -> None:
        self._visitors = [
            Visitor(port, numbers, Random(f"{seed}, client {number}"), record, pause) for number in range(clients)
        ]
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._run(),), name="traffic")
        self._thread.start()

    def stop(self) -> None:
        """Let every client finish its visit and leave."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(LAST_VISIT)
        if self._thread.is_alive():
            raise RuntimeError("a visit never ended")
        self._loop.close()

    async def _run(self) -> None:
        await asyncio.gather(*(visitor.run(self._stopping) for visitor in self._visitors))
        await asyncio.sleep(0.1)  # for connections that are being closed
