"""The ``port`` matcher: a condition on the port that the client came in by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher
from shadowgate.plugin.scalars import integer


def _port(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if not 0 < value < 65536:
        raise ValueError(f"a port lies between 1 and 65535, not at {value}")


@implementer(IMatcher)
@frozen
class Port:
    """The gateway's own port, whatever the Host says (Istio ``match.port``); a UNIX socket has none."""

    port: int = field(validator=_port, metadata={"doc": "The port, 1 to 65535."})

    @classmethod
    def from_scalar(cls, text: str) -> Port:
        return cls(integer(text))

    def compile(self) -> Callable[[RequestHead], bool]:
        port = self.port
        return lambda head: head.local_port == port
