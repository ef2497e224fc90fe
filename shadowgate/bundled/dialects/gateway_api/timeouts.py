"""``rules[].timeouts``: how long a request, and one attempt of it, may take."""

from __future__ import annotations

from attrs import field, frozen

from shadowgate.bundled.dialects.gateway_api.forms import duration, seconds
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Duration
from shadowgate.plugin.checks import Unfit, gateway_api


@frozen
class Timeouts:
    """``0s`` switches a bound off; what is not said is the gateway's own."""

    request: str | None = field(default=None, validator=duration)
    backend_request: str | None = field(default=None, validator=duration)
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.whole and self.attempt is not None and self.attempt > self.whole:
            raise Unfit(gateway_api.TIMEOUTS, "backendRequest is longer than request")

    @property
    def whole(self) -> Duration | None:
        return None if self.request is None else seconds(self.request)

    @property
    def attempt(self) -> Duration | None:
        return None if self.backend_request is None else seconds(self.backend_request)
