"""The words of conditions: which types and reasons an object's status has, as the Gateway API spells them.

Source: ``gateway.networking.k8s.io`` v1, the condition constants of GatewayClass, Gateway, listeners and routes.
Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from shadowgate.model import Condition

ACCEPTED: Final = "Accepted"
PROGRAMMED: Final = "Programmed"
RESOLVED_REFS: Final = "ResolvedRefs"
CONFLICTED: Final = "Conflicted"
PARTIALLY_INVALID: Final = "PartiallyInvalid"
DEFAULT_GATEWAY: Final = "DefaultGateway"

LISTENERS_NOT_VALID: Final = "ListenersNotValid"
INVALID: Final = "Invalid"

UNSUPPORTED_PROTOCOL: Final = "UnsupportedProtocol"
INVALID_ROUTE_KINDS: Final = "InvalidRouteKinds"
HOSTNAME_CONFLICT: Final = "HostnameConflict"
PROTOCOL_CONFLICT: Final = "ProtocolConflict"
NO_CONFLICTS: Final = "NoConflicts"

NOT_ALLOWED: Final = "NotAllowedByListeners"
NO_HOSTNAME: Final = "NoMatchingListenerHostname"
NO_PARENT: Final = "NoMatchingParent"
UNSUPPORTED_VALUE: Final = "UnsupportedValue"

INVALID_KIND: Final = "InvalidKind"
BACKEND_NOT_FOUND: Final = "BackendNotFound"
NOT_PERMITTED: Final = "RefNotPermitted"


def good(type_: str, message: str = "") -> Condition:
    """Return the condition that everything of a type is as it should be: its reason has the type's own name."""
    return Condition(type_, True, type_, message)


def bad(type_: str, reason: str, message: str) -> Condition:
    """Return a condition that does not hold."""
    return Condition(type_, False, reason, message)


def first_bad(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """Return the first condition of a type that does not hold."""
    return next((each for each in conditions if each.type == type_ and each.holds is False), None)
