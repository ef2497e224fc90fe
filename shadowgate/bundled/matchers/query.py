"""The ``query`` matcher: a condition on one parameter of the query."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen
from zope.interface import implementer

from shadowgate.bundled.keys import parameter_name, query_reader
from shadowgate.bundled.matchers.text import PresenceOptions
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMatcher


@implementer(IMatcher)
@frozen(kw_only=True)
class Query(PresenceOptions):
    """The parameter's first value, percent-decoded; ``?key`` has the empty value.

    ``+`` is no space: that is a convention of HTML forms (RFC 3986 section 3.4).
    """

    name: str = field(validator=parameter_name, metadata={"doc": "The parameter; its case matters."})

    def compile(self) -> Callable[[RequestHead], bool]:
        read = query_reader(self.name)
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
