"""The ``header-rewrite`` filter: fields removed, set and added on the way in and on the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.fields import check_changeable, check_value, refuse_repeats, to_pairs
from shadowgate.http.grammar import is_authority
from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.plugin.interfaces import IFilter
from shadowgate.plugin.schema import OneOrMany
from shadowgate.plugin.values import Environment, FilterHooks, Reply

_HOST: Final = ("host", ":authority")


@frozen
class HeaderChanges:
    """What happens to one head's fields: removed first, then set, then added (Envoy removes before it adds)."""

    set: Mapping[str, str] = field(
        factory=dict, metadata={"doc": "Fields that have this one value afterwards, whatever they had before."}
    )
    add: Mapping[str, str] = field(
        factory=dict, metadata={"doc": "Fields that get one more line, after those that are there."}
    )
    remove: OneOrMany[str] = field(default=(), metadata={"doc": "Fields that go, with all their lines."})

    def __attrs_post_init__(self) -> None:
        for values in (self.set, self.add):
            refuse_repeats(values)
            for name, value in values.items():
                if name.lower() != ":authority":
                    check_changeable(name)
                check_value(name, value)
        for name in self.remove:
            check_changeable(name)

    @property
    def authority(self) -> bytes | None:
        """The new Host, where there is to be one: Istio takes ``Host`` and ``:authority`` for the same."""
        for values in (self.set, self.add):
            for name, value in values.items():
                if name.lower() in _HOST:
                    return value.encode()
        return None

    def compile(self) -> Callable[[Headers], None] | None:
        """Return what changes the fields, or None where there is nothing to change; Host is left to the caller."""
        removed = tuple(name.lower().encode("ascii") for name in self.remove)
        replaced, added = to_pairs(_without_host(self.set)), to_pairs(_without_host(self.add))
        if not removed and not replaced and not added:
            return None

        def change(headers: Headers) -> None:
            for name in removed:
                headers.remove(name)
            for name, value in replaced:
                headers.set(name, value)
            for name, value in added:
                headers.add(name, value)

        return change


def _without_host(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name.lower() not in _HOST}


def _request_changes(_instance: Any, _attribute: Attribute[HeaderChanges], value: HeaderChanges) -> None:
    hosts = [name for values in (value.set, value.add) for name in values if name.lower() in _HOST]
    if len(hosts) > 1:
        raise ValueError(f"the host is given twice, as {' and '.join(hosts)}; give it once")
    if value.authority is not None and not is_authority(value.authority):
        raise ValueError(f"the value of {hosts[0]} is not a host, or a host and a port")
    if any(name.lower() == "host" for name in value.remove):
        raise ValueError("Host cannot be removed: a request has to have one (RFC 9112 section 3.2)")


def _response_changes(_instance: Any, _attribute: Attribute[HeaderChanges], value: HeaderChanges) -> None:
    for name in (*value.set, *value.add, *value.remove):
        if name.lower() in _HOST:
            raise ValueError(f"{name} belongs to requests; a response has none")


@implementer(IFilter)
@frozen
class HeaderRewrite:
    """Changes fields of requests before they are forwarded and mirrored, and of responses before they are answered.

    To set ``Host`` (or ``:authority``) is to ask upstream for another host.
    """

    request: HeaderChanges = field(
        factory=HeaderChanges, validator=_request_changes, metadata={"doc": "What to change in the request."}
    )
    response: HeaderChanges = field(
        factory=HeaderChanges, validator=_response_changes, metadata={"doc": "What to change in the response."}
    )

    def compile(self, env: Environment) -> FilterHooks:
        return FilterHooks(on_request=self._on_request(), on_response=self._on_response(), pure=True)

    def _on_request(self) -> Callable[[RequestHead], Reply | None] | None:
        change, authority = self.request.compile(), self.request.authority
        if change is None and authority is None:
            return None

        def on_request(head: RequestHead) -> None:
            if change is not None:
                change(head.headers)
            if authority is not None:
                head.set_authority(authority)

        return on_request

    def _on_response(self) -> Callable[[RequestHead, ResponseHead], None] | None:
        change = self.response.compile()
        if change is None:
            return None
        return lambda request, response: change(response.headers)
