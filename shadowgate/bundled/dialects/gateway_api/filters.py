"""``filters[]`` of a rule and of a backendRef: what each is, which go together, and what they amount to.

A filter is never skipped (HTTPRouteFilter): one that is not known here makes its rule, or its backend's share, fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import field, frozen

from shadowgate import model
from shadowgate.bundled.dialects.gateway_api import filter_definition
from shadowgate.bundled.dialects.gateway_api.cors import Cors
from shadowgate.bundled.dialects.gateway_api.forms import group_name, kind_name, object_name
from shadowgate.bundled.dialects.gateway_api.header_modifier import HeaderModifier
from shadowgate.bundled.dialects.gateway_api.mirror import RequestMirror
from shadowgate.bundled.dialects.gateway_api.redirect import RequestRedirect
from shadowgate.bundled.dialects.gateway_api.rewrite import URLRewrite
from shadowgate.bundled.dialects.gateway_api.unserved import FAILS
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import Condition, PluginUse
from shadowgate.plugin import Node
from shadowgate.plugin.checks import Unfit, gateway_api
from shadowgate.plugin.spelling import did_you_mean

_KEYS: Final = {
    "RequestHeaderModifier": "request_header_modifier",
    "ResponseHeaderModifier": "response_header_modifier",
    "RequestMirror": "request_mirror",
    "RequestRedirect": "request_redirect",
    "URLRewrite": "url_rewrite",
    "CORS": "cors",
    "ExternalAuth": "external_auth",
    "ExtensionRef": "extension_ref",
}
_REPEATABLE: Final = ("RequestMirror", "ExtensionRef")
_UNSERVED: Final = ("ExternalAuth",)


@frozen
class ExtensionRef:
    """``extensionRef`` (``LocalObjectReference``)."""

    group: str = field(validator=group_name)
    kind: str = field(validator=kind_name)
    name: str = field(validator=object_name)
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Filter:
    """``HTTPRouteFilter``: a type, and under the key that belongs to it what it is to do."""

    type: str
    request_header_modifier: HeaderModifier | None = None
    response_header_modifier: HeaderModifier | None = None
    request_mirror: RequestMirror | None = None
    request_redirect: RequestRedirect | None = None
    url_rewrite: URLRewrite | None = None
    cors: Cors | None = None
    external_auth: Node | None = field(default=None, metadata=FAILS)
    extension_ref: ExtensionRef | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        for kind, key in _KEYS.items():
            given = getattr(self, key) is not None
            if given and kind != self.type:
                raise Unfit(gateway_api.FILTER, f"{_camel(key)} belongs to the type {kind}, not to {self.type}")
            if not given and kind == self.type:
                raise Unfit(gateway_api.FILTER, f"the type {kind} needs {_camel(key)}")

    @property
    def replaces_prefix(self) -> bool:
        change = self.request_redirect or self.url_rewrite
        return change is not None and change.path is not None and change.path.replaces_prefix


@frozen
class Effect:
    """What a list of filters amounts to.  ``answers`` says that no request goes on, or perhaps none does."""

    filters: tuple[PluginUse, ...] = ()
    mirrors: tuple[model.Mirror, ...] = ()
    failure: str = ""
    conditions: tuple[Condition, ...] = ()
    answers: bool = False


def translate_filters(filters: Sequence[Filter], prefix: str | None, suffix: str | None, scope: Scope) -> Effect:
    """Return what the filters do.

    ``prefix`` is that of the rule's only match, None where there is none or another one; ``suffix`` is put behind the
    host of copies.
    """
    _check_together(filters, scope)
    uses: list[PluginUse] = []
    mirrors: list[model.Mirror] = []
    unknown: list[str] = []
    for index, item in enumerate(filters):
        inner = scope.inside(f"[{index}]")
        if item.type not in _KEYS or item.type in _UNSERVED:
            unknown.append(item.type)
            known = [kind for kind in _KEYS if kind not in _UNSERVED]
            message = f"filters of the type {item.type} are not served here{did_you_mean(item.type, known)}"
            message += "; requests are answered with 500"
            inner.inside("type").warning(message, item.position, check=gateway_api.FILTER_UNKNOWN)
        elif item.request_mirror is not None:
            mirrors.append(item.request_mirror.translate(scope.namespace, suffix))
        else:
            uses.extend(_uses(item, prefix, inner))
    failure = f"filters of the type {unknown[0]} are not served" if unknown else ""
    conditions = (Condition("Accepted", False, "UnsupportedValue", failure),) if unknown else ()
    answers = any(item.type in ("RequestRedirect", "ExtensionRef") for item in filters)
    return Effect(tuple(uses), tuple(mirrors), failure, conditions, answers)


def _uses(item: Filter, prefix: str | None, scope: Scope) -> Iterator[PluginUse]:
    if item.replaces_prefix and prefix is None:
        message = "to replace the prefix, the rule needs exactly one match, of type PathPrefix"
        scope.error(message, item.position, check=gateway_api.PREFIX_REPLACED)
    if item.request_header_modifier is not None:
        yield from item.request_header_modifier.translate("request", scope.inside("requestHeaderModifier"))
    elif item.response_header_modifier is not None:
        yield from item.response_header_modifier.translate("response", scope.inside("responseHeaderModifier"))
    elif item.request_redirect is not None:
        yield item.request_redirect.translate(prefix or "/")
    elif item.url_rewrite is not None:
        yield from item.url_rewrite.translate(prefix or "/")
    elif item.cors is not None:
        yield item.cors.translate(scope.inside("cors"))
    elif item.extension_ref is not None:
        yield _definition(item.extension_ref, scope)


def _definition(reference: ExtensionRef, scope: Scope) -> PluginUse:
    """Return a use that ``config`` looks up; an object of another kind is found by nobody."""
    own = (reference.group, reference.kind) == (filter_definition.GROUP, filter_definition.KIND)
    named = f"{scope.namespace}/{reference.name}"
    definition = named if own else f"{reference.kind}.{reference.group} {named}"
    return PluginUse("", position=reference.position, definition=definition)


def _check_together(filters: Sequence[Filter], scope: Scope) -> None:
    types = Counter(item.type for item in filters)
    for kind, times in types.items():
        if times > 1 and kind in _KEYS and kind not in _REPEATABLE:
            last = [item for item in filters if item.type == kind][-1]
            message = f"{kind} can stand once in a list of filters"
            scope.error(message, last.position, check=gateway_api.FILTERS_EXCLUDE)
    if types["RequestRedirect"] and types["URLRewrite"]:
        message = "RequestRedirect and URLRewrite exclude each other"
        scope.error(message, filters[0].position, check=gateway_api.FILTERS_EXCLUDE)


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)
