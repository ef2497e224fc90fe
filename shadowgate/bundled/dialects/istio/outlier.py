"""Istio's ``outlierDetection``: when an endpoint is ejected, and for how long."""

from __future__ import annotations

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.ranges import count, duration, per_cent
from shadowgate.bundled.dialects.istio.unserved import UNSERVED, report_unserved
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Duration, Node
from shadowgate.plugin.checks import istio_destinations, istio_routing


@frozen
class OutlierDetection:
    """Istio ``OutlierDetection``; the block's presence turns it on, its defaults are the model's."""

    consecutive_5xx_errors: int | None = field(default=None, validator=count)
    consecutive_gateway_errors: int | None = field(default=None, validator=count)
    consecutive_errors: int | None = field(default=None, validator=count)
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failures: int | None = field(default=None, validator=count)
    interval: Duration | None = field(default=None, validator=duration)
    base_ejection_time: Duration | None = field(default=None, validator=duration)
    max_ejection_percent: int = field(default=0, validator=per_cent)
    min_health_percent: int = field(default=0, validator=per_cent)
    outlier_detection_http_error_codes: Node | None = field(default=None, metadata=UNSERVED)
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.OutlierDetection:
        report_unserved(self, scope)
        if self.consecutive_errors is not None:
            # The older field counted 502, 503 and 504, as consecutiveGatewayErrors does.
            message = "consecutiveErrors is the older name of consecutiveGatewayErrors"
            scope.inside("consecutiveErrors").warning(message, self.position, check=istio_routing.DEPRECATED)
        if self.consecutive_local_origin_failures and not self.split_external_local_origin_errors:
            message = "it counts only with splitExternalLocalOriginErrors: true"
            inner = scope.inside("consecutiveLocalOriginFailures")
            inner.error(message, self.position, check=istio_destinations.LOCAL_ORIGIN)
        gateway = self.consecutive_gateway_errors
        given = {
            "consecutive_5xx": self.consecutive_5xx_errors,
            "consecutive_gateway_errors": self.consecutive_errors if gateway is None else gateway,
            "consecutive_local_origin": self.consecutive_local_origin_failures,
            "interval": self.interval,
            "base_ejection": self.base_ejection_time,
            "max_ejection_percent": self.max_ejection_percent or None,
        }
        return model.OutlierDetection(
            split_local_origin=self.split_external_local_origin_errors,
            min_health_percent=self.min_health_percent,
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        )
