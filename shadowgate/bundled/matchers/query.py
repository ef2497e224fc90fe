"""The ``query`` matcher: a condition on one parameter of the query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.matchers.text import PresenceOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher


def _not_empty(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    if not value:
        raise ValueError("a query parameter has a name")


@implementer(IMatcher)
@frozen(kw_only=True)
class Query(PresenceOptions):
    """The parameter's first value, percent-decoded; ``?key`` has the empty value.

    ``+`` is no space: that is a convention of HTML forms (RFC 3986 section 3.4).
    """

    name: str = field(validator=_not_empty, metadata={"doc": "The parameter; its case matters."})

    def compile(self) -> Callable[[RequestHead], bool]:
        read = _reader(self.name.encode())
        if self.present is not None:
            wanted = self.present
            return lambda head: (read(head) is not None) is wanted
        whole = self.literal
        if whole is not None:
            return lambda head: read(head) == whole
        test = self.test()

        def matches(head: RequestHead) -> bool:
            value = read(head)
            return value is not None and test(value)

        return matches


def _reader(name: bytes) -> Callable[[RequestHead], bytes | None]:
    def read(head: RequestHead) -> bytes | None:
        query = head.query
        if name not in query and b"%" not in query:
            return None
        for part in query.split(b"&"):
            key, _, value = part.partition(b"=")
            if key == name or (b"%" in key and unquote_to_bytes(key) == name):
                return unquote_to_bytes(value) if b"%" in value else value
        return None

    return read
