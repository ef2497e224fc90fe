"""VirtualService ``http[].fault``: delays and failures on purpose."""

from __future__ import annotations

from typing import Any, Final

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.istio.ranges import duration
from shadowgate.bundled.dialects.istio.unserved import UNSUPPORTED
from shadowgate.bundled.dialects.istio.values import Percent
from shadowgate.bundled.dialects.istio.values import percentage as in_range
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import Duration, Node
from shadowgate.plugin.checks import Unfit, istio_routing
from shadowgate.plugin.spelling import did_you_mean

_SMALLEST: Final = 0.0001
# https://grpc.github.io/grpc/core/md_doc_statuscodes.html
_GRPC: Final = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)


def _status(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and not 200 <= value <= 600:
        raise Unfit(istio_routing.FAULT, "the status of an answer lies between 200 and 600")


def _grpc_status(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None and value not in _GRPC:
        raise Unfit(istio_routing.FAULT, f"gRPC has no status {value}{did_you_mean(value, _GRPC)}")


def _check_share(share: Percent | None, scope: Scope) -> None:
    if share is not None and 0 < share.value < _SMALLEST:
        message, expected = "this is finer than faults are shared out", f"0, or {_SMALLEST} and more"
        scope.error(
            message, share.position, found=f"{share.value:g}", expected=expected, check=istio_routing.PERCENTAGE
        )


@frozen
class Delay:
    """Istio ``HTTPFaultInjection.Delay``."""

    fixed_delay: Duration | None = field(default=None, validator=duration)
    exponential_delay: Node | None = field(default=None, metadata=UNSUPPORTED)
    percentage: Percent | None = None
    percent: int | None = field(default=None, validator=in_range)
    position: Position = field(default=NOWHERE, eq=False)

    def options(self, scope: Scope) -> dict[str, Any]:
        """Return what the filter is told, or nothing where no request is delayed."""
        _check_share(self.percentage, scope.inside("percentage"))
        if self.exponential_delay is not None:
            message = "Istio itself does not serve exponentialDelay"
            inner = scope.inside("exponentialDelay")
            inner.error(message, self.exponential_delay.position, expected="fixedDelay", check=istio_routing.FAULT)
        elif self.fixed_delay is None:
            scope.error("a delay has a length", self.position, expected="fixedDelay", check=istio_routing.FAULT)
        if self.percent is not None:
            message = "percent is deprecated; use percentage with its value"
            scope.inside("percent").warning(message, self.position, check=istio_routing.DEPRECATED)
        percent = self.percent or 0.0 if self.percentage is None else self.percentage.value
        if self.percentage is None and self.percent is None:
            _warn_in_vain(scope, self.position)
        return {"fixed": self.fixed_delay, "percent": percent} if percent and self.fixed_delay is not None else {}


@frozen
class Abort:
    """Istio ``HTTPFaultInjection.Abort``."""

    http_status: int | None = field(default=None, validator=_status)
    grpc_status: str | None = field(default=None, validator=_grpc_status)
    http2_error: Node | None = field(default=None, metadata={"key": "http2Error", **UNSUPPORTED})
    percentage: Percent | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def options(self, scope: Scope) -> dict[str, Any]:
        """Return what the filter is told, or nothing where no request is aborted."""
        _check_share(self.percentage, scope.inside("percentage"))
        if self.http2_error is not None:
            message = "Istio itself does not serve http2Error"
            inner = scope.inside("http2Error")
            inner.error(message, self.http2_error.position, expected="httpStatus", check=istio_routing.FAULT)
        if self.http_status is not None and self.grpc_status is not None:
            scope.error("httpStatus and grpcStatus exclude each other", self.position, check=istio_routing.FAULT)
        elif self.http_status is None and self.grpc_status is None:
            if self.http2_error is None:
                message = "the abort has no status and does nothing"
                scope.warning(message, self.position, expected="httpStatus", check=istio_routing.FAULT_IN_VAIN)
            return {}
        if self.percentage is None:
            _warn_in_vain(scope, self.position)
        if self.percentage is None or not self.percentage.value:
            return {}
        status = {"status": self.http_status} if self.http_status is not None else {"grpc_status": self.grpc_status}
        return {**status, "percent": self.percentage.value}


@frozen
class Fault:
    """Istio ``HTTPFaultInjection``."""

    delay: Delay | None = None
    abort: Abort | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> tuple[PluginUse, ...]:
        """Return the filter, or nothing where no request is meant."""
        if self.delay is None and self.abort is None:
            expected = "delay, abort or both"
            scope.error("the fault says nothing", self.position, expected=expected, check=istio_routing.FAULT)
        parts: dict[str, Any] = {}
        if self.delay is not None:
            parts["delay"] = self.delay.options(scope.inside("delay"))
        if self.abort is not None:
            parts["abort"] = self.abort.options(scope.inside("abort"))
        options = {key: part for key, part in parts.items() if part}
        return (PluginUse("fault", options, self.position, key="fault"),) if options else ()


def _warn_in_vain(scope: Scope, at: Position) -> None:
    message = "without a percentage no request is meant"
    scope.warning(message, at, expected="percentage", check=istio_routing.FAULT_IN_VAIN)
