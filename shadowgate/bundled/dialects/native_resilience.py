"""What a cluster of the native form may cost, and when its endpoints are left out: connections, ejection, retries."""

# ruff: noqa: RUF009 - doc is attrs.field with a sentence, not a value.

from __future__ import annotations

from attrs import asdict, frozen

from shadowgate import model
from shadowgate.bundled.dialects.native_parts import (
    a_percentage,
    doc,
    no_count_below_0,
    one_at_least,
    some_time,
)
from shadowgate.plugin import Duration


@frozen
class KeepaliveForm:
    """What the kernel asks a silent peer; what is left out keeps the system's number."""

    probes: int | None = doc(
        "Questions without an answer that end the connection.", default=None, validator=one_at_least
    )
    time: Duration | None = doc("Silence before the first one.", default=None, validator=some_time)
    interval: Duration | None = doc("From one to the next.", default=None, validator=some_time)


@frozen
class PoolForm:
    """The most that may be used of a cluster at once, and how long a connection lives; nothing: no such bound."""

    max_connections: int | None = doc("Connections to all its endpoints.", default=None, validator=one_at_least)
    max_pending: int | None = doc(
        "Requests that wait for a connection; 0: nobody stands in a queue.", default=None, validator=no_count_below_0
    )
    max_requests: int | None = doc("Requests under way.", default=None, validator=one_at_least)
    max_retries: int | None = doc("Retries under way.", default=None, validator=no_count_below_0)
    max_requests_per_connection: int | None = doc(
        "Requests that one connection serves.", default=None, validator=one_at_least
    )
    connect_timeout: Duration | None = doc(
        "Until a connection stands; the rule's own where nothing is said.", default=None, validator=some_time
    )
    idle_timeout: Duration | None = doc("How long a connection may be idle; 0: for ever.", default=None)
    max_connection_duration: Duration | None = doc(
        "How old a connection may be; in use, it is closed afterwards.", default=None, validator=some_time
    )
    keepalive: KeepaliveForm | None = doc("TCP keep-alive.", default=None)

    def translate(self) -> model.ConnectionPool:
        said = asdict(self, recurse=False)
        if self.keepalive is not None:
            said["keepalive"] = model.TcpKeepalive(**asdict(self.keepalive))
        return model.ConnectionPool(**said)


@frozen
class EjectionForm:
    """When an endpoint is left out for what clients' requests have met there; 0 switches a condition off."""

    consecutive_5xx: int = doc("Errors in a row, of any kind.", default=5, validator=no_count_below_0)
    consecutive_gateway_errors: int = doc(
        "Answers 502, 503 and 504 in a row, and attempts without an answer.", default=0, validator=no_count_below_0
    )
    split_local_origin: bool = doc("Whether attempts without an answer are counted apart.", default=False)
    consecutive_local_origin: int = doc(
        "Attempts in a row without an answer, where they are counted apart.", default=5, validator=no_count_below_0
    )
    interval: Duration = doc("How often it is looked who comes back.", default=Duration(10.0), validator=some_time)
    base_ejection: Duration = doc(
        "How long the first ejection lasts at least; the n-th, n times as long.",
        default=Duration(30.0),
        validator=some_time,
    )
    max_ejection_percent: int = doc(
        "The most that may be out; one of several in any case, unless it is 0.", default=10, validator=a_percentage
    )
    min_health_percent: int = doc(
        "When fewer are in than so many per cent, all are used.", default=0, validator=a_percentage
    )

    def translate(self) -> model.OutlierDetection:
        return model.OutlierDetection(**asdict(self))


@frozen
class RetryBudgetForm:
    """How many retries may be under way beside the first tries."""

    percent: float = doc("A share of the requests under way.", default=20.0, validator=a_percentage)
    min_concurrency: int = doc("So many in any case.", default=3, validator=no_count_below_0)

    def translate(self) -> model.RetryBudget:
        return model.RetryBudget(self.percent, self.min_concurrency)
