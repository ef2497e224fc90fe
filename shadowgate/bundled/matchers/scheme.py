"""The ``scheme`` matcher: a condition on how the client reached the gateway."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.matchers.text import TextOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher


@implementer(IMatcher)
@frozen(kw_only=True)
class Scheme(TextOptions):
    """``http`` or ``https``, in lower case."""

    @classmethod
    def from_scalar(cls, text: str) -> Scheme:
        return cls(exact=text)

    def compile(self) -> Callable[[RequestHead], bool]:
        whole = self.literal
        if whole is not None:
            return lambda head: head.scheme == whole
        test = self.test()
        return lambda head: test(head.scheme)
