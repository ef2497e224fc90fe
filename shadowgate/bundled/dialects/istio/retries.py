"""VirtualService ``http[].retries``: what is tried again, how often and when."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.istio.ranges import duration
from shadowgate.bundled.dialects.istio.unserved import UNSERVED
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import Duration
from shadowgate.plugin.checks import Unfit, istio_routing
from shadowgate.plugin.spelling import did_you_mean

# Envoy ``x-envoy-retry-on`` and ``x-envoy-retry-grpc-on``, as far as Istio takes them.
_CONDITIONS: Final = (
    *("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx", "refused-stream"),
    *("retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure"),
    *("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"),
)
_BY_STATUS: Final = "retriable-status-codes"
_STATUSES: Final = frozenset(int(status) for status in HTTPStatus)


def _not_negative(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value < 0:
        raise Unfit(istio_routing.RETRIES, "attempts are 0 or more")


def default_retries(at: Position) -> PluginUse:
    """Return what holds where nothing is said: Istio's default is the policy's own, two further attempts."""
    return PluginUse("retry", None, at)


@frozen
class Retries:
    """Istio ``HTTPRetry``."""

    attempts: int = field(default=0, validator=_not_negative)
    per_try_timeout: Duration | None = field(default=None, validator=duration)
    retry_on: str = ""
    retry_remote_localities: bool | None = field(default=None, metadata=UNSERVED)
    retry_ignore_previous_hosts: bool | None = None
    backoff: Duration | None = field(default=None, validator=duration)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> PluginUse | None:
        """Return the policy, or None where requests are not tried again."""
        conditions, statuses = self._conditions(scope.inside("retryOn"))
        if self.retry_remote_localities:
            message = "retries are not kept from, nor sent to, other localities than balancing prefers"
            scope.inside("retryRemoteLocalities").warning(message, self.position, check=istio_routing.NOT_SERVED)
        if not self.attempts:
            self._check_disabled(scope)
            return None
        options: dict[str, Any] = {"attempts": self.attempts}
        if conditions:
            options["on"] = conditions
        if statuses:
            options["statuses"] = statuses
        if self.backoff is not None:
            options["backoff"] = self.backoff
            # Envoy RetryBackOff.max_interval: ten times the base where it is not said.
            options["max_backoff"] = 10 * self.backoff
        if self.retry_ignore_previous_hosts is False:
            options["elsewhere"] = False
        return PluginUse("retry", options, self.position, key="retries")

    def _check_disabled(self, scope: Scope) -> None:
        others = (
            *(self.per_try_timeout, self.retry_on or None, self.backoff),
            *(self.retry_remote_localities, self.retry_ignore_previous_hosts),
        )
        if any(value is not None for value in others):
            message = "there are no attempts, so that nothing else can be said of them"
            scope.error(message, self.position, expected="attempts of 1 or more", check=istio_routing.RETRIES)

    def _conditions(self, scope: Scope) -> tuple[tuple[str, ...], tuple[int, ...]]:
        conditions: list[str] = []
        statuses: list[int] = []
        for word in filter(None, map(str.strip, self.retry_on.split(","))):
            if word.isdecimal() and int(word) in _STATUSES:
                statuses.append(int(word))
            elif word in _CONDITIONS:
                conditions.append(word)
            else:
                message = f'"{word}" is no condition for retries{did_you_mean(word, _CONDITIONS)}'
                expected = f"a status code, or one of {', '.join(_CONDITIONS)}"
                scope.error(message, self.position, expected=expected, check=istio_routing.RETRIES)
        if statuses and _BY_STATUS not in conditions:
            conditions.append(_BY_STATUS)
        return tuple(conditions), tuple(statuses)
