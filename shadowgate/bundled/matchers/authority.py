"""The ``authority`` matcher: a condition on the host that the client asked for."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen
from zope.interface import implementer

from shadowgate.bundled.matchers.text import TextOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher


@implementer(IMatcher)
@frozen(kw_only=True)
class Authority(TextOptions):
    """The Host without its port, in any case: host names have none (RFC 3986 section 3.2.2).

    An ``exact`` value that names a port asks for that port, too.
    """

    ignore_case: bool = field(
        default=True, metadata={"doc": "Whether case is ignored by prefix and regex; exact always ignores it."}
    )

    @classmethod
    def from_scalar(cls, text: str) -> Authority:
        return cls(exact=text)

    def compile(self) -> Callable[[RequestHead], bool]:
        if self.exact is not None:
            whole = self.exact.lower().encode()
            if _without_port(whole) != whole:
                return lambda head: head.authority.lower() == whole
            return lambda head: _without_port(head.authority).lower() == whole
        test = self.test()
        return lambda head: test(_without_port(head.authority))


def _without_port(authority: bytes) -> bytes:
    host, colon, port = authority.rpartition(b":")
    return host if colon and b"]" not in port else authority
