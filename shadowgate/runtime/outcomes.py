"""Every way an exchange can end that is not the upstream's own answer, as one table.

A failure that is expected is a member here, with the status that the client gets, a sentence that is safe to show, and
whether the request may be tried again; it is never an exception.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Outcome:
    """``retryable``: nothing of an answer was seen, so another try cannot answer twice.

    ``overloaded``: a bound of the gateway's own was met; whoever is told had better not come back at once.
    """

    name: str
    status: int
    message: str
    retryable: bool = False
    overloaded: bool = False


COMPLETED = Outcome("completed", 200, "")
REPLIED = Outcome("replied", 200, "")
"""A filter answered in the upstream's place."""

TUNNEL = Outcome("tunnel", 101, "")
"""The upstream changed the protocol as the client had asked, and one of them has ended the connection since."""
TUNNEL_IDLE = Outcome("tunnel_idle", 101, "nothing moved for too long")
TUNNEL_DRAINED = Outcome("tunnel_drained", 101, "the gateway ended")

NO_ROUTE = Outcome("no_route", 404, "no route for this host and path")
NO_DESTINATION = Outcome("no_destination", 503, "the route has no destination that exists")
ROUTE_INVALID = Outcome("route_invalid", 500, "the route cannot be followed as it is configured")
NO_ENDPOINT = Outcome("no_endpoint", 503, "no endpoint is available")
PLUGIN_FAILED = Outcome("plugin_failed", 500, "the gateway could not process this request")

CONNECT_REFUSED = Outcome("connect_refused", 503, "the upstream refused the connection", retryable=True)
CONNECT_TIMEOUT = Outcome("connect_timeout", 503, "the upstream did not accept a connection in time", retryable=True)
CONNECT_FAILED = Outcome("connect_failed", 503, "the upstream could not be reached", retryable=True)
NO_SOCKET = Outcome("no_socket", 503, "the gateway has no socket left for the upstream", overloaded=True)
"""File descriptors, ports or memory of this machine are used up, which says nothing of the endpoint."""
UNRESOLVED = Outcome("unresolved", 503, "the upstream's name could not be resolved", retryable=True)

OVERFLOW = Outcome("overflow", 503, "the upstream has as much to do as it may have", overloaded=True)
"""A bound of the cluster (Istio ``connectionPool``, Envoy's response flag UO)."""
QUEUE_TIMEOUT = Outcome("queue_timeout", 503, "no connection to the upstream came free in time", overloaded=True)

UPSTREAM_CLOSED = Outcome("upstream_closed", 502, "the upstream closed without an answer", retryable=True)
UPSTREAM_RESET = Outcome("upstream_reset", 502, "the upstream reset the connection", retryable=True)
BAD_ANSWER = Outcome("bad_answer", 502, "the upstream's answer was not valid HTTP")
RESPONSE_TIMEOUT = Outcome("response_timeout", 504, "the upstream did not answer in time")
ATTEMPT_TIMEOUT = Outcome("attempt_timeout", 504, "the upstream did not answer in time")
ROUTE_TIMEOUT = Outcome("route_timeout", 504, "the request took too long")
IDLE_TIMEOUT = Outcome("idle_timeout", 504, "nothing moved for too long")

DRAINED = Outcome("drained", 503, "the gateway is about to end")
"""Its time to drain was over before the upstream's answer was."""

CLIENT_GONE = Outcome("client_gone", 499, "the client closed the connection")
REQUEST_TIMEOUT = Outcome("request_timeout", 408, "the request was not received in time")
BAD_REQUEST = Outcome("bad_request", 400, "the request was not valid HTTP")
BODY_TOO_LARGE = Outcome("body_too_large", 413, "the request's body is too large")
TRAILERS_TOO_LARGE = Outcome("trailers_too_large", 431, "the request's trailer fields are too large")
