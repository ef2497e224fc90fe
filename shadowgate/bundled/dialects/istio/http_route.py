"""VirtualService ``http[]``: one rule, with its matches, where its requests go, and what is done with them.

Filters stand in the order in which a mesh's proxy does the same: ``corsPolicy``, ``fault``, ``redirect`` or
``directResponse``, ``headers``, ``rewrite``.  Matching is over by then and sees the request as it came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attrs import Attribute, field

from shadowgate import model
from shadowgate.bundled.dialects.istio.cors import CorsPolicy
from shadowgate.bundled.dialects.istio.direct_response import DirectResponse
from shadowgate.bundled.dialects.istio.fault import Fault
from shadowgate.bundled.dialects.istio.matches import HTTPMatch
from shadowgate.bundled.dialects.istio.mirrors import Mirroring, MirrorPolicy
from shadowgate.bundled.dialects.istio.ranges import duration
from shadowgate.bundled.dialects.istio.redirect import Redirect
from shadowgate.bundled.dialects.istio.retries import Retries, default_retries
from shadowgate.bundled.dialects.istio.rewrite import Rewrite
from shadowgate.bundled.dialects.istio.values import Destination, Headers, Percent, percentage
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.fixed import fixed
from shadowgate.model import PluginUse
from shadowgate.plugin import Duration, Scalar
from shadowgate.plugin.checks import Unfit, istio_routing
from shadowgate.plugin.scalars import integer


def _not_negative(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if value < 0:
        raise Unfit(istio_routing.WEIGHT, "a weight is 0 or more")


def _whole_percentage(instance: Any, attribute: Attribute[Any], value: Scalar | None) -> None:
    if value is not None:
        percentage(instance, attribute, integer(value.text))


_AS_IT_IS: Final = Headers()
_WHOLE: Final = 100
"""What weights had to add up to in Istio for long, and what they are taken for: per cent."""


@fixed
class RouteDestination:
    """Istio ``HTTPRouteDestination``."""

    destination: Destination
    weight: int = field(default=0, validator=_not_negative)
    headers: Headers = _AS_IT_IS
    position: Position = field(default=NOWHERE, eq=False)


@fixed
class Delegate:
    """Istio ``Delegate``: a VirtualService without hosts whose rules stand in place of this one."""

    name: str = ""
    namespace: str = ""
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> model.Delegate:
        if not self.name:
            message = "a rule delegates to somebody by name"
            scope.error(message, self.position, expected="name", check=istio_routing.DELEGATE)
        return model.Delegate(self.name, self.namespace or scope.namespace, self.position)


@fixed
class HTTPRoute:
    """Istio ``HTTPRoute``."""

    name: str = ""
    match: tuple[HTTPMatch, ...] = ()
    route: tuple[RouteDestination, ...] = ()
    redirect: Redirect | None = None
    direct_response: DirectResponse | None = None
    delegate: Delegate | None = None
    rewrite: Rewrite | None = None
    timeout: Duration | None = field(default=None, validator=duration)
    retries: Retries | None = None
    fault: Fault | None = None
    mirror: Destination | None = None
    mirrors: tuple[MirrorPolicy, ...] = ()
    mirror_percent: Scalar | None = field(default=None, validator=_whole_percentage)
    mirror_percentage: Percent | None = None
    cors_policy: CorsPolicy | None = None
    headers: Headers | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope, *, delegated: bool = False) -> model.Rule | None:
        """Return the rule, or None where none of its matches can hold; ``delegated`` ones stand in a delegate."""
        self._check_actions(scope, delegated=delegated)
        given = (match.translate(scope.inside(f"match[{index}]")) for index, match in enumerate(self.match))
        matches = tuple(match for match in given if match is not None)
        mirroring = Mirroring(self.position, self.mirror, self.mirror_percentage, self.mirror_percent, self.mirrors)
        rule = model.Rule(
            matches=matches,
            destinations=tuple(self._destinations(scope.inside("route"))),
            filters=tuple(self._filters(scope)),
            mirrors=mirroring.translate(scope),
            retry=self._retry(scope.inside("retries")),
            timeout=self.timeout,
            attempt_timeout=None if self.retries is None else self.retries.per_try_timeout,
            delegate=None if self.delegate is None else self.delegate.translate(scope.inside("delegate")),
            said=tuple(self._said()),
            name=self.name,
            position=self.position,
        )
        return None if self.match and not matches else rule

    def _check_actions(self, scope: Scope, *, delegated: bool) -> None:
        """Report a rule without an action, and actions that exclude each other (``validateHTTPRouteConflict``)."""

        def refuse(message: str) -> None:
            scope.error(message, self.position, check=istio_routing.ACTIONS_EXCLUDE)

        if self.delegate is not None:
            if delegated:
                message = "a delegate's rule cannot delegate any further"
                scope.inside("delegate").error(message, self.delegate.position, check=istio_routing.DELEGATE)
            if self.route or self.redirect is not None:
                refuse("delegate excludes route and redirect: the delegate's rules have them")
            return
        if self.redirect is not None and self.direct_response is not None:
            refuse("redirect and directResponse exclude each other")
        for name, answer in (("redirect", self.redirect), ("directResponse", self.direct_response)):
            if answer is None:
                continue
            others = {"route": self.route or None, "fault": self.fault, "rewrite": self.rewrite}
            excluded = [key for key, value in others.items() if value is not None]
            if excluded:
                refuse(f"{name} excludes {' and '.join(excluded)}: nothing is forwarded")
        if not self.route and not self._answers:
            expected = "route, redirect or directResponse" + ("" if delegated else ", or delegate")
            message = "the rule does not say what becomes of its requests"
            scope.error(message, self.position, expected=expected, check=istio_routing.NO_ACTION)

    @property
    def _answers(self) -> bool:
        return self.redirect is not None or self.direct_response is not None

    def _retry(self, scope: Scope) -> PluginUse | None:
        if self.retries is not None:
            return self.retries.translate(scope)
        return None if self._answers else default_retries(self.position)

    def _filters(self, scope: Scope) -> Iterator[PluginUse]:
        if self.cors_policy is not None:
            yield self.cors_policy.translate(scope.inside("corsPolicy"))
        if self.fault is not None:
            yield from self.fault.translate(scope.inside("fault"))
        if self.redirect is not None:
            yield self.redirect.translate(scope.inside("redirect"), self.match)
        if self.direct_response is not None:
            yield self.direct_response.translate(scope.inside("directResponse"))
        if self.headers is not None:
            yield from self.headers.translate(scope.inside("headers"))
        if self.rewrite is not None:
            yield from self.rewrite.translate(scope.inside("rewrite"))
        if len(self._authorities) > 1:
            message = "the host is given more than once, by rewrite.authority and headers.request"
            scope.error(message, self.position, check=istio_routing.AUTHORITY_TWICE)

    @property
    def _authorities(self) -> tuple[str, ...]:
        rewritten = () if self.rewrite is None or not self.rewrite.authority else (self.rewrite.authority,)
        return rewritten + (() if self.headers is None else self.headers.request.authorities)

    def _said(self) -> Iterator[str]:
        """Yield what a delegate does not take over: keys of filters, and fields of the model's Rule."""
        for key, value in (
            ("corsPolicy", self.cors_policy),
            ("fault", self.fault),
            ("redirect", self.redirect),
            ("directResponse", self.direct_response),
            ("headers", self.headers),
            ("rewrite", self.rewrite),
            ("retry", self.retries),
            ("timeout", self.timeout),
            ("mirrors", self.mirror or self.mirrors or None),
        ):
            if value is not None:
                yield key

    def _destinations(self, scope: Scope) -> Iterator[model.Destination]:
        """Yield those that have a share: one alone has all of it, among several a weight of 0 is none."""
        several = len(self.route) > 1
        if several and not any(item.weight for item in self.route):
            message = "several destinations, and none has a weight above 0"
            scope.error(message, self.position, expected="a weight at each", check=istio_routing.WEIGHT)
        elif several and sum(item.weight for item in self.route) != _WHOLE:
            message = f"the weights make {sum(item.weight for item in self.route)} and not 100; shares are of their sum"
            scope.info(message, self.position, check=istio_routing.WEIGHT)
        for index, item in enumerate(self.route):
            inner = scope.inside(f"[{index}]")
            item.destination.check(inner.inside("destination"))
            if len(item.headers.request.authorities) > 1:
                message = "the host is given more than once"
                inner.inside("headers.request").error(message, item.position, check=istio_routing.AUTHORITY_TWICE)
            # Istio: the rule's host goes before that of a destination.
            filters: tuple[PluginUse, ...] = ()
            if item.headers is not _AS_IT_IS:
                filters = item.headers.translate(inner.inside("headers"), authority=not self._authorities)
            if item.weight or not several:
                yield item.destination.translate(inner, item.weight or 1, filters)
