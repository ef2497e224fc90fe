"""``listeners[].allowedRoutes``: of which kinds and from which namespaces a listener takes routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.forms import at_most, group_name, kind_name
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import GATEWAY_GROUP
from shadowgate.plugin.checks import Unfit, gateway_api

_SERVED: Final = ((GATEWAY_GROUP, "HTTPRoute"),)


@frozen
class Requirement:
    """``matchExpressions[]``."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if (self.operator in ("In", "NotIn")) != bool(self.values):
            raise Unfit(gateway_api.SELECTOR, "In and NotIn go with values, Exists and DoesNotExist without")


@frozen
class Selector:
    """A label selector (``metav1.LabelSelector``); an empty one selects everything."""

    match_labels: Mapping[str, str] = field(factory=dict)
    match_expressions: tuple[Requirement, ...] = ()

    def translate(self) -> model.LabelSelector:
        expressions = (model.LabelRequirement(each.key, each.operator, each.values) for each in self.match_expressions)
        return model.LabelSelector(self.match_labels, tuple(expressions))


@frozen
class RouteNamespaces:
    """``namespaces``."""

    from_: Literal["All", "Same", "Selector"] = "Same"
    selector: Selector | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.from_ == "Selector" and self.selector is None:
            raise Unfit(gateway_api.SELECTOR, "from: Selector needs a selector")

    @property
    def translated_selector(self) -> model.LabelSelector | None:
        """What selects namespaces, where they are selected."""
        return None if self.selector is None or self.from_ != "Selector" else self.selector.translate()


@frozen
class RouteKind:
    """``kinds[]``."""

    group: str = field(default=GATEWAY_GROUP, validator=group_name)
    kind: str = field(kw_only=True, validator=kind_name)


@frozen
class AllowedRoutes:
    """Without kinds it is those that belong to the protocol."""

    namespaces: RouteNamespaces = field(factory=RouteNamespaces)
    kinds: tuple[RouteKind, ...] = field(default=(), validator=at_most(8, "kinds"))
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def served_kinds(self) -> tuple[tuple[str, str], ...]:
        named = tuple(dict.fromkeys((each.group, each.kind) for each in self.kinds))
        return tuple(each for each in named if each in _SERVED) if named else _SERVED

    @property
    def unserved_kinds(self) -> tuple[str, ...]:
        """The kinds that were named in vain, as they are called."""
        unserved = ((each.group, each.kind) for each in self.kinds if (each.group, each.kind) not in _SERVED)
        return tuple(kind if group == GATEWAY_GROUP else f"{group}/{kind}".lstrip("/") for group, kind in unserved)
