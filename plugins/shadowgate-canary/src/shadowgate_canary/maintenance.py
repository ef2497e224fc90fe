"""The ``maintenance`` filter: a switch that an operator throws with ``touch``."""

from __future__ import annotations

import os
from collections.abc import Callable

from attrs import define, field, frozen, validators
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from shadowgate.plugin import Duration, Environment, FilterHooks, IFilter, Reply, RequestHead


@implementer(IFilter)
@frozen
class Maintenance:
    """Answers 503 for as long as a file exists; without the file every request goes its way."""

    file: str = field(validator=validators.min_len(1), metadata={"doc": "The file that switches maintenance on."})
    retry_after: Duration = field(
        default=Duration(60.0),
        validator=validators.ge(Duration(0.0)),
        metadata={"doc": "When clients may come back (RFC 9110 section 10.2.3); whole seconds."},
    )
    message: str = field(default="Down for maintenance.\n", metadata={"doc": "The answer's body, plain text."})
    check_every: Duration = field(
        default=Duration(1.0),
        validator=validators.ge(Duration(0.0)),
        metadata={"doc": "How old the knowledge of the file may be."},
    )

    def compile(self, env: Environment) -> FilterHooks:
        closed = Reply(
            503,
            self.message.encode(),
            ((b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"%d" % self.retry_after)),
            reason="maintenance",
        )
        switch = _Switch(self.file, self.check_every, env.clock)
        refused = env.metrics.counter("maintenance_refused", "Requests answered by the maintenance filter.")
        return FilterHooks(on_request=_hook(switch, closed, refused))


@define
class _Switch:
    """Whether a file exists, looked up at most once in a while: a hook must not touch the disk for every request."""

    file: str
    check_every: float
    clock: IReactorTime
    is_on: bool = False
    looked: float = float("-inf")

    def look(self) -> bool:
        now = self.clock.seconds()
        if now - self.looked >= self.check_every:
            self.looked = now
            self.is_on = os.path.exists(self.file)
        return self.is_on


def _hook(switch: _Switch, closed: Reply, refused: Callable[[], None]) -> Callable[[RequestHead], Reply | None]:
    def on_request(head: RequestHead) -> Reply | None:
        if not switch.look():
            return None
        refused()
        return closed

    return on_request
