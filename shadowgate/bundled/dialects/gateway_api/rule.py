"""``HTTPRoute.spec.rules[]``: which requests, what is done to them, and where they go."""

from __future__ import annotations

from attrs import evolve, field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api.backends import BackendObject, weight
from shadowgate.bundled.dialects.gateway_api.filters import Filter, translate_filters
from shadowgate.bundled.dialects.gateway_api.forms import at_most, section_name
from shadowgate.bundled.dialects.gateway_api.matches import Match
from shadowgate.bundled.dialects.gateway_api.retry import Retry
from shadowgate.bundled.dialects.gateway_api.session import SessionPersistence
from shadowgate.bundled.dialects.gateway_api.timeouts import Timeouts
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Condition
from shadowgate.plugin.checks import gateway_api


@frozen
class BackendRef(BackendObject):
    """``backendRefs[]``: a share of the requests, and filters for those alone."""

    weight: int = field(default=1, validator=weight, kw_only=True)
    filters: tuple[Filter, ...] = field(default=(), validator=at_most(16, "filters"), kw_only=True)


@frozen
class Rule:
    """``HTTPRouteRule``."""

    name: str | None = field(default=None, validator=section_name)
    matches: tuple[Match, ...] = field(default=(Match(),), validator=at_most(64, "matches"))
    filters: tuple[Filter, ...] = field(default=(), validator=at_most(16, "filters"))
    backend_refs: tuple[BackendRef, ...] = field(default=(), validator=at_most(16, "backendRefs"))
    timeouts: Timeouts = field(factory=Timeouts)
    retry: Retry | None = None
    session_persistence: SessionPersistence | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, suffix: str | None, scope: Scope, at: Position, owner: str) -> model.Rule:
        """Return the rule.

        ``at`` is the place of the object, for the rule that nobody wrote; ``owner`` is its namespace and name.
        """
        effect = translate_filters(self.filters, self._prefix, suffix, scope.inside("filters"))
        backends = [
            self._destination(ref, suffix, scope.inside(f"backendRefs[{index}]"))
            for index, ref in enumerate(self.backend_refs)
        ]
        self._check_redirect(scope)
        where = at if self.position is NOWHERE else self.position
        if not effect.failure and not effect.answers and not any(ref.weight for ref in self.backend_refs):
            reason = "all weights are 0" if self.backend_refs else "the rule has no backendRefs"
            scope.warning(f"{reason}; requests are answered with 500", where, check=gateway_api.NO_BACKEND)
        keep_destination, keep_endpoint = None, None
        if self.session_persistence is not None:
            keep_destination, keep_endpoint = self.session_persistence.translate(owner, self.name or scope.path)
        conditions = (*effect.conditions, *(each for _, found in backends for each in found))
        return model.Rule(
            matches=tuple(
                match.translate(scope.inside(f"matches[{index}]"), where) for index, match in enumerate(self._matches)
            ),
            destinations=tuple(evolve(destination, balancer=keep_endpoint) for destination, _ in backends),
            filters=effect.filters,
            mirrors=effect.mirrors,
            balancer=keep_destination,
            retry=None if self.retry is None else self.retry.translate(),
            timeout=self.timeouts.whole,
            attempt_timeout=self.timeouts.attempt,
            name=self.name or "",
            position=where,
            failure=effect.failure,
            conditions=conditions,
        )

    @property
    def _matches(self) -> tuple[Match, ...]:
        """The matches; without any the rule is for every request (``rules[].matches``)."""
        return self.matches or (Match(),)

    @property
    def _prefix(self) -> str | None:
        """The prefix of the only match."""
        only = self._matches[0].path if len(self._matches) == 1 else None
        return only.value if only is not None and only.type == "PathPrefix" else None

    def _destination(
        self, ref: BackendRef, suffix: str | None, scope: Scope
    ) -> tuple[model.Destination, tuple[Condition, ...]]:
        effect = translate_filters(ref.filters, self._prefix, suffix, scope.inside("filters"))
        destination = ref.destination(scope.namespace, ref.weight, effect.filters, effect.mirrors, effect.failure)
        return destination, effect.conditions

    def _check_redirect(self, scope: Scope) -> None:
        redirect = next((each for each in self.filters if each.type == "RequestRedirect"), None)
        if redirect is not None and self.backend_refs:
            message = "a RequestRedirect answers, so that nothing goes to backendRefs"
            scope.error(message, redirect.position, check=gateway_api.FILTERS_EXCLUDE)
