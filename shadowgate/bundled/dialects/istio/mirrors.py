"""VirtualService ``http[].mirror`` and ``mirrors[]``: where copies go, and how many requests are copied."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.istio.values import Destination, Percent
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import Scalar
from shadowgate.plugin.checks import istio_routing
from shadowgate.plugin.scalars import integer


@frozen
class MirrorPolicy:
    """Istio ``HTTPMirrorPolicy``, an item of ``mirrors``."""

    destination: Destination
    percentage: Percent | None = None
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Mirroring:
    """The fields of a rule that mirror, taken together."""

    position: Position
    mirror: Destination | None = None
    percentage: Percent | None = None
    percent: Scalar | None = None
    mirrors: tuple[MirrorPolicy, ...] = ()

    def translate(self, scope: Scope) -> tuple[model.Mirror, ...]:
        if self.mirror is not None and self.mirrors:
            message = "mirror and mirrors exclude each other"
            expected = "all of them in mirrors"
            inner = scope.inside("mirror")
            inner.error(message, self.mirror.position, expected=expected, check=istio_routing.MIRRORS_EXCLUDE)
        if self.percent is not None:
            message = "mirrorPercent is deprecated; use mirrorPercentage with its value"
            scope.inside("mirrorPercent").warning(message, self.percent.position, check=istio_routing.DEPRECATED)
        governing = self.percentage or self.percent
        if self.mirror is None and governing is not None:
            message = "there is no mirror that this percentage could govern; each item of mirrors has its own"
            key = "mirrorPercent" if self.percentage is None else "mirrorPercentage"
            scope.inside(key).warning(message, governing.position, check=istio_routing.PERCENTAGE_IN_VAIN)
        return tuple(self._mirrors(scope))

    def _mirrors(self, scope: Scope) -> Iterator[model.Mirror]:
        if self.mirror is not None:
            percentage = self.percentage
            if percentage is None and self.percent is not None:
                percentage = Percent(integer(self.percent.text), self.percent.position)
            yield from _mirror(self.mirror, percentage, self.mirror.position, scope.inside("mirror"))
        for index, item in enumerate(self.mirrors):
            inner = scope.inside(f"mirrors[{index}].destination")
            yield from _mirror(item.destination, item.percentage, item.position, inner)


def _mirror(
    destination: Destination, percentage: Percent | None, position: Position, scope: Scope
) -> Iterator[model.Mirror]:
    """Yield the mirror; without a percentage it copies everything, with 0 there is none."""
    destination.check(scope)
    if percentage is not None and percentage.value == 0:
        return
    policy = None
    if percentage is not None and percentage.value < 100:
        policy = PluginUse("random", {"percent": percentage.value}, percentage.position)
    yield model.Mirror(destination.translate(scope), policy=policy, position=position)
