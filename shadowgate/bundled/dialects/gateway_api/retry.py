"""``rules[].retry``: what is tried again, how often and when (GEP-1731, experimental)."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.gateway_api.forms import duration, seconds
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, gateway_api


def _codes(_instance: Any, _attribute: Attribute[tuple[int, ...]], value: tuple[int, ...]) -> None:
    for code in value:
        if not 400 <= code <= 599:
            raise Unfit(gateway_api.RETRY, f"a status to try again after lies between 400 and 599, not at {code}")
    if len(set(value)) < len(value):
        raise Unfit(gateway_api.RETRY, "each status is said once")


def _attempts(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and value < 1:
        raise Unfit(gateway_api.RETRY, "attempts are 1 or more; leave retry out for none")


@frozen
class Retry:
    """``HTTPRouteRetry``; connection errors and attempts that take too long are tried again whatever the codes."""

    codes: tuple[int, ...] = field(default=(), validator=_codes)
    attempts: int | None = field(default=None, validator=_attempts)
    backoff: str | None = field(default=None, validator=duration)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self) -> PluginUse:
        # Nobody has answered in the end, not even badly: 503 as in other implementations, and never 502.
        options: dict[str, Any] = {"on": ["reset"], "unanswered": 503}
        if self.codes:
            options["statuses"] = list(self.codes)
        if self.attempts is not None:
            options["attempts"] = self.attempts
        if self.backoff is not None:
            # HTTPRouteRetry.backoff is the shortest pause, Envoy's the longest one before the first retry.
            options["backoff"] = options["min_backoff"] = seconds(self.backoff)
        return PluginUse("retry", options, self.position)
