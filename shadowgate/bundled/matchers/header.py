"""The ``header`` matcher: a condition on one header field."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen
from zope.interface import implementer

from shadowgate.bundled.fields import header_name
from shadowgate.bundled.matchers.text import PresenceOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher


@implementer(IMatcher)
@frozen(kw_only=True)
class Header(PresenceOptions):
    """The field's value; several lines of it count as one value joined by commas (RFC 9110 section 5.3).

    A missing field holds for no value.  With ``invert`` it counts as an empty value, so that the condition is met
    unless the empty value is what must not be there (Istio ``withoutHeaders``, Envoy
    ``treat_missing_header_as_empty``).
    """

    name: str = field(validator=header_name, metadata={"doc": "The header, in any case."})
    invert: bool = field(default=False, metadata={"doc": "Whether the rest must not hold."})

    def compile(self) -> Callable[[RequestHead], bool]:
        name = self.name.lower().encode("ascii")
        if self.present is not None:
            if self.present != self.invert:
                return lambda head: name in head.headers
            return lambda head: name not in head.headers
        whole = self.literal
        if whole is not None and not self.invert:
            return lambda head: head.headers.joined(name) == whole
        test = self.test()
        if self.invert:
            return lambda head: not test(head.headers.joined(name) or b"")

        def matches(head: RequestHead) -> bool:
            value = head.headers.joined(name)
            return value is not None and test(value)

        return matches
