"""The ``cookie`` matcher: a condition on one cookie."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen
from zope.interface import implementer

from shadowgate.bundled.fields import header_name
from shadowgate.bundled.keys import cookie_reader
from shadowgate.bundled.matchers.text import PresenceOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher


@implementer(IMatcher)
@frozen(kw_only=True)
class Cookie(PresenceOptions):
    """The first cookie of that name, without quotes around its value."""

    # RFC 6265 section 4.1.1: a cookie's name is a token, as a header's is.
    name: str = field(validator=header_name, metadata={"doc": "The cookie; its case matters."})

    def compile(self) -> Callable[[RequestHead], bool]:
        read = cookie_reader(self.name)
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
