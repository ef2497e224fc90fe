"""The ``shadow-report`` observer: what became of each shadow, as lines of JSON in a file of bounded size."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from attrs import define, field, frozen, validators
from zope.interface import implementer

from shadowgate.plugin import ByteSize, Environment, IMirrorObserver, MirrorResult

MOST_PENDING = 10_000
"""Lines kept between two writes; the rest is counted and lost: an observer must not eat the gateway's memory."""


@implementer(IMirrorObserver)
@frozen
class ShadowReport:
    """Appends one JSON object a line for each shadow: when, which request, what the candidate answered, how fast.

    The query is left out: it may carry what should not be kept.  When the file is full it becomes ``FILE.1``, and an
    earlier ``FILE.1`` goes.
    """

    response_bytes: ClassVar[int] = 0

    file: str = field(validator=validators.min_len(1), metadata={"doc": "The file to append to."})
    only: Literal["all", "trouble"] = field(
        default="all",
        metadata={"doc": "`trouble` leaves out shadows that were answered with a status below 500."},
    )
    max_size: ByteSize = field(
        default=ByteSize(64 * 1024 * 1024),
        validator=validators.ge(ByteSize(1024)),
        metadata={"doc": "Size at which a new file is begun; twice as much is the most that is kept."},
    )

    def compile(self, env: Environment) -> Callable[[MirrorResult], None]:
        lost = env.metrics.counter("shadow_report_lost", "Lines that the shadow-report could not write.")
        return _Writer(self.file, self.max_size, self.only == "trouble", env, lost).observe


@define
class _Writer:
    """Collects the lines of one turn of the reactor and appends them together.

    The file is opened for each batch, so that it may be moved or deleted at any time.
    """

    file: str
    max_size: int
    only_trouble: bool
    env: Environment
    lost: Callable[[], None]
    pending: list[str] = field(factory=list)
    failing: bool = False

    def observe(self, result: MirrorResult) -> None:
        if self.only_trouble and result.response is not None and result.response.status < 500:
            return
        if len(self.pending) >= MOST_PENDING:
            self.lost()
            return
        if not self.pending:
            self.env.clock.callLater(0, self.write)
        self.pending.append(json.dumps(_entry(result, self.env.clock.seconds()), separators=(",", ":")) + "\n")

    def write(self) -> None:
        lines, self.pending = self.pending, []
        try:
            with open(self.file, "ab") as file:
                file.write("".join(lines).encode())
                full = file.tell() >= self.max_size
            if full:
                os.replace(self.file, f"{self.file}.1")
            self.failing = False
        except OSError as error:
            # Said once, not for every batch: the counter tells how much is missing.
            if not self.failing:
                self.env.log.warn("shadow-report cannot write {file}: {error}", file=self.file, error=str(error))
            self.failing = True
            for _ in lines:
                self.lost()


def _entry(result: MirrorResult, now: float) -> dict[str, Any]:
    head = result.request
    return {
        "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
        "mirror": result.mirror,
        "requestId": result.request_id.decode("latin-1"),
        "method": head.method.decode("latin-1"),
        "host": head.authority.decode("latin-1"),
        "path": head.path.decode("latin-1"),
        "endpoint": result.endpoint,
        "outcome": result.outcome,
        "reason": result.reason,
        "status": None if result.response is None else result.response.status,
        "milliseconds": round(result.duration * 1000, 3),
        "requestBytes": result.sent,
        "responseBytes": result.received,
    }
