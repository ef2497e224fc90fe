"""``requestMirror``: a copy of each request, or of a share of them, for another backend."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.backends import BackendObject
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, gateway_api


def _percent(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and not 0 <= value <= 100:
        raise Unfit(gateway_api.SHARE, "a percentage lies between 0 and 100")


@frozen
class Fraction:
    """``fraction``."""

    numerator: int
    denominator: int = 100
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.denominator < 1:
            raise Unfit(gateway_api.SHARE, "a denominator is 1 or more")
        if not 0 <= self.numerator <= self.denominator:
            raise Unfit(gateway_api.SHARE, f"the numerator lies between 0 and the denominator, {self.denominator}")


@frozen
class RequestMirror:
    """Without a share everything is copied."""

    backend_ref: BackendObject
    percent: int | None = field(default=None, validator=_percent)
    fraction: Fraction | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.percent is not None and self.fraction is not None:
            raise Unfit(gateway_api.SHARE, "percent and fraction exclude each other")

    def translate(self, namespace: str, suffix: str | None) -> model.Mirror:
        """Return the mirror; one that copies nothing is kept, as its reference has a say in the route's conditions."""
        share: float | None = None
        if self.percent is not None:
            share = float(self.percent)
        elif self.fraction is not None:
            share = 100 * self.fraction.numerator / self.fraction.denominator
        policy = None if share is None or share == 100 else PluginUse("random", {"percent": share}, self.position)
        destination = self.backend_ref.destination(namespace)
        # The API is silent about the Host of copies, and nothing is what people expect to be added.
        return model.Mirror(destination, policy=policy, suffix=suffix, keeps_host=True, position=self.position)
