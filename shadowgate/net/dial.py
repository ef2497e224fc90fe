"""How a connection is asked for, whoever makes it.

The caller is told once, and never before it has the dial in its hands; after a ``cancel`` it is told nothing.
"""

from __future__ import annotations

from typing import Any, Protocol

from shadowgate.runtime.outcomes import Outcome
from shadowgate.runtime.streams import Dial


class Caller(Protocol):
    """Whom a connection is made for."""

    def build(self) -> Any:
        """Return the protocol of the connection, which has no transport yet."""

    def connected(self, protocol: Any) -> None:
        """It has its transport."""

    def failed(self, outcome: Outcome) -> None: ...


class Dialer(Protocol):
    """Makes connections to one endpoint."""

    def dial(self, caller: Caller, timeout: float) -> Dial:
        """Make one within ``timeout`` seconds; 0 is for as long as the system tries."""
