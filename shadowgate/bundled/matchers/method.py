"""The ``method`` matcher: a condition on the request's method."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.matchers.text import TextOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher


@implementer(IMatcher)
@frozen(kw_only=True)
class Method(TextOptions):
    """The method as it came: methods are case-sensitive (RFC 9110 section 9.1)."""

    @classmethod
    def from_scalar(cls, text: str) -> Method:
        return cls(exact=text)

    def compile(self) -> Callable[[RequestHead], bool]:
        whole = self.literal
        if whole is not None:
            return lambda head: head.method == whole
        test = self.test()
        return lambda head: test(head.method)
