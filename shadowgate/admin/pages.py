"""What the admin API tells, whoever serves: one gateway here, or the supervisor of several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, succeed

from shadowgate.admin.metrics import render_metrics
from shadowgate.admin.question import Question, answer
from shadowgate.admin.view import State
from shadowgate.compiler.snapshot import Snapshot
from shadowgate.errors import BadRequest
from shadowgate.gateway import Gateway
from shadowgate.objects.desk import Desk
from shadowgate.plugin import Environment

Answer = tuple[int, str, bytes]
"""Status, content type and text."""

PLAIN: Final = "text/plain; charset=utf-8"

Arguments = Mapping[bytes, Sequence[bytes]]
"""A URL's query."""


class Pages(Protocol):
    """Where the pages' content comes from."""

    env: Environment
    desk: Desk | None

    def unready(self) -> str:
        """Return why new clients are not welcome, or ``""``."""

    def metrics(self) -> Deferred[bytes]: ...

    def state(self) -> Deferred[State]: ...

    def explain(self, arguments: Arguments) -> Deferred[Answer]: ...


class GatewayPages:
    """The pages of one gateway."""

    def __init__(self, gateway: Gateway, desk: Desk | None = None) -> None:
        self._gateway = gateway
        self.env = gateway.env
        self.desk = desk

    def unready(self) -> str:
        if self._gateway.ready:
            return ""
        return "draining" if self._gateway.core.draining else "no configuration in service"

    def metrics(self) -> Deferred[bytes]:
        return succeed(render_metrics(self._gateway))

    def state(self) -> Deferred[State]:
        return succeed(State.of(self._gateway))

    def explain(self, arguments: Arguments) -> Deferred[Answer]:
        snapshot = self._gateway.snapshot
        explained: Deferred[Answer] = self.env.background(lambda: _explain(arguments, snapshot, self._gateway))
        return explained


def json_answer(value: Any, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(value, indent=2).encode() + b"\n"


def _explain(arguments: Arguments, snapshot: Snapshot, gateway: Gateway) -> Answer:
    try:
        question = Question.from_query(arguments)
        return json_answer(answer(question, snapshot, gateway.catalog, gateway.core.prepare))
    except ValueError as wrong:
        return json_answer({"error": str(wrong)}, 400)
    except BadRequest as refused:
        return json_answer({"refused": refused.reason, "status": refused.status}, 422)
