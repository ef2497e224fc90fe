"""The two sides of an exchange as the runtime sees them: streams and events, whatever protocol is underneath.

``net`` (and ``resource``) implement :class:`Downstream`, :class:`Upstream` and :class:`Pool`; the exchange and the
mirror's shadows implement :class:`Receiver`.  Lengths are those of ``http.framing``.

An answer of status 101 has no body and never ends: its upstream has left HTTP, as its request asked.  Both sides then
``switch`` to a :class:`RawEnd`, or the stream is aborted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Pair
from shadowgate.runtime.outcomes import Outcome


class Unsent(Protocol):
    """What waits to be sent."""

    def flush(self) -> None: ...


class Turns(Protocol):
    """The turns in which connections are served.

    While ``serving``, what goes to clients and primaries may wait in ``unsent`` for the end of the turn, and what is
    for shadows in ``unsent_shadows`` until that has gone.
    """

    serving: bool
    unsent: list[Unsent]
    unsent_shadows: list[Unsent]


class RawReceiver(Protocol):
    """Who hears what happens at one raw end.  After :meth:`lost` it is silent."""

    def data(self, data: bytes) -> None: ...

    def end(self) -> None:
        """The peer will send nothing more; it may still read."""

    def lost(self) -> None:
        """The connection is gone, both ways."""

    def full(self) -> None:
        """What was written no longer fits the socket; write more only after :meth:`drained`."""

    def drained(self) -> None: ...


class RawEnd(Protocol):
    """A connection that has left HTTP: bytes both ways, whatever they mean."""

    def start(self, receiver: RawReceiver) -> None:
        """Begin to report, with the bytes that were read behind the last head, if any."""

    def write(self, data: bytes) -> None: ...

    def end(self) -> None:
        """Tell the peer, behind what was written, that there is no more; it may still send."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close(self) -> None:
        """Close, behind what was written."""

    def abort(self) -> None:
        """Close at once."""


class Downstream(Protocol):
    """The client's side.  Its owner calls ``Exchange.start`` and the exchange's ``request_*`` and ``client_*``."""

    def send_head(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None:
        """Begin the answer; ``data`` is the first of its body and ``ended`` says that there is no more."""

    def send_informational(self, head: ResponseHead) -> None:
        """Pass on a 1xx where the client can take it."""

    def send(self, data: bytes) -> None: ...

    def end(self, trailers: Sequence[Pair]) -> None:
        """The answer is complete."""

    def switch(self, head: ResponseHead, protocol: bytes) -> RawEnd:
        """Grant the upgrade with a 101, which ends the exchange of messages on this connection."""

    def abort(self) -> None:
        """Cut the answer so that the client can see that it was cut."""

    def pause(self) -> None:
        """Stop reading the request's body."""

    def resume(self) -> None: ...


class Receiver(Protocol):
    """Who an upstream stream reports to.  After ``response_end``, an ``ended`` response or a failure it is silent."""

    def informational(self, head: ResponseHead) -> None: ...

    def response(self, head: ResponseHead, length: int, data: bytes, ended: bool) -> None: ...

    def response_data(self, data: bytes) -> None: ...

    def response_end(self, trailers: Sequence[Pair]) -> None: ...

    def response_failed(self, outcome: Outcome) -> None: ...

    def request_full(self) -> None:
        """What was sent no longer fits the socket; send more only after :meth:`request_drained`."""

    def request_drained(self) -> None: ...


class Upstream(Protocol):
    """One request's stream to an endpoint; the pool takes it back by itself when the answer is whole.

    ``overhead`` is what was read of a shadow's answer beside its payload; nobody counts that of a primary's.
    """

    overhead: int
    reused: bool

    def send_head(self, head: RequestHead, length: int, data: bytes, ended: bool) -> None: ...

    def send(self, data: bytes) -> None: ...

    def end(self, trailers: Sequence[Pair]) -> None: ...

    def pause(self) -> None:
        """Stop reading the answer."""

    def resume(self) -> None: ...

    def switch(self) -> RawEnd:
        """Behind a 101: give the connection away; nothing more is reported to the receiver."""

    def abort(self) -> None:
        """Give the stream up; nothing more is reported."""


class Waiter(Receiver, Protocol):
    """A receiver for which a connection is being made."""

    def connected(self, upstream: Upstream) -> None: ...

    def connect_failed(self, outcome: Outcome) -> None: ...


class Dial(Protocol):
    """A connection being made."""

    def cancel(self) -> None:
        """Give it up; the waiter hears nothing."""


class Pool(Protocol):
    """The connections to one endpoint."""

    def checkout(self, receiver: Receiver, lenient: bool = False) -> Upstream | None:
        """Return an idle connection at once, or None.

        One whose peer has closed or spoken out of turn is not given out, be that read yet or not.  A ``lenient``
        receiver, who can do without an answer or ask again, is satisfied with what was known when this batch began.
        """

    def dial(self, waiter: Waiter, timeout: float) -> Dial:
        """Make a new connection; the waiter is told, never before this returns."""

    def close(self) -> None:
        """Close what is idle, and what is in use as soon as it is done."""
