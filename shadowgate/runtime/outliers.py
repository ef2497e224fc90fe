"""Which endpoint is to be ejected, and when it comes back: plain functions over plain counts, without clock or log.

Istio ``outlierDetection``, Envoy's outlier detection by consecutive errors.  What acts on these decisions is ``watch``.
"""

from __future__ import annotations

from typing import Final

from attrs import define

from shadowgate.model import OutlierDetection

LONGEST_EJECTION: Final = 300.0
"""Envoy ``max_ejection_time``, which Istio leaves at its default; a longer ``base_ejection`` goes before it."""

CONSECUTIVE_5XX: Final = "consecutive_5xx"
GATEWAY_ERRORS: Final = "consecutive_gateway_errors"
LOCAL_ORIGIN: Final = "consecutive_local_origin"

_GATEWAY: Final = frozenset((502, 503, 504))
_LOCAL: Final = frozenset(
    (
        *("connect_refused", "connect_timeout", "connect_failed", "unresolved"),
        *("upstream_closed", "upstream_reset", "response_timeout", "attempt_timeout", "route_timeout"),
    )
)
"""Names of outcomes that the gateway met by itself."""
_ANSWERED_BADLY: Final = "bad_answer"


@define(eq=False)
class Record:
    """What is held against one endpoint: bad results in a row by kind, and how often it was ejected of late."""

    server_errors: int = 0
    gateway_errors: int = 0
    local_failures: int = 0
    times: int = 0
    ejected: bool = False
    until: float = 0.0
    reason: str = ""


def answered(record: Record, policy: OutlierDetection, status: int) -> str:
    """Take an answer's status down; return the reason to eject the endpoint, or nothing."""
    record.local_failures = 0
    if status < 500:
        record.server_errors = record.gateway_errors = 0
        return ""
    return _server_error(record, policy, status in _GATEWAY)


def failed(record: Record, policy: OutlierDetection, outcome: str) -> str:
    """Take an attempt without an answer down, by the name of its outcome.

    What the gateway met by itself counts as a 503 or 504, unless it is split from what endpoints say (Envoy
    ``split_external_local_origin_errors``).  Outcomes that say nothing of the endpoint, such as an overflow, do not
    count.
    """
    if outcome == _ANSWERED_BADLY:
        return _server_error(record, policy, True)
    if outcome not in _LOCAL:
        return ""
    if not policy.split_local_origin:
        return _server_error(record, policy, True)
    record.local_failures += 1
    if not 0 < policy.consecutive_local_origin <= record.local_failures:
        return ""
    record.local_failures = 0
    return LOCAL_ORIGIN


def _server_error(record: Record, policy: OutlierDetection, gateway: bool) -> str:
    record.server_errors += 1
    record.gateway_errors = record.gateway_errors + 1 if gateway else 0
    # A count that has come to its end begins anew, whether or not the endpoint could be ejected.
    reason = ""
    if 0 < policy.consecutive_5xx <= record.server_errors:
        record.server_errors, reason = 0, CONSECUTIVE_5XX
    if 0 < policy.consecutive_gateway_errors <= record.gateway_errors:
        record.gateway_errors, reason = 0, GATEWAY_ERRORS
    return reason


def may_eject(policy: OutlierDetection, ejected: int, endpoints: int) -> bool:
    """Whether one more of so many endpoints may be ejected.

    ``max_ejection_percent``, but one of several in any case unless it is 0: ten per cent, which is the default, of
    fewer than ten endpoints would be nobody (Envoy ``always_eject_one_host``).
    """
    most = endpoints * policy.max_ejection_percent // 100
    if endpoints > 1 and policy.max_ejection_percent:
        most = max(1, most)
    return ejected < most


def eject(record: Record, policy: OutlierDetection, reason: str, now: float) -> float:
    """Put the endpoint out; return for how many seconds: the longer, the more often it was out of late."""
    record.times += 1
    seconds = min(policy.base_ejection * record.times, max(LONGEST_EJECTION, policy.base_ejection))
    record.ejected, record.until, record.reason = True, now + seconds, reason
    return seconds


def sweep(record: Record, now: float) -> bool:
    """Do what is done at each interval; whether the endpoint comes back now.

    For each interval that an endpoint was in, one ejection is forgotten.
    """
    if not record.ejected:
        record.times = max(0, record.times - 1)
        return False
    if now < record.until:
        return False
    # It starts with a clean sheet, but for how often it was out.
    record.server_errors = record.gateway_errors = record.local_failures = 0
    record.ejected, record.reason = False, ""
    return True
