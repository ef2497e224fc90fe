"""The ``method`` mirror policy: only requests that change nothing, or those whose methods are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMirrorPolicy
from shadowgate.plugin.schema import OneOrMany
from shadowgate.plugin.values import Environment

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_KNOWN: Final = frozenset({*_SAFE, "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"})


def _methods(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    if not value:
        raise ValueError("give at least one method, such as GET")
    for method in value:
        if method not in _KNOWN and method.upper() in _KNOWN:
            raise ValueError(f"methods are case-sensitive; write {method.upper()} instead of {method}")


@implementer(IMirrorPolicy)
@frozen
class Method:
    """Every request with one of the methods; by default the safe ones (RFC 9110 section 9.2.1)."""

    methods: OneOrMany[str] = field(
        default=_SAFE, validator=_methods, metadata={"doc": "The methods whose requests are mirrored."}
    )

    def compile(self, env: Environment) -> Callable[[RequestHead], bool]:
        methods = frozenset(method.encode() for method in self.methods)
        return lambda head: head.method in methods
