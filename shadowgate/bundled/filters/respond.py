"""The ``respond`` filter: an answer that the gateway makes itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.fields import answer_headers, to_pairs
from shadowgate.plugin.interfaces import IFilter
from shadowgate.plugin.values import Environment, FilterHooks, Reply


def _final_status(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if not 200 <= value <= 600:  # 600 as in Istio, whose checks let it pass
        raise ValueError(f"the status of an answer lies between 200 and 600, not at {value}")


def _encoded(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


@implementer(IFilter)
@frozen
class Respond:
    """Answers every request that comes here; nothing is forwarded or mirrored (Istio ``directResponse``)."""

    status: int = field(default=200, validator=_final_status, metadata={"doc": "The status, 200 to 600."})
    body: bytes = field(default=b"", converter=_encoded, metadata={"doc": "The body, sent as UTF-8."})
    headers: Mapping[str, str] = field(
        factory=dict,
        validator=answer_headers,
        metadata={"doc": "Header fields; content-type is text/plain where none is given for a body."},
    )

    def __attrs_post_init__(self) -> None:
        if self.body and self.status in (204, 205, 304):
            raise ValueError(f"an answer of status {self.status} has no body (RFC 9110 sections 6.4.1 and 15.3.6)")

    def compile(self, env: Environment) -> FilterHooks:
        pairs = to_pairs(self.headers)
        if self.body and not any(name.lower() == b"content-type" for name, _ in pairs):
            pairs = ((b"content-type", b"text/plain; charset=utf-8"), *pairs)
        reply = Reply(self.status, self.body, pairs)
        return FilterHooks(on_request=lambda head: reply, pure=True)
